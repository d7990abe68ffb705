"""C2SP signed-note, with the examples of the specification and of the package that it comes from."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consentcore.tlog import BadNote, Note, VerifierKey
from consentcore.tlog.note import Signature, sign

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SIGNATURE = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
LINE = f"— example.com/foo {SIGNATURE}\n"
TEXT = "This is an example message.\n"
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.mark.parametrize(("vkey", "note"), [(VKEY, f"{TEXT}\n{LINE}"), (GO_VKEY, GO_NOTE)])
def test_examples_of_others_verify_and_come_out_as_they_went_in(vkey, note):
    key = VerifierKey.read(vkey)
    assert str(key) == vkey
    found = Note.read(note)
    assert found.signed_by([key]) == (key,)
    assert str(found) == note


def test_a_touched_text_is_refused_where_the_key_is_known_and_says_nothing_where_it_is_not():
    key, other = VerifierKey.read(VKEY), VerifierKey("other", KEY.public_key().public_bytes_raw())
    note = Note.read(f"this is an example message.\n\n{LINE}")
    with pytest.raises(BadNote, match=r"the signature of example\.com/foo is wrong"):
        note.signed_by([key])
    assert note.signed_by([other]) == ()


def test_a_key_has_to_match_by_name_and_id():
    key = VerifierKey.read(VKEY)
    note = Note.read(f"{TEXT}\n{LINE}")
    assert note.signed_by([VerifierKey("example.com/bar", key.public)]) == ()
    assert note.signed_by([VerifierKey(key.name, KEY.public_key().public_bytes_raw())]) == ()


def test_what_is_signed_verifies_and_further_signatures_do_not_disturb():
    note = sign("a\n\nb\n", "auth.example.com/é", KEY)
    key = VerifierKey("auth.example.com/é", KEY.public_key().public_bytes_raw())
    more = Note.read(str(note)).with_signatures([Signature("w", b"1234", b"x" * 72), *note.signatures])
    assert len(more.signatures) == 2
    assert Note.read(str(more)) == more
    assert more.signed_by([key]) == (key,)
    assert more.text == "a\n\nb\n"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "text\n",
        f"{TEXT}{LINE}",
        f"{TEXT}\n{LINE[:-1]}",
        f"{TEXT}\n",
        f"{TEXT}\n{LINE}\n",
        f"{TEXT}\n" + LINE.replace("— ", "- "),
        f"{TEXT}\n" + LINE.replace("foo ", "foo  "),
        f"{TEXT}\n" + LINE.replace("/foo", "+foo"),
        f"{TEXT}\n" + LINE.replace("=\n", "\n"),
        f"{TEXT}\n" + LINE.replace("QM=", "QN="),
        f"{TEXT}\n— example.com/foo Uw2QOg==\n",
        f"tab\there\n\n{LINE}",
        f"{TEXT}\n{LINE}".replace("\n", "\r\n"),
        f"{TEXT}\n{LINE * 101}",
        "x" * 1_000_001,
    ],
)
def test_what_is_no_note_is_refused(written):
    with pytest.raises(BadNote):
        Note.read(written)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/foo",
        "example.com/foo+530d903a",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+A",
        "example.com/foo+530d903a+",
        "example.com/foo+530d903a+BukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q==",
    ],
)
def test_what_is_no_verifier_key_is_refused(text):
    with pytest.raises(BadNote):
        VerifierKey.read(text)


@pytest.mark.parametrize(
    ("text", "name"), [("no newline", "a"), ("a\rb\n", "a"), ("a\n", "a b"), ("a\n", "")]
)
def test_nothing_is_signed_that_nobody_could_read(text, name):
    with pytest.raises(BadNote):
        sign(text, name, KEY)
