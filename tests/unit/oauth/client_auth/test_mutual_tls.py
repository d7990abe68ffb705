"""Clients that show a certificate with TLS (RFC 8705 section 2), whatever endpoint they ask."""

from __future__ import annotations

import datetime as dt
import json
import logging
from base64 import b64encode
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import SubjectAlternativeName

from consentcore.api import AuthMethod, EgressPolicy
from consentcore.settings import MtlsSettings
from tests.support.client_certificates import HOUR, authority, certificate, dns
from tests.support.client_keys import accepted
from tests.support.sinks import Answer, http_sink

NAMED = "subject_dn:CN=app,O=Cool"


def ask(house, header=None, endpoint="introspect", **more):
    return house.post(endpoint, {"client_id": "shower", "token": "x", **more}, auth=None, headers=header)


@pytest.fixture
def root(scenario):
    return authority(now_s=scenario.clock.now() / 1000)


@pytest.fixture
def trusting(scenario, root, tmp_path):
    """A server that trusts an authority, and a client that is known by a name."""
    (tmp_path / "ca.pem").write_text(root.pem)
    mtls = MtlsSettings(certificate_header="rfc9440", ca_file=tmp_path / "ca.pem")
    scenario.settings = replace(scenario.settings, mtls=mtls)
    scenario.server = scenario.make_server()
    scenario.add_client("shower", auth_method=AuthMethod.TLS_CLIENT_AUTH, secrets=(), tls_client_auth=NAMED)
    return scenario


def made(scenario, by, subject="CN=app,O=Cool", **options):
    return certificate(subject, by=by, now_s=scenario.clock.now() / 1000, **options)


def test_99_certificate_of_an_authority_with_the_registered_name_proves_the_client(trusting, root):
    shown = made(trusting, root)
    assert accepted(ask(trusting, shown.header))
    assert accepted(ask(trusting, {"client-certificate": shown.escaped}))


def test_99_alternative_name_proves_the_client(trusting, root):
    client = trusting.storage.protocol.read_authorize("shower", None, 0).client
    trusting.update_client(client, tls_client_auth="san_dns:app.example")
    assert accepted(ask(trusting, made(trusting, root, "CN=x", names=(dns("app.example"),)).header))
    assert not accepted(ask(trusting, made(trusting, root, "CN=app.example").header))


def test_99_code_refresh_and_revocation(trusting, root):
    header = made(trusting, root).header
    client = trusting.storage.protocol.read_authorize("shower", None, 0).client
    form = {
        "grant_type": "authorization_code",
        "code": trusting.code(client),
        "redirect_uri": client.redirect_uris[0],
    }
    first = ask(trusting, header, "token", **form).json
    again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    fresh = ask(trusting, header, "token", **again).json
    assert fresh["token_type"] == "Bearer"
    assert ask(trusting, header, token=fresh["access_token"]).json["active"] is True
    assert ask(trusting, header, "revoke", token=fresh["refresh_token"]).status == 200
    assert ask(trusting, header, token=fresh["access_token"]).json == {"active": False}


ODD_NAMES = x509.UnrecognizedExtension(SubjectAlternativeName.oid, bytes.fromhex("3004a3023000"))
"""One alternative name, an address of X.400."""


def of_version_2(shown):
    """The certificate with another version written into it; its signature does not fit any more."""
    return replace_bytes(shown, "a003020102", "a003020101")


def with_an_extension_twice(shown):
    """Two extensions of nobody's, of which one is told to be the other."""
    return replace_bytes(shown, "06032a0304", "06032a0303")


def replace_bytes(shown, before, after):
    der = shown.der.replace(bytes.fromhex(before), bytes.fromhex(after))
    assert der != shown.der
    return {"client-certificate": f":{b64encode(der).decode()}:"}


def nobodys(last):
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.2.3.{last}"), b"\x05\x00"), False


ODD = {
    "of version 2": lambda scenario, by: of_version_2(made(scenario, by)),
    "with an odd name": lambda scenario, by: (
        made(scenario, by, "CN=else", extensions=((ODD_NAMES, False),)).header
    ),
    "of an authority, with an odd name": lambda scenario, by: (
        made(scenario, by, extensions=((ODD_NAMES, False),)).header
    ),
    "with an extension twice": lambda scenario, by: with_an_extension_twice(
        made(scenario, by, "CN=else", extensions=(nobodys(3), nobodys(4)))
    ),
}
"""Certificates that the library reads in part only, or not at all."""


