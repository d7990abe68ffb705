"""Whatever an authorization server answers or signs, a token is judged good or refused, and nothing else happens."""

from __future__ import annotations

import json

import pytest

from consentcore.oauth.signing_keys import SigningKeys
from consentcore.resource import Refused
from consentcore.resource.auth_request import AuthRequest
from consentcore.testing import fixed_keys
from tests.support.stub_issuer import AUDIENCE, NOW
from tests.unit.resource.test_jwt import CLAIMS, by_hand, make

ODD = [
    r'"\ud800"',
    r'"\u0000\r\nX-Split: 1"',
    "1e400",
    "-1e400",
    "9" * 5000,
    "9" * 400,
    "9223372036854775808",
    "NaN",
    "Infinity",
    "[" * 20_000 + "]" * 20_000,
    "[" * 950 + "]" * 950,
    "null",
    "true",
    "[]",
    "{}",
    "[[1]]",
    "[{}]",
    r'["\ud800"]',
    "7",
]
FACTS = {
    "active": True,
    "token_type": "Bearer",
    "scope": "a b",
    "sub": "s",
    "client_id": "app",
    "exp": NOW + 60,
}


def written(members, name, odd):
    texts = {one: json.dumps(value) for one, value in members.items()} | {name: odd}
    return ("{" + ", ".join(f'"{one}": {text}' for one, text in texts.items()) + "}").encode()


def asked(checker):
    """What nginx is answered: status and headers, all of which can be sent."""
    seen = []
    list(AuthRequest(checker)({"HTTP_AUTHORIZATION": "Bearer t"}, lambda *answer: seen.append(answer)))
    ((status, headers),) = seen
    for name, value in headers:
        assert f"{name}: {value}".encode("latin-1").isascii()
        assert "\r" not in value
    return int(status[:3])


@pytest.mark.parametrize(
    "name",
    ["active", "token_type", "scope", "sub", "client_id", "exp", "aud", "grant_id", "resources", r"\ud800"],
)
@pytest.mark.parametrize("audience", [(), (AUDIENCE,)])
def test_no_answer_of_introspection_is_an_error_of_ours(issuer, name, audience):
    checker = issuer.checker(cache_s=0, audience=audience)
    for odd in ODD:
        issuer.body = written(FACTS, name, odd)
        assert asked(checker) in (204, 401, 503), odd[:40]


@pytest.mark.parametrize("odd", ["7", "[[1]]", "{}", "true", r'["\ud800"]', "[7]"])
def test_an_audience_that_is_no_text_is_none_of_ours(issuer, odd):
    """Absence never means permission (RFC 8707 section 2: a token for others is refused)."""
    issuer.body = written(FACTS, "aud", odd)
    assert asked(issuer.checker(cache_s=0, audience=(AUDIENCE,))) == 401
    for none in ("null", "[]", f'"{AUDIENCE}"'):
        issuer.body = written(FACTS, "aud", none)
        assert asked(issuer.checker(cache_s=0, audience=(AUDIENCE,))) == 204


@pytest.mark.parametrize("part", ["header", "claims"])
@pytest.mark.parametrize(
    "name",
    ["iss", "aud", "sub", "client_id", "scope", "iat", "exp", "nbf", "jti", "alg", "typ", "kid", "unknown"],
)
def test_no_token_is_an_error_of_ours(issuer, part, name):
    keys = SigningKeys(fixed_keys(), "ES256")
    issuer.keys = keys.key_set(0)
    verifier = make(issuer)
    key = keys.key("test1-ES256")
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "test1-ES256"}
    for odd in ODD:
        head = written(header, name, odd) if part == "header" else json.dumps(header).encode()
        body = written(CLAIMS, name, odd) if part == "claims" else json.dumps(CLAIMS).encode()
        token = by_hand(head, body, key, "ES256")
        status = asked_by(verifier, token)
        assert status in (200, 401), odd[:40]
        assert status == 401 or odd == "7" or name not in ("exp", "iat", "nbf", "aud", "iss"), odd[:40]


@pytest.mark.parametrize("name", ["kty", "crv", "x", "y", "kid", "alg", "use", "unknown"])
def test_no_key_set_is_an_error_of_ours(issuer, name):
    keys = SigningKeys(fixed_keys(), "ES256")
    published = keys.key_set(0)["keys"][0]
    token = by_hand(
        {"alg": "ES256", "typ": "at+jwt", "kid": "test1-ES256"}, CLAIMS, keys.key("test1-ES256"), "ES256"
    )
    for odd in ODD:
        key = written(published, name, odd)
        for body in (
            b'{"keys": [%s]}' % key,
            b'{"keys": %s}' % odd.encode(),
            b'{"keys": [%s]}' % odd.encode(),
        ):
            issuer.body = body
            assert asked_by(make(issuer), token) in (200, 401, 503), odd[:40]


def asked_by(verifier, token):
    try:
        found = verifier.check(token)
        assert len(found.scopes | {found.subject, found.grant_id, *found.audience}) > 0
    except Refused as refusal:
        return refusal.status
    return 200
