"""The keys of JWT access tokens: derived, published before use, withdrawn when nothing that they signed can live."""

from __future__ import annotations

import json

import pytest
from joserfc import jws
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

from consentcore.domain.clock import HOUR, SECOND
from consentcore.jose.rules import registry
from consentcore.keys import Keys, MasterKey
from consentcore.oauth.signing_keys import ALGORITHMS, SigningKeys
from consentcore.testing import ManualClock, fixed_keys

NOW = ManualClock().now()


def ring(clock, *, lead=HOUR):
    return Keys([MasterKey("new1", b"n" * 32, used_from=NOW + lead), MasterKey("old1", b"o" * 32)], clock)


def kids(signing, now):
    return [key["kid"] for key in signing.key_set(now)["keys"]]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_is_signed_verifies_with_the_published_set(algorithm):
    signing = SigningKeys(fixed_keys(), algorithm)
    text = signing.sign("at+jwt", b'{"sub":"x"}')
    published = KeySet.import_key_set(json.loads(json.dumps(signing.key_set(NOW))))
    found = jws.deserialize_compact(text, published, [algorithm], registry(ALGORITHMS))
    assert found.headers() == {"alg": algorithm, "typ": "at+jwt", "kid": f"test1-{algorithm}"}
    assert found.payload == b'{"sub":"x"}'


def test_only_public_members_are_published():
    for key in SigningKeys(fixed_keys()).key_set(NOW)["keys"]:
        assert set(key) <= {"kty", "crv", "x", "y", "kid", "use", "alg"}
        assert key["use"] == "sig"


def test_keys_come_from_the_ring_and_from_nothing_else():
    first, again = SigningKeys(fixed_keys()).key_set(NOW), SigningKeys(fixed_keys()).key_set(NOW)
    assert first == again
    other = SigningKeys(Keys([("test1", b"z" * 32)])).key_set(NOW)
    assert not {key["x"] for key in first["keys"]} & {key["x"] for key in other["keys"]}


def test_a_new_key_is_published_before_it_signs_and_the_old_one_while_its_tokens_live():
    clock = ManualClock()
    signing = SigningKeys(ring(clock))
    both = ["new1-ES256", "new1-EdDSA", "old1-ES256", "old1-EdDSA"]
    assert kids(signing, clock.now()) == both
    assert header(signing.sign("at+jwt", b"{}"))["kid"] == "old1-ES256"
    clock.advance(HOUR)
    assert header(signing.sign("at+jwt", b"{}"))["kid"] == "new1-ES256"
    clock.advance(25 * HOUR - SECOND)
    assert kids(signing, clock.now()) == both
    clock.advance(SECOND)
    assert kids(signing, clock.now()) == both[:2]


def header(text):
    return jws.extract_compact(text.encode()).headers()


def test_a_revoked_key_leaves_the_published_set_at_once():
    """Whoever has it may sign tokens of whatever date; APIs know a signature by the set alone (RFC 9068 section 4)."""
    clock = ManualClock()
    leaked = MasterKey("old1", b"o" * 32, revoked_at=NOW)
    signing = SigningKeys(Keys([MasterKey("new1", b"n" * 32, used_from=NOW), leaked], clock))
    forged = SigningKeys(Keys([("old1", b"o" * 32)])).sign("at+jwt", b'{"sub":"eve"}')
    assert kids(signing, clock.now()) == ["new1-ES256", "new1-EdDSA"]
    published = KeySet.import_key_set(json.loads(json.dumps(signing.key_set(NOW))))
    with pytest.raises(InvalidKeyIdError, match="old1-ES256"):
        jws.deserialize_compact(forged, published, ["ES256"], registry(ALGORITHMS))
