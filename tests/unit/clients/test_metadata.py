"""Metadata of strangers (RFC 7591 section 2): honoured, refused by the member's name, or ignored as a whole."""

import json

import pytest

from consentcore.clients.metadata import member_of, metadata_of, read_metadata
from consentcore.clients.strangers import StrangerRules
from consentcore.domain.client import AuthMethod
from consentcore.domain.errors import InvalidInput
from consentcore.domain.self_registration import SelfRegistration
from consentcore.testing import factories

RULES = StrangerRules(("sites.read", "comfort.read"), ("https://api.example",))
URIS = ["https://app.example/cb"]


def read(**members):
    return read_metadata({"redirect_uris": URIS, **members}, RULES, client_id="an-id", at=7)


def test_every_member_of_section_2_that_is_honoured_arrives():
    described = read(
        token_endpoint_auth_method="private_key_jwt",
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        client_name="Agent",
        client_uri="https://app.example/",
        logo_uri="https://app.example/logo.png",
        scope="comfort.read",
        contacts=["ada@app.example", "https://app.example/help"],
        tos_uri="https://app.example/terms",
        policy_uri="https://app.example/privacy",
        jwks_uri="https://app.example/keys",
        software_id="4NRB1-0XZABZI9E6-5SM3R",
        software_version="2.1",
        dpop_bound_access_tokens=True,
        require_pushed_authorization_requests=True,
        require_signed_request_object=True,
        request_object_signing_alg="PS256",
        authorization_signed_response_alg="ES256",
        introspection_signed_response_alg="EdDSA",
    )
    form = described.form
    assert (form.client_id, form.name, form.website) == ("an-id", "Agent", "https://app.example/")
    assert (form.scopes, form.privacy_url) == (("comfort.read",), "https://app.example/privacy")
    assert (form.auth_method, form.jwks_uri) == ("private_key_jwt", "https://app.example/keys")
    assert form.redirect_uris == ("https://app.example/cb",)
    assert form.require_par
    assert form.dpop_bound_access_tokens
    assert form.require_signed_request_object
    assert (form.request_object_signing_alg, form.authorization_signed_response_alg) == ("PS256", "ES256")
    assert form.introspection_signed_response_alg == "EdDSA"
    assert described.said == SelfRegistration(
        7,
        contacts=("ada@app.example", "https://app.example/help"),
        logo_uri="https://app.example/logo.png",
        tos_uri="https://app.example/terms",
        software_id="4NRB1-0XZABZI9E6-5SM3R",
        software_version="2.1",
    )


def test_what_is_left_out_has_the_default_of_section_2():
    form = read().form
    assert (form.auth_method, form.name, form.scopes) == ("client_secret_basic", "an-id", RULES.scopes)
    assert (form.require_par, form.dpop_bound_access_tokens, form.jwks, form.jwks_uri) == (
        False,
        False,
        "",
        "",
    )
    assert read(client_name=None, scope=None, contacts=None, jwks=None) == read()
    assert read(request_object_signing_alg="none", authorization_signed_response_alg="none") == read()


def test_no_stranger_has_a_say_in_what_protects_the_owner():
    form = read(
        require_pkce=False, client_id="another", verified=True, webhook_url="https://app.example/h"
    ).form
    assert (form.require_pkce, form.client_id, form.verified, form.webhook_url) == (True, "an-id", False, "")
    assert form.contact_email == "", "we write to nobody whom a stranger names"
    assert form.logo_url == "", "nothing is fetched for a stranger"
    assert read(audiences=["https://other.example"]).form.audiences == ("https://api.example",)


