"""What of a webhook is accepted, and how it is explained what is not."""

from __future__ import annotations

import json

import pytest

from consentcore.domain.errors import InvalidInput
from consentcore.webhooks.signing import read_secret
from consentcore.webhooks.verification import Trust, examine
from tests.unit.webhooks.conftest import BODY, NOW, OLDER, SECRET, STRANGE, signed


def look(headers, body=BODY, secrets=(SECRET,), now=NOW + 2):
    return examine(headers, body, Trust(tuple(read_secret(secret) for secret in secrets)), now)


def test_what_was_signed_is_verified():
    found = look(signed())
    assert (found.ok, found.hint, found.event["type"]) == (True, "", "consent.revoked")


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":"\\ud800"}',
        b"[" * 100_000,
        b"[" * 900 + b"]" * 900,
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b'{"a":' + b"9" * 6000 + b"}",
    ],
    ids=["surrogate", "deep", "just deep", "deep objects", "long number"],
)
def test_a_body_that_no_parser_likes_is_no_error(body):
    found = look({**signed(), "webhook-signature": "v1," + "A" * 44}, body)
    assert not found.ok


@pytest.mark.parametrize("timestamp", ["9" * 6000, "9" * 400, "\xb2", "\u0661"])
def test_a_timestamp_without_bounds_is_no_error(timestamp):
    found = look({**signed(), "webhook-timestamp": timestamp})
    assert found.hint == "expected whole seconds"


def test_one_of_several_signatures_is_enough():
    assert look(signed(secrets=(STRANGE, SECRET))).ok


def test_older_secret_is_verified_with_a_note():
    found = look(signed(secrets=(OLDER,)), secrets=(SECRET, OLDER))
    assert found.ok
    assert "older secret number 2" in found.hint


def test_wrong_secret():
    found = look(signed(secrets=(STRANGE,)))
    assert (found.ok, found.problem) == (False, "no signature matches the secret")
    assert "wrong secret" in found.hint


def test_changed_body():
    assert look(signed(), BODY.replace(b"revoked", b"granted")).problem == "no signature matches the secret"


@pytest.mark.parametrize(
    "arrived",
    [
        json.dumps(json.loads(BODY)).encode(),
        json.dumps(json.loads(BODY), indent=2).encode(),
        json.dumps(json.loads(BODY), ensure_ascii=False, separators=(", ", ":")).encode(),
        BODY + b"\n",
    ],
)
def test_body_that_was_written_again_on_its_way_is_recognised(arrived):
    assert look(signed(), arrived).problem == "the body was re-serialised on its way"


@pytest.mark.parametrize(("off", "word"), [(-412, "behind"), (412, "ahead of"), (412.9, "ahead of")])
def test_clocks_that_differ(off, word):
    found = look(signed(), now=NOW + off)
    assert found.problem == f"clock off by 412 s: this machine is {word} the sender"


def test_clocks_may_differ_by_five_minutes():
    assert look(signed(), now=NOW + 300).ok
    assert not look(signed(), now=NOW + 301).ok


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_missing_header_is_named(name):
    headers = signed()
    del headers[name]
    received = look(headers)
    assert received.problem == f"missing headers: {name}"
    assert received.event == json.loads(BODY)
    assert look(headers, b"[" * 100_000).event is None


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("webhook-timestamp", "yesterday", "webhook-timestamp is 'yesterday'"),
        ("webhook-timestamp", "१२३", "webhook-timestamp is '१२३'"),
        ("webhook-signature", "sha256=abc", "webhook-signature holds no v1 signature"),
        ("webhook-signature", "v1,not base64 ☃", "no signature matches the secret"),
    ],
)
def test_headers_that_are_not_understood(name, value, problem):
    assert look(signed() | {name: value}).problem == problem


def test_body_that_is_no_json_can_be_verified():
    found = look(signed(b"hello"), b"hello")
    assert (found.ok, found.event) == (True, None)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_!!", "whsec_c2hvcnQ=", SECRET.removeprefix("whsec_")])
def test_secrets_that_are_none_are_refused(text):
    with pytest.raises(InvalidInput, match="--secret"):
        read_secret(text)
