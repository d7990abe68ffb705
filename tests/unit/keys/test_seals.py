"""What is under a seal, byte by byte: the seals of everything that is stored depend on it."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from consentcore.domain.self_registration import SelfRegistration
from consentcore.domain.token import Token, TokenKind
from consentcore.keys import seals
from consentcore.testing import factories
from consentcore.testing.fakes import fixed_keys

TOKEN = Token(
    token_hash=b"\x00\xff",
    kind=TokenKind.ACCESS,
    family_id='f"\\',
    grant_id="g é \U0001f600",
    client_id="c",
    scopes=("sites.read", "comfort.read"),
    created_at=1,
    expires_at=2,
    auth_time=3,
)


def test_text_under_the_seal_of_a_token():
    before = (
        b'["Token",{"token_hash":"00ff","kind":"access","family_id":"f\\"\\\\",'
        b'"grant_id":"g \\u00e9 \\ud83d\\ude00","client_id":"c","scopes":["sites.read","comfort.read"],'
        b'"created_at":1,"expires_at":2,"auth_time":3},"70"]'
    )
    mac = fixed_keys("a").mac(seals.PURPOSE, before)
    assert seals.seal_of(fixed_keys("a"), TOKEN, b"p") == b"a:" + mac


def judged_by_an_encoder(record):
    """The same by the standard library, one value after the other."""
    free = {"seal", *seals.FREE.get(type(record).__name__, ())}
    said = {one.name: getattr(record, one.name) for one in fields(record) if one.name not in free}
    return json.loads(json.dumps(said, default=seals._plain))


@pytest.mark.parametrize(
    "record",
    [
        TOKEN,
        factories.client(require_pkce=False, name="Ü \ud800 \x00"),
        factories.endpoint("client"),
        factories.owner(name="é\u2028"),
        factories.session("owner"),
        factories.code(factories.grant("owner", "client"), redirect_uri_given=False),
        factories.notice(factories.grant("owner", "client")),
        factories.delivery("notice"),
    ],
    ids=lambda record: type(record).__name__,
)
def test_what_is_written_quickly_is_what_an_encoder_writes(record):
    kind, said = json.loads(seals._text(record, ()))
    wanted = judged_by_an_encoder(record)
    assert kind == type(record).__name__
    assert said == {name: wanted[name] for name in said}
    assert seals._text(record, ()) == json.dumps([kind, said], separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "record",
    [
        TOKEN,
        factories.session("owner"),
        factories.code(factories.grant("owner", "client")),
        factories.client(),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_record_with_another_seal_is_otherwise_the_same(record):
    assert seals.with_seal(record, b"x") == replace(record, seal=b"x")
    assert seals.with_seal(record, b"x").seal == b"x"


def test_a_member_that_says_nothing_changes_no_seal_of_a_client_that_registered_itself():
    def under_the_seal(**said):
        client = factories.client(self_registered=SelfRegistration(1, **said))
        return json.loads(seals.covered_text(client))[1]["self_registered"]

    assert "kept_at" not in under_the_seal()
    assert under_the_seal(kept_at=2)["kept_at"] == 2
