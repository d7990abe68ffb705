"""Clients are registered and changed by one set of rules, whoever asks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from joserfc.jwk import ECKey, RSAKey

from consentcore.domain.client import AuthMethod
from consentcore.domain.errors import InvalidInput, NotFound
from tests.support.client_certificates import certificate

HOUR = 3_600_000
CERTIFICATE_BOUND = "tls_client_certificate_bound_access_tokens"
RSA_FOR_RS256 = json.dumps({"keys": [{**RSAKey.generate_key(2048).as_dict(private=False), "alg": "RS256"}]})
X, Y = "-1BdDOeF4Cz_x5_8dr9Vn6oj0a9xSQDCVOp3ZM9hOvo", "PljQ61QLqX0P3onWpcSoow40sAdF3X09Ia_bti9g-EA"
BARE_KEY = f'{{"keys": [{{"kty": "EC", "crv": "P-256", "x": "{X}", "y": "{Y}"}}]}}'
"""Without a certificate; always the same, because it is in the name of a test."""


def keys() -> str:
    return json.dumps({"keys": [ECKey.generate_key("P-256").as_dict(private=False)]})


def test_a_client_id_is_taken_once(registry):
    registry.register()
    with pytest.raises(InvalidInput, match="client_id: expected one that is not taken"):
        registry.register(name="Other")
    assert registry.get().name == "App"


def test_the_endpoint_of_a_registration_is_stored_with_it_and_its_secret_shown_once(registry):
    new = registry.register(webhook_url="https://app.example/hook")
    assert new.webhook_secret.startswith("whsec_")
    with registry.storage.reading() as uow:
        (endpoint,) = uow.clients.endpoints("app")
    assert endpoint.url == "https://app.example/hook"
    assert new.webhook_secret not in repr(endpoint)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": " "}, "name"),
        ({"scopes": ("gone.read",)}, "scopes"),
        ({"redirect_uris": ("http://app.example/cb",)}, "redirect_uris 'http://app.example/cb'"),
        ({"webhook_url": "http://app.example/hook"}, "webhook_url"),
        ({"client_id": "a b"}, "client_id"),
        ({"auth_method": "password"}, "auth_method"),
        ({"resource_server": True, "require_pkce": True}, "require_pkce"),
        ({"resource_server": True, "optional_scopes": ("comfort.read",)}, "optional_scopes"),
        ({"scopes": ("sites.read",), "optional_scopes": ("comfort.read",)}, "optional_scopes"),
        ({"auth_method": "private_key_jwt"}, "jwks"),
        ({"auth_method": "tls_client_auth"}, "tls_client_auth"),
        ({"auth_method": "tls_client_auth", "tls_client_auth": "CN=app"}, "tls_client_auth"),
        ({"auth_method": "tls_client_auth", "tls_client_auth": "san_ip:x"}, "tls_client_auth"),
        ({"tls_client_auth": "san_dns:app.example"}, "tls_client_auth"),
        ({"auth_method": "tls_client_auth", "tls_client_auth": "san_ip:::1", "jwks": BARE_KEY}, "jwks"),
        ({"auth_method": "self_signed_tls_client_auth"}, "jwks"),
        ({"auth_method": "self_signed_tls_client_auth", "jwks": BARE_KEY}, "jwks"),
        ({"resource_server": True, CERTIFICATE_BOUND: True}, CERTIFICATE_BOUND),
        ({"dpop_bound_access_tokens": True, CERTIFICATE_BOUND: True}, CERTIFICATE_BOUND),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_registration_is_named(registry, typed, field):
    with pytest.raises(InvalidInput) as caught:
        registry.register(**typed)
    assert caught.value.field == field


def test_two_secrets_are_live_at_most(registry):
    first = registry.register().client_secret
    second = registry.do(lambda uow: registry.clients.rotate_secret(uow, "app", keep_ms=2 * HOUR))
    now = registry.clock.now()
    assert second.old_secrets_expire_at == now + 2 * HOUR
    assert registry.get().knows_secret(first, now)
    third = registry.do(lambda uow: registry.clients.rotate_secret(uow, "app", keep_ms=HOUR))
    known = [
        registry.get().knows_secret(one, now) for one in (first, second.client_secret, third.client_secret)
    ]
    assert known == [False, True, True]
    assert not registry.get().knows_secret(second.client_secret, now + HOUR)


def test_a_secret_that_ends_is_not_kept_longer_by_another_rotation(registry):
    first = registry.register().client_secret
    registry.do(lambda uow: registry.clients.rotate_secret(uow, "app", keep_ms=HOUR))
    registry.clock.advance(HOUR - 1)
    new = registry.do(lambda uow: registry.clients.rotate_secret(uow, "app", keep_ms=24 * HOUR))
    assert new.old_secrets_expire_at == registry.clock.now() + 24 * HOUR
    assert not registry.get().knows_secret(first, registry.clock.now())


def test_a_leaked_secret_ends_at_once(registry):
    first = registry.register().client_secret
    new = registry.do(lambda uow: registry.clients.rotate_secret(uow, "app", keep_ms=0))
    now = registry.clock.now()
    assert new.old_secrets_expire_at == now
    assert [registry.get().knows_secret(one, now) for one in (first, new.client_secret)] == [False, True]


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"public": True}, "is public"),
        ({"auth_method": "private_key_jwt", "jwks": keys()}, "by private_key_jwt"),
    ],
)
def test_who_has_no_secret_gets_none(registry, typed, why):
    registry.register(**typed)
    with pytest.raises(InvalidInput, match=f"client_id: .*{why}"):
        registry.do(lambda uow: registry.clients.rotate_secret(uow, "app", keep_ms=0))
    assert registry.get().secrets == ()


def test_a_revision_takes_what_stands_by_then(registry):
    registry.register()
    revision = registry.clients.prepare_revision(registry.get(), {"name": "Other"})
    later = registry.clients.prepare_revision(registry.get(), {"publisher": "Acme"})
    registry.do(lambda uow: registry.clients.revise(uow, "app", later))
    revised = registry.do(lambda uow: registry.clients.revise(uow, "app", revision))
    assert registry.get() == revised
    assert (revised.name, revised.publisher) == ("Other", "Acme")


def test_a_revision_names_nothing_that_stays(registry):
    registry.register()
    given = {"logo_url": "", "verified": False, "publisher": "", "scopes": ("sites.read",)}
    assert registry.clients.prepare_revision(registry.get(), given).values == {}


def test_with_another_way_to_authenticate_secrets_of_before_end(registry):
    registry.register()
    given = {"auth_method": "private_key_jwt", "jwks": keys()}
    revision = registry.clients.prepare_revision(registry.get(), given)
    revised = registry.do(lambda uow: registry.clients.revise(uow, "app", revision))
    assert (revised.auth_method, revised.secrets) == (AuthMethod.PRIVATE_KEY_JWT, ())


def test_what_is_not_there_is_not_found(registry):
    revision = registry.clients.prepare_revision(registry.register().client, {"name": "Other"})
    for work in (
        lambda uow: registry.clients.revise(uow, "gone", revision),
        lambda uow: registry.clients.rotate_secret(uow, "gone", keep_ms=0),
    ):
        with pytest.raises(NotFound, match="no client 'gone'"):
            registry.do(work)


def test_every_client_is_listed(registry, monkeypatch):
    monkeypatch.setattr("consentcore.clients.service.PAGE", 2)
    for number in range(5):
        registry.register(client_id=f"app{number}")
    with registry.storage.reading() as uow:
        assert [one.client_id for one in registry.clients.list(uow)] == [
            f"app{number}" for number in range(5)
        ]


def test_what_aud_its_assertions_may_have_is_kept_for_each_client(registry):
    client = registry.register(auth_method="private_key_jwt", jwks=keys()).client
    assert client.assertion_audience == "issuer"
    with pytest.raises(InvalidInput, match="assertion_audience: expected one of issuer, endpoint"):
        registry.clients.prepare_revision(client, {"assertion_audience": "anybody"})


def revised(registry, **given):
    revision = registry.clients.prepare_revision(registry.get(), given)
    return registry.do(lambda uow: registry.clients.revise(uow, "app", revision))


def test_99_clients_that_show_certificates_are_registered_for_one_name_or_for_themselves(registry):
    """RFC 8705 section 2; such a client has no secret."""
    new = registry.register(auth_method="tls_client_auth", tls_client_auth=" san_dns:app.example")
    assert (new.client_secret, new.client.secrets) == (None, ())
    assert new.client.tls_client_auth == "san_dns:app.example"
    itself = revised(registry, auth_method="self_signed_tls_client_auth", jwks=certificate().jwks)
    assert (itself.tls_client_auth, itself.auth_method) == ("", AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH)
    secret = revised(registry, auth_method="client_secret_basic")
    assert (secret.jwks, secret.tls_client_auth) == ("", "")
    revised(registry, auth_method="self_signed_tls_client_auth", jwks=certificate().jwks)
    with pytest.raises(InvalidInput, match="authenticates itself by self_signed"):
        registry.do(lambda uow: registry.clients.rotate_secret(uow, "app", keep_ms=0))


def test_99_name_of_a_certificate_may_be_another_one_later(registry):
    registry.register(auth_method="tls_client_auth", tls_client_auth="san_dns:app.example")
    assert revised(registry, tls_client_auth="san_ip:::1").tls_client_auth == "san_ip:::1"
    assert revised(registry, name="Other").tls_client_auth == "san_ip:::1"


def test_99_client_binds_its_tokens_in_one_way(registry):
    registry.register(dpop_bound_access_tokens=True)
    with pytest.raises(InvalidInput) as caught:
        revised(registry, tls_client_certificate_bound_access_tokens=True)
    assert caught.value.field == CERTIFICATE_BOUND
    changed = revised(
        registry, tls_client_certificate_bound_access_tokens=True, dpop_bound_access_tokens=False
    )
    assert changed.tls_client_certificate_bound_access_tokens
    with pytest.raises(InvalidInput):
        revised(registry, dpop_bound_access_tokens=True)


def test_99_application_that_is_held_to_fapi_authenticates_itself_as_that_asks(registry):
    registry.register(profile="fapi2", auth_method="private_key_jwt", jwks=keys())
    assert registry.get().profile == "fapi2"
    with pytest.raises(InvalidInput) as caught:
        revised(registry, auth_method="client_secret_basic")
    assert caught.value.field == "auth_method"
    assert revised(registry, auth_method="tls_client_auth", tls_client_auth="san_ip:::1").profile == "fapi2"
    assert revised(registry, profile="", auth_method="client_secret_basic").profile == ""


@pytest.mark.parametrize("everybody", ["", "fapi2"])
@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({}, "auth_method"),
        ({"public": True}, "auth_method"),
        ({"auth_method": "client_secret_post"}, "auth_method"),
        ({"auth_method": "private_key_jwt", "jwks": RSA_FOR_RS256}, "jwks"),
        ({"profile": "fapi3"}, "profile"),
    ],
    ids=["secret", "public", "post", "rs256", "unknown"],
)
def test_99_registration_that_does_not_fit_the_profile_is_refused(registry, everybody, typed, field):
    """Whether the application is held to it by itself, or every one is."""
    registry.clients = replace(registry.clients, profile=everybody)
    with pytest.raises(InvalidInput) as caught:
        registry.register(**{"profile": "" if everybody else "fapi2", **typed})
    assert caught.value.field == field


def test_99_api_needs_no_profile(registry):
    registry.clients = replace(registry.clients, profile="fapi2")
    assert registry.register(resource_server=True).client.profile == ""
    with pytest.raises(InvalidInput, match="profile: expected nothing for a resource server"):
        registry.register(client_id="other", resource_server=True, profile="fapi2")