@pytest.mark.parametrize("registered", [NAMED, "san_dns:app.example"])
@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_99_certificate_that_is_odd_is_refused_in_the_one_answer(trusting, root, make, registered):
    client = trusting.storage.protocol.read_authorize("shower", None, 0).client
    trusting.update_client(client, tls_client_auth=registered)
    assert not accepted(ask(trusting, make(trusting, root)))


@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_99_certificate_that_is_odd_is_not_a_registered_one(trusting, root, make):
    method = AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH
    jwks = made(trusting, None).jwks
    trusting.add_client("itself", auth_method=method, secrets=(), tls_client_auth="", jwks=jwks)
    form = {"client_id": "itself", "token": "x"}
    assert not accepted(trusting.post("introspect", form, auth=None, headers=make(trusting, root)))


REFUSED = {
    "none": lambda scenario, root: {},
    "an empty header": lambda scenario, root: {"client-certificate": ""},
    "of itself": lambda scenario, root: made(scenario, None).header,
    "of a stranger": lambda scenario, root: (
        made(scenario, authority(now_s=scenario.clock.now() / 1000)).header
    ),
    "of another name": lambda scenario, root: made(scenario, root, "CN=app,O=Warm").header,
    "over": lambda scenario, root: made(scenario, root, life=dt.timedelta(seconds=-1)).header,
    "that is none": lambda scenario, root: {"client-certificate": ":AAAA:"},
    "in another header": lambda scenario, root: {"client-cert": made(scenario, root).rfc9440},
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
def test_99_any_other_certificate_is_refused_in_the_one_answer(trusting, root, make):
    assert not accepted(ask(trusting, make(trusting, root)))


def test_99_header_that_cannot_be_read_is_said(trusting):
    refused = ask(trusting, {"client-certificate": "x"})
    assert (refused.status, refused.error) == (400, "invalid_request")
    assert refused.json["error_description"].startswith("client certificate: ")


def test_99_why_a_certificate_is_refused_stands_in_the_log_only(trusting, root, caplog):
    with caplog.at_level(logging.WARNING, "consentcore.oauth"):
        assert not accepted(
            ask(trusting, made(trusting, authority(now_s=trusting.clock.now() / 1000)).header)
        )
    assert "shower" in caplog.text
    assert "no authority vouches for it" in caplog.text


def test_99_without_authorities_nobody_gets_in(trusting, root):
    trusting.settings = replace(trusting.settings, mtls=MtlsSettings(certificate_header="rfc9440"))
    trusting.server = trusting.make_server()
    assert not accepted(ask(trusting, made(trusting, root).header))


def test_99_certificate_beside_another_method_is_refused(trusting, root):
    header = made(trusting, root).header
    assert not accepted(ask(trusting, header, client_secret="s"))
    refused = trusting.post("introspect", {"token": "x"}, auth=("shower", "s"), headers=dict(header))
    assert not accepted(refused)


def test_99_certificate_is_no_other_client_s(trusting, root):
    """A client of another method stays with its own."""
    header = made(trusting, root).header
    refused = trusting.post("introspect", {"client_id": "app", "token": "x"}, auth=None, headers=header)
    assert not accepted(refused)


def test_99_method_that_was_stored_unchecked_lets_nobody_in(trusting, root):
    client = trusting.storage.protocol.read_authorize("shower", None, 0).client
    trusting.update_client(client, tls_client_auth="")
    assert not accepted(ask(trusting, made(trusting, root).header))


def test_99_api_takes_the_certificate_too(trusting, root):
    from consentcore.oauth.messages import HttpRequest

    authorization = trusting.basic("shower", "")
    headers = {"authorization": authorization, **made(trusting, root).header}
    found = trusting.server.api_clients.authenticate(HttpRequest("GET", "", headers, b""))
    assert found.client_id == "shower"


# registered certificates (section 2.2)


@pytest.fixture
def shown(scenario):
    return certificate(now_s=scenario.clock.now() / 1000, life=HOUR)


@pytest.fixture
def registered(scenario, shown):
    scenario.add_client(
        "shower", auth_method=AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH, secrets=(), jwks=shown.jwks
    )
    return scenario


def test_99_registered_certificate_proves_the_client(registered, shown):
    assert accepted(ask(registered, shown.header))


def test_99_other_certificate_of_the_same_name_is_refused(registered):
    assert not accepted(ask(registered, certificate(now_s=registered.clock.now() / 1000).header))
    assert not accepted(ask(registered))


def test_99_registered_certificate_whose_time_is_over_is_refused(registered, shown):
    registered.clock.advance(3_600_000)
    assert accepted(ask(registered, shown.header))
    registered.clock.advance(1000)
    assert not accepted(ask(registered, shown.header))


def test_99_registered_certificate_may_have_a_key_that_signs_nothing_here(scenario):
    shown = certificate(now_s=scenario.clock.now() / 1000, curve=ec.SECP384R1())
    jwks = json.dumps({"keys": [{"kty": "EC", "crv": "P-384", "x5c": shown.jwk["x5c"]}]})
    scenario.add_client("shower", auth_method=AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH, secrets=(), jwks=jwks)
    assert accepted(ask(scenario, shown.header))


@pytest.mark.parametrize("x5c", [None, [], "x", [1], ["é"], ["A" * 20_000]], ids=str)
def test_99_key_without_a_good_certificate_lets_nobody_in(scenario, shown, x5c):
    jwks = json.dumps({"keys": [{**shown.jwk, "x5c": x5c}]})
    scenario.add_client("shower", auth_method=AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH, secrets=(), jwks=jwks)
    assert not accepted(ask(scenario, shown.header))


def test_99_keys_of_assertions_are_no_certificates_and_the_other_way_round(scenario, shown):
    scenario.add_client("shower", auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks=shown.jwks)
    assert not accepted(ask(scenario, shown.header))


def test_99_certificates_are_fetched_and_one_that_has_just_appeared_is_found(scenario, shown):
    fresh = certificate(now_s=scenario.clock.now() / 1000)
    with http_sink() as sink:
        sink.answer = Answer(200, {"Content-Type": "application/json"}, shown.jwks.encode())
        scenario.server = scenario.make_server(egress=EgressPolicy(allow_networks=("127.0.0.0/8",)))
        scenario.add_client(
            "shower",
            auth_method=AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH,
            secrets=(),
            jwks_uri=sink.url("/keys"),
        )
        assert [accepted(ask(scenario, shown.header)) for _ in range(2)] == [True, True]
        assert len(sink.received) == 1
        sink.answer = Answer(200, {"Content-Type": "application/json"}, fresh.jwks.encode())
        assert accepted(ask(scenario, fresh.header))
        assert not accepted(ask(scenario, shown.header))


# what the metadata says


def told(scenario, **mtls):
    scenario.settings = replace(scenario.settings, mtls=MtlsSettings(**mtls))
    return scenario.make_server().metadata()


def test_99_metadata_says_what_works(scenario, root, tmp_path):
    """RFC 8705 sections 2.1.1, 2.2.1 and 3.3."""
    (tmp_path / "ca.pem").write_text(root.pem)
    none = told(scenario)
    assert "tls_client_certificate_bound_access_tokens" not in none
    assert not any("tls" in one for one in none["token_endpoint_auth_methods_supported"])
    half = told(scenario, certificate_header="nginx")
    assert half["tls_client_certificate_bound_access_tokens"] is True
    assert "self_signed_tls_client_auth" in half["token_endpoint_auth_methods_supported"]
    assert "tls_client_auth" not in half["token_endpoint_auth_methods_supported"]
    assert "mtls_endpoint_aliases" not in half
    full = told(scenario, certificate_header="nginx", ca_file=tmp_path / "ca.pem")
    for endpoint in ("token", "revocation", "introspection"):
        methods = full[f"{endpoint}_endpoint_auth_methods_supported"]
        assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(methods)


def test_99_metadata_names_the_endpoints_where_certificates_are_asked_for(scenario):
    """RFC 8705 section 5."""
    said = told(scenario, certificate_header="nginx", url="https://mtls.consent.example/")
    base = "https://mtls.consent.example/ecostruxure/v1/oauth/"
    assert said["mtls_endpoint_aliases"] == {
        "token_endpoint": base + "token",
        "pushed_authorization_request_endpoint": base + "par",
        "revocation_endpoint": base + "revoke",
        "introspection_endpoint": base + "introspect",
    }
    assert said["token_endpoint"].startswith("https://consent.example/")
