"""Whatever a provider signs or answers, a sign-in ends in an outcome: no Unicode, no bounds, no end (RFC 8259)."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest
from joserfc.jws import JWSRegistry

from consentcore.api import Authenticated, RedirectTo, Refused, Unavailable
from tests.plugins.consentcore_login_oidc.conftest import CALLBACK, begin, complete, now
from tests.support.postgres import storage_at
from tests.support.sqlite_template import migrated_sqlite

ODD = [
    r'"\ud800"',
    r'"\u0000"',
    r'"\u202e"',
    '"' + "a" * 5000 + '"',
    "1e400",
    "-1e400",
    "9" * 5000,
    "-" + "9" * 400,
    "9223372036854775808",
    "NaN",
    "Infinity",
    "[" * 20_000 + "]" * 20_000,
    *("[" * depth + "]" * depth for depth in (200, 400, 600, 800, 950)),
    '{"a":' * 5000 + "1" + "}" * 5000,
    "null",
    "true",
    "[]",
    "{}",
    r'["\ud800"]',
    "[[1]]",
]
OUTCOMES = (Authenticated, Refused, Unavailable)
CLAIMS = (
    *("iss", "sub", "aud", "azp", "exp", "iat", "nonce", "at_hash", "auth_time", "acr", "amr", "email"),
    *("email_verified", "name", "locale", "zoneinfo", "unknown", r"\ud800"),
)


@pytest.fixture
def storage(tmp_path):
    """One that refuses what cannot be stored."""
    migrated_sqlite(tmp_path / "x.sqlite")
    made = storage_at(f"sqlite:///{tmp_path}/x.sqlite")
    yield made
    made.close()


def written(members, name, odd):
    """A JSON object with one member that is odd, however little of it Python could hold."""
    texts = {one: json.dumps(value) for one, value in members.items()} | {name: odd}
    return "{" + ", ".join(f'"{one}": {text}' for one, text in texts.items()) + "}"


def signing(provider, part, name, odd):
    def sign(header, claims):
        texts = [
            written(header, name, odd) if part == "header" else json.dumps(header),
            written(claims, name, odd) if part == "claims" else json.dumps(claims),
        ]
        signed = b".".join(urlsafe_b64encode(text.encode()).rstrip(b"=") for text in texts)
        signature = JWSRegistry.algorithms["ES256"].sign(signed, provider.key)
        return (signed + b"." + urlsafe_b64encode(signature).rstrip(b"=")).decode()

    return sign


@pytest.mark.parametrize("name", CLAIMS)
def test_no_claim_of_an_id_token_is_an_error_of_ours(made, provider, name):
    login = made(create_owners=True)
    for odd in ODD:
        provider.sign = signing(provider, "claims", name, odd)
        assert isinstance(complete(login, provider), OUTCOMES), odd[:40]


@pytest.mark.parametrize("name", ["alg", "kid", "typ", "crit", "b64", "jwk", "unknown"])
def test_no_header_of_an_id_token_is_an_error_of_ours(made, provider, name):
    login = made()
    for odd in ODD:
        provider.sign = signing(provider, "header", name, odd)
        assert isinstance(complete(login, provider), OUTCOMES), odd[:40]


def test_unknown_claims_are_ignored_whatever_they_hold(made, provider):
    """OpenID Connect Core section 3.1.3.7: a client must ignore claims that it does not know."""
    login = made(create_owners=True)
    for odd in ODD:
        if len(odd) < 20_000 and odd not in ("NaN", "Infinity") and "[[[" not in odd:
            provider.sign = signing(provider, "claims", "unknown", odd)
            assert isinstance(complete(login, provider), Authenticated), odd[:40]


@pytest.mark.parametrize("claim", ["nonce", "at_hash"])
def test_a_surrogate_in_what_is_compared_is_another_value(made, provider, claim):
    provider.sign = signing(provider, "claims", claim, r'"\ud800"')
    assert complete(made(), provider) == Refused("failed")


@pytest.mark.parametrize(
    "name",
    [
        "id_token",
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "scope",
        "error",
        "error_description",
    ],
)
def test_no_answer_of_the_token_endpoint_is_an_error_of_ours(made, provider, name):
    login = made()
    for odd in ODD:
        for status in (200, 400):
            sent = begin(login)
            provider.sends_back(sent.url)
            answer = {"access_token": "x", "token_type": "Bearer", "id_token": provider.id_token()}
            provider.instead["token"] = (status, written(answer, name, odd).encode())
            assert isinstance(complete(login, provider, sent), OUTCOMES), odd[:40]


@pytest.mark.parametrize("name", ["sub", "email", "email_verified", "name", "zoneinfo", "unknown"])
def test_no_userinfo_is_an_error_of_ours(made, provider, name):
    provider.claims = {"email": None}
    login = made(create_owners=True)
    for odd in ODD:
        facts = {"sub": "subject-1", "email": "ada@example.org", "email_verified": True}
        provider.instead["userinfo"] = (200, written(facts, name, odd).encode())
        assert isinstance(complete(login, provider), OUTCOMES), odd[:40]


DISCOVERY = (
    *("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"),
    *("end_session_endpoint", "authorization_response_iss_parameter_supported", "unknown"),
)


@pytest.mark.parametrize("name", DISCOVERY)
def test_no_discovery_document_is_an_error_of_ours(made, provider, name):
    for odd in ODD:
        provider.instead["discovery"] = (200, written(provider._discovery(), name, odd).encode())
        login = made()
        sent = login.begin(callback_url=CALLBACK, fresh=False, now=now())
        assert isinstance(sent, (RedirectTo, Unavailable)), odd[:40]
        login.end(return_url="https://consent.example/")
        if isinstance(sent, RedirectTo) and sent.url.startswith(f"{provider.issuer}/authorize?"):
            assert isinstance(complete(login, provider, sent), OUTCOMES), odd[:40]


@pytest.mark.parametrize("name", ["kty", "crv", "x", "y", "kid", "alg", "use", "key_ops", "unknown"])
def test_no_key_set_is_an_error_of_ours(made, provider, name):
    for odd in ODD:
        key = written(provider.key.as_dict(private=False), name, odd)
        for body in (f'{{"keys": [{key}]}}', f'{{"keys": {odd}}}', f'{{"keys": [{odd}]}}'):
            provider.instead["jwks"] = (200, body.encode())
            assert isinstance(complete(made(), provider), OUTCOMES), odd[:40]


def test_no_parameter_of_the_callback_is_an_error_of_ours(made, provider):
    login = made()
    for odd in ("\ud800", "\x00", "\u202e", "a" * 5000, "é"):
        for name in ("code", "iss", "error", "error_description", "state"):
            assert isinstance(complete(login, provider, **{name: odd}), OUTCOMES)
