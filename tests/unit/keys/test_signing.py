from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consentcore.domain.errors import ConfigurationError, KeyUnavailable
from consentcore.keys import (
    EvidenceSigner,
    Keys,
    KeyTimes,
    MasterKey,
    create_key_file,
    read_key_file,
    rotate_key_file,
)
from consentcore.keys.file import parse
from consentcore.testing.factories import NOW
from consentcore.testing.fakes import ManualClock

HOUR = 3_600_000
OLD = MasterKey("old1", b"o" * 32, used_from=NOW - 2 * HOUR, revoked_at=NOW - HOUR)
NOW_KEY = MasterKey("now1", b"n" * 32, used_from=NOW - HOUR)
NEXT = MasterKey("next1", b"x" * 32, used_from=NOW + HOUR)


@pytest.fixture
def signer():
    return EvidenceSigner(Keys([NEXT, NOW_KEY, OLD], ManualClock(NOW)))


def test_anybody_with_the_public_half_can_check(signer):
    Ed25519PublicKey.from_public_bytes(signer.public()).verify(signer.sign(b"text"), b"text")
    assert signer.public() == signer.public("now1") != signer.public("old1")
    assert signer.sign(b"text") == signer.sign(b"text", signer.current_id) != signer.sign(b"text", "old1")
    assert signer.ids == ("next1", "now1", "old1")


def test_the_private_half_is_that_of_no_other_purpose(signer):
    keys = Keys([("now1", b"n" * 32)])
    assert signer.private().private_bytes_raw() == keys.subkey("evidence-signing")
    assert keys.subkey("evidence-signing") != keys.subkey("signing-eddsa")


def test_each_key_has_its_times(signer):
    assert signer.times("next1") == KeyTimes(NEXT.used_from, None, None)
    assert signer.times("now1") == KeyTimes(NOW_KEY.used_from, None, None)
    assert signer.times("old1") == KeyTimes(OLD.used_from, NOW_KEY.used_from, NOW - HOUR)
    with pytest.raises(KeyUnavailable):
        signer.times("gone1")


def test_a_rotation_after_a_leak_marks_every_old_key(tmp_path):
    path = tmp_path / "keys"
    create_key_file(path)
    rotate_key_file(path)
    assert [key.revoked_at for key in read_key_file(path)] == [0, 0]
    fresh = rotate_key_file(path, revoke=True)
    assert [key.revoked_at for key in read_key_file(path)] == [0, fresh.used_from, fresh.used_from]
    later = rotate_key_file(path, 3600, revoke=True)
    marks = [key.revoked_at for key in read_key_file(path)]
    assert marks == [0, later.used_from, fresh.used_from, fresh.used_from]
    assert Keys(read_key_file(path)).revoked_at(fresh.key_id) == later.used_from


def test_a_mark_that_is_no_time_is_said_with_its_line():
    with pytest.raises(ConfigurationError, match=r"place line 1: expected revoked= and a time"):
        parse("k1 " + "A" * 43 + "= revoked=yesterday", "place")
