"""The key ring: derivation, sealing, files."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import stat
import threading
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentcore.domain.errors import ConfigurationError, KeyUnavailable
from consentcore.keys import (
    Keys,
    create_key_file,
    key_file,
    key_line,
    open_key_ring,
    read_key_file,
    rotate_key_file,
)
from consentcore.keys.ring import Mac

OLD = ("old1", b"o" * 32)
NEW = ("new1", b"n" * 32)


@pytest.fixture
def ring():
    return Keys([NEW, OLD])


def test_new_things_are_made_with_the_first_key(ring):
    assert ring.current_id == "new1"
    assert list(ring.ids) == ["new1", "old1"]
    assert ring.mac("ledger", b"x") == ring.mac("ledger", b"x", "new1") != ring.mac("ledger", b"x", "old1")


def test_subkeys_are_hkdf_sha256(ring):
    extracted = hmac.new(b"consentcore key ring 1", NEW[1], hashlib.sha256).digest()
    expected = hmac.new(extracted, b"ledger\x01", hashlib.sha256).digest()
    assert ring.subkey("ledger") == expected


@pytest.mark.parametrize("length", [0, 1, 55, 56, 63, 64, 65, 1000])
def test_a_mac_is_hmac_sha256_under_the_subkey(ring, length):
    data = b"x" * length
    assert ring.mac("ledger", data) == hmac.new(ring.subkey("ledger"), data, hashlib.sha256).digest()
    assert (
        ring.mac("ledger", data, "old1") == hmac.new(ring.subkey("ledger", "old1"), data, "sha256").digest()
    )


@pytest.mark.parametrize(
    ("key", "data", "expected"),
    [
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
    ],
    ids=["case 1", "case 2"],
)
def test_macs_of_rfc_4231(key, data, expected):
    mac = Mac(key)
    assert [mac.digest(data).hex() for _ in range(2)] == [expected, expected]


def test_subkeys_differ_by_purpose_and_key(ring):
    found = {ring.subkey(purpose, key) for purpose in ("ledger", "session") for key in ("new1", "old1")}
    assert len(found) == 4


def test_stable_mac_survives_a_rotation(ring):
    assert Keys([OLD]).stable_mac("pairwise", b"x") == ring.stable_mac("pairwise", b"x")
    assert Keys([NEW]).stable_mac("pairwise", b"x") != ring.stable_mac("pairwise", b"x")


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_was_sealed_opens_again(plaintext, context):
    ring = Keys([NEW, OLD])
    assert ring.open("webhook", ring.seal("webhook", plaintext, context), context) == plaintext


def test_what_the_old_key_sealed_opens_after_a_rotation(ring):
    sealed = Keys([OLD]).seal("webhook", b"secret", "ep_1")
    assert ring.open("webhook", sealed, "ep_1") == b"secret"


def test_sealed_text_names_its_key_and_not_the_plaintext(ring):
    sealed = ring.seal("webhook", b"secret", "ep_1")
    assert sealed.split(".")[1] == "new1"
    assert "secret" not in sealed
    assert sealed != ring.seal("webhook", b"secret", "ep_1")


@pytest.mark.parametrize(("purpose", "context"), [("session", "ep_1"), ("webhook", "ep_2")])
def test_sealed_text_opens_only_for_its_purpose_and_context(ring, purpose, context):
    sealed = ring.seal("webhook", b"secret", "ep_1")
    with pytest.raises(ValueError, match="changed, or belongs elsewhere"):
        ring.open(purpose, sealed, context)


def test_any_changed_character_is_noticed(ring):
    sealed = ring.seal("webhook", b"secret", "ep_1")
    start = len("1.new1.")
    for place in range(start, len(sealed) - 1):
        other = "A" if sealed[place] != "A" else "B"
        with pytest.raises(ValueError, match="changed"):
            ring.open("webhook", sealed[:place] + other + sealed[place + 1 :], "ep_1")


@given(st.text(max_size=60))
def test_noise_is_refused_without_another_exception(text):
    with pytest.raises((ValueError, KeyUnavailable)):
        Keys([NEW]).open("webhook", text, "")


def test_unknown_keys_are_said_to_be_unknown(ring):
    with pytest.raises(KeyUnavailable, match="gone1"):
        ring.mac("ledger", b"x", "gone1")
    sealed = Keys([("gone1", b"g" * 32)]).seal("webhook", b"x", "")
    with pytest.raises(KeyUnavailable, match="gone1"):
        ring.open("webhook", sealed, "")


@pytest.mark.parametrize(
    "pairs",
    [[], [("UPPER", b"x" * 32)], [("a", b"short")], [("a", b"x" * 32), ("a", b"y" * 32)], [("", b"x" * 32)]],
)
def test_rings_that_are_not_in_order_are_refused(pairs):
    with pytest.raises(ValueError, match="key"):
        Keys(pairs)


def test_keys_are_never_printed(ring):
    assert repr(ring) == "Keys(new1, old1)"


def test_key_file_is_made_once_and_only_for_its_owner(tmp_path):
    path = tmp_path / "var" / "keys"
    assert create_key_file(path) is True
    before = path.read_bytes()
    assert create_key_file(path) is False
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path], "no draft is left behind"


def test_two_that_make_it_at_once_end_with_one_file(tmp_path):
    path = tmp_path / "keys"
    made = []
    barrier = threading.Barrier(8)

    def make():
        barrier.wait()
        made.append((create_key_file(path), open_key_ring(str(path)).current_id))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(first for first, _ in made) == [False] * 7 + [True]
    assert len({key_id for _, key_id in made}) == 1


def test_rotation_puts_a_new_key_first_and_keeps_the_old(tmp_path):
    path = tmp_path / "keys"
    create_key_file(path)
    before = open_key_ring(str(path))
    fresh = rotate_key_file(path).key_id
    after = open_key_ring(str(path))
    assert list(after.ids) == [fresh, *before.ids]
    assert after.open("webhook", before.seal("webhook", b"x", ""), "") == b"x"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert all(re.match(r"20\d\d-", key.made) for key in read_key_file(path))


def test_relative_files_start_at_the_ini(tmp_path):
    create_key_file(tmp_path / "keys")
    assert open_key_ring("keys", None, tmp_path).ids == open_key_ring("file:keys", None, tmp_path).ids


def test_missing_file_says_how_to_make_it(tmp_path):
    with pytest.raises(ConfigurationError, match="consentcore init"):
        open_key_ring(str(tmp_path / "none"))


@pytest.mark.parametrize("line", ["k1 !!!", "k1 c2hvcnQ", "c2hvcnQ", "K-1 " + b64encode(b"x" * 32).decode()])
def test_broken_file_is_named_without_showing_it(tmp_path, line):
    path = tmp_path / "keys"
    path.write_text(line)
    with pytest.raises(ConfigurationError) as caught:
        open_key_ring(str(path))
    assert "consentcore.keys" in str(caught.value)
    assert line.split()[-1] not in str(caught.value)


def test_empty_file_and_folder_are_refused(tmp_path):
    (tmp_path / "keys").write_text("# nothing\n")
    with pytest.raises(ConfigurationError, match="holds no key"):
        open_key_ring(str(tmp_path / "keys"))
    with pytest.raises(ConfigurationError, match=r"readable key file .* \(Is a directory\)"):
        open_key_ring(str(tmp_path))
    (tmp_path / "keys").write_bytes(b"\xe9")
    with pytest.raises(ConfigurationError, match=r"readable key file .* \(it is not ASCII\)"):
        open_key_ring(str(tmp_path / "keys"))


def test_file_that_others_can_read_is_warned_of(tmp_path, caplog):
    path = tmp_path / "keys"
    create_key_file(path)
    path.chmod(0o644)
    with caplog.at_level(logging.WARNING, "consentcore.keys"):
        open_key_ring(str(path))
    assert "chmod 600" in caplog.text


def test_environment_may_hold_what_is_in_a_key_file(tmp_path):
    path = tmp_path / "keys"
    create_key_file(path)
    rotate_key_file(path)
    ring = open_key_ring("env:MASTER", environ={"MASTER": path.read_text()})
    assert ring.ids == open_key_ring(str(path)).ids


def test_environment_may_hold_a_bare_key():
    ring = open_key_ring("env:MASTER", environ={"MASTER": b64encode(b"\xff" * 32).decode() + "\n"})
    again = open_key_ring("env:MASTER", environ={"MASTER": b64encode(b"\xff" * 32).decode()})
    assert ring.current_id == again.current_id
    assert ring.mac("ledger", b"x") == Keys([("any", b"\xff" * 32)]).mac("ledger", b"x")


def test_unset_variable_is_named():
    with pytest.raises(ConfigurationError, match="MASTER"):
        open_key_ring("env:MASTER", environ={})


def test_keys_of_a_variable_or_provider_are_no_file():
    for setting in ("env:MASTER", "provider:vault"):
        with pytest.raises(ConfigurationError, match=f"expected a file, {setting} is none"):
            key_file(setting)


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-14:00", "99999-01-01", "soon"])
def test_a_time_that_no_calendar_has_is_no_time(tmp_path, time):
    path = tmp_path / "keys"
    create_key_file(path)
    (key,) = read_key_file(path)
    path.write_text(f"{key.key_id} {b64(key)} {time} from={time}\n")
    with pytest.raises(ConfigurationError, match="line 1: expected from= and a time"):
        read_key_file(path)
    path.write_text(f"{key.key_id} {b64(key)} {time}\n")
    assert read_key_file(path)[0].used_from == 0


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "1969-07-20T20:17:40Z"])
def test_a_time_before_the_epoch_has_come(tmp_path, time):
    path = tmp_path / "keys"
    create_key_file(path)
    (key,) = read_key_file(path)
    path.write_text(f"{key.key_id} {b64(key)} {time} from={time}\n")
    assert read_key_file(path)[0].used_from == 1000
    assert rotate_key_file(path).key_id != key.key_id
    assert len(read_key_file(path)) == 2


def b64(key):
    return key_line(key).split()[1]