def test_members_that_are_not_understood_are_ignored():
    assert read(**{"client_name#fr": "Agent", "id_token_signed_response_alg": 7, "": {}}) == read()


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("client_name", 7),
        ("client_name", "x" * 101),
        ("client_name", "Coo\u202elSite"),
        ("redirect_uris", "https://app.example/cb"),
        ("redirect_uris", [7]),
        ("redirect_uris", ["https://app.example/cb"] * 51),
        ("token_endpoint_auth_method", "client_secret"),
        ("token_endpoint_auth_method", "client_secret_jwt"),
        ("token_endpoint_auth_method", ["none"]),
        ("grant_types", ["implicit"]),
        ("grant_types", "authorization_code"),
        ("response_types", ["token"]),
        ("client_uri", "javascript:alert(1)"),
        ("logo_uri", "data:image/png;base64,AAAA"),
        ("tos_uri", "ftp://app.example/"),
        ("policy_uri", "//app.example/"),
        ("scope", ["sites.read"]),
        ("scope", "energy.read"),
        ("scope", "sites.read ev.write"),
        ("scope", "sites.read\ncomfort.read"),
        ("scope", " "),
        ("contacts", "ada@app.example"),
        ("contacts", [""]),
        ("contacts", ["x"] * 11),
        ("jwks", "{}"),
        ("jwks", []),
        ("jwks_uri", {}),
        ("software_id", 7),
        ("software_version", "x" * 256),
        ("dpop_bound_access_tokens", "true"),
        ("require_pushed_authorization_requests", 1),
        ("require_signed_request_object", "true"),
        ("request_object_signing_alg", True),
        ("authorization_signed_response_alg", ["ES256"]),
        ("tls_client_certificate_bound_access_tokens", "true"),
        ("token_endpoint_auth_method", "tls_client_auth"),
        ("token_endpoint_auth_method", "self_signed_tls_client_auth"),
        ("response_modes", "jwt"),
        ("response_modes", ["fragment.jwt", "form_post"]),
    ],
    ids=str,
)
def test_what_is_wrong_is_refused_by_the_name_of_its_member(member, value):
    with pytest.raises(InvalidInput) as caught:
        read(**{member: value})
    assert caught.value.field == member


def test_uses_that_other_servers_know_do_no_harm():
    assert read(grant_types=["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]) == read()
    assert read(response_types=["code", "code id_token"]) == read()


@pytest.mark.parametrize("modes", [["jwt"], ["query.jwt", "fragment.jwt"]], ids=str)
def test_who_will_have_no_plain_answer_has_each_signed(modes):
    assert read(response_modes=modes).form.authorization_signed_response_alg == "ES256"
    named = read(response_modes=modes, authorization_signed_response_alg="EdDSA")
    assert named.form.authorization_signed_response_alg == "EdDSA"
    told = metadata_of(factories.client(authorization_signed_response_alg="ES256"))
    assert told["response_modes"] == ["query.jwt", "jwt"]


@pytest.mark.parametrize("modes", [["query"], ["jwt", "query"], [], None], ids=str)
def test_who_takes_a_plain_answer_may_have_one(modes):
    assert read(response_modes=modes) == read()


def test_what_is_registered_is_told_by_the_names_of_section_2():
    keys = {"keys": [{"kty": "EC"}]}
    client = factories.client(
        client_id="an-id",
        auth_method=AuthMethod.PRIVATE_KEY_JWT,
        jwks=json.dumps(keys),
        require_signed_request_object=True,
        request_object_signing_alg="ES256",
        self_registered=SelfRegistration(7, contacts=("a@b.example",), software_id="s"),
    )
    told = metadata_of(client)
    assert told == {
        "client_name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": " ".join(client.scopes),
        "client_uri": client.website,
        "policy_uri": client.privacy_url,
        "contacts": ["a@b.example"],
        "jwks": keys,
        "software_id": "s",
        "require_signed_request_object": True,
        "request_object_signing_alg": "ES256",
    }


@pytest.mark.parametrize(
    ("field", "member"),
    [
        ("name", "client_name"),
        ("redirect_uris 'http://app.example/cb'", "redirect_uris"),
        ("scopes", "scope"),
        ("website", "client_uri"),
        ("privacy_url", "policy_uri"),
        ("jwks", "jwks"),
        ("jwks_uri", "jwks_uri"),
        ("auth_method", "token_endpoint_auth_method"),
    ],
)
def test_errors_name_the_member_that_was_sent(field, member):
    assert member_of(field) == member
