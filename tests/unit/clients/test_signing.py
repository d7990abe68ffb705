"""What a registration says of signed requests and answers."""

from __future__ import annotations

import pytest

from consentcore.clients.form import ClientForm
from consentcore.domain.errors import InvalidInput
from tests.support.request_objects import KEY, jwks_of

KEYS = jwks_of(KEY)
SIGNING = {"request_object_signing_alg": "ES256", "jwks": "ours"}


def filled(typed):
    """With the keys in their place, which are others each time."""
    return {**typed, "jwks": KEYS} if "jwks" in typed else typed


def test_client_with_a_secret_may_have_keys_to_sign_its_requests_with(registry):
    made = registry.register(**filled(SIGNING), require_signed_request_object=True)
    assert made.client_secret
    client = registry.get()
    assert (client.jwks, client.request_object_signing_alg) == (KEYS, "ES256")
    assert client.require_signed_request_object


def test_algorithms_of_answers_need_no_keys(registry):
    registry.register(authorization_signed_response_alg="EdDSA", introspection_signed_response_alg="ES256")
    client = registry.get()
    assert client.authorization_signed_response_alg == "EdDSA"
    assert client.introspection_signed_response_alg == "ES256"


def test_resource_server_may_name_what_signs_the_answers_that_it_gets(registry):
    api = ClientForm(name="API", resource_server=True, introspection_signed_response_alg="EdDSA")
    assert registry.clients.prepare(api).client.introspection_signed_response_alg == "EdDSA"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"require_signed_request_object": True}, "jwks"),
        ({"request_object_signing_alg": "ES256"}, "jwks"),
        ({**SIGNING, "jwks_uri": "https://app.example/keys"}, "jwks"),
        ({**SIGNING, "request_object_signing_alg": "RS256"}, "request_object_signing_alg"),
        ({**SIGNING, "request_object_signing_alg": "none"}, "request_object_signing_alg"),
        ({"authorization_signed_response_alg": "PS256"}, "authorization_signed_response_alg"),
        ({"authorization_signed_response_alg": "none"}, "authorization_signed_response_alg"),
        ({"introspection_signed_response_alg": "HS256"}, "introspection_signed_response_alg"),
        ({**SIGNING, "public": True}, "request_object_signing_alg"),
        (
            {"jwks": "ours", "require_signed_request_object": True, "public": True},
            "require_signed_request_object",
        ),
        ({"jwks": "ours"}, "jwks"),
        ({"resource_server": True, "require_signed_request_object": True}, "require_signed_request_object"),
        ({"resource_server": True, "request_object_signing_alg": "ES256"}, "request_object_signing_alg"),
        (
            {"resource_server": True, "authorization_signed_response_alg": "ES256"},
            "authorization_signed_response_alg",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(registry, typed, field):
    with pytest.raises(InvalidInput) as caught:
        registry.register(**filled(typed))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"require_signed_request_object": True}, "require_signed_request_object"),
        ({"request_object_signing_alg": "PS256"}, "request_object_signing_alg"),
    ],
    ids=str,
)
def test_client_without_keys_cannot_be_made_to_sign(registry, given, field):
    client = registry.register().client
    with pytest.raises(InvalidInput) as caught:
        registry.clients.prepare_revision(client, given)
    assert caught.value.field == field
    with_keys = registry.clients.prepare_revision(client, {**given, "jwks": KEYS})
    assert with_keys.values["jwks"] == KEYS


def test_client_that_has_to_sign_keeps_its_keys(registry):
    client = registry.register(
        auth_method="private_key_jwt", jwks=KEYS, require_signed_request_object=True
    ).client
    with pytest.raises(InvalidInput) as caught:
        registry.clients.prepare_revision(client, {"auth_method": "client_secret"})
    assert caught.value.field == "jwks"
    revised = registry.clients.prepare_revision(client, {"auth_method": "client_secret", "jwks": KEYS})
    assert revised.client_secret
