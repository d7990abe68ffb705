"""Secrets of endpoints: made, rotated with an overlap, and what they sign."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace

import pytest
from standardwebhooks import Webhook

from consentcore.api import HOUR, InvalidInput, SealedSecret
from consentcore.testing import fixed_keys
from consentcore.webhooks.secrets import (
    live_secrets,
    make_endpoint,
    public_keys,
    schemes_of,
    with_new_secrets,
)
from consentcore.webhooks.signing import (
    is_ed25519,
    make_secret,
    public_key,
    read_public_key,
    read_secret,
    signature_header,
    signed_bytes,
)

KEYS = fixed_keys()
NOW = 1_800_000_000_000


def made(**options):
    return make_endpoint(KEYS, "client-1", "https://app.example/", NOW, **options)


def test_secret_is_32_random_bytes_and_its_own():
    first, second = made(), made()
    assert first.secret != second.secret
    assert len(b64decode(first.secret.removeprefix("whsec_"))) == 32
    assert live_secrets(KEYS, first.endpoint, NOW) == (first.secret,)
    assert first.secret not in repr(first)
    assert first.public_key == ""


def test_sealed_secret_opens_for_its_endpoint_only():
    stolen = replace(made().endpoint, secrets=made().endpoint.secrets)
    assert live_secrets(KEYS, stolen, NOW) == ()


def test_endpoint_may_sign_by_ed25519_alone_or_beside():
    alone, both = made(schemes=("v1a",)), made(schemes=("v1a", "v1"))
    assert alone.secret == ""
    assert public_keys(KEYS, alone.endpoint, NOW) == (alone.public_key,)
    assert (schemes_of(KEYS, alone.endpoint, NOW), schemes_of(KEYS, both.endpoint, NOW)) == (
        ("v1a",),
        ("v1", "v1a"),
    )
    assert both.secret.startswith("whsec_")
    assert both.public_key.startswith("whpk_")


def test_rotation_keeps_the_old_secret_for_a_while():
    old = made()
    new = with_new_secrets(KEYS, old.endpoint, NOW, keep_ms=24 * HOUR)
    assert live_secrets(KEYS, new.endpoint, NOW + 24 * HOUR - 1) == (new.secret, old.secret)
    assert live_secrets(KEYS, new.endpoint, NOW + 24 * HOUR) == (new.secret,)


def test_rotation_now_ends_the_old_secret():
    old = made()
    new = with_new_secrets(KEYS, old.endpoint, NOW, keep_ms=0)
    assert live_secrets(KEYS, new.endpoint, NOW) == (new.secret,)
    assert len(new.endpoint.secrets) == 1


def test_at_most_two_old_secrets_sign_and_none_lives_longer_than_it_was_told():
    first = made()
    second = with_new_secrets(KEYS, first.endpoint, NOW, keep_ms=24 * HOUR)
    third = with_new_secrets(KEYS, second.endpoint, NOW + 1, keep_ms=72 * HOUR)
    assert live_secrets(KEYS, third.endpoint, NOW + 1) == (third.secret, second.secret, first.secret)
    assert live_secrets(KEYS, third.endpoint, NOW + 25 * HOUR) == (third.secret, second.secret)
    fourth = with_new_secrets(KEYS, third.endpoint, NOW + 2, keep_ms=24 * HOUR)
    assert live_secrets(KEYS, fourth.endpoint, NOW + 2) == (fourth.secret, third.secret, second.secret)


def test_change_of_scheme_overlaps_like_a_rotation():
    old = made()
    new = with_new_secrets(KEYS, old.endpoint, NOW, keep_ms=HOUR, schemes=("v1a",))
    assert new.secret == ""
    assert schemes_of(KEYS, new.endpoint, NOW) == ("v1a",)
    assert live_secrets(KEYS, new.endpoint, NOW)[1:] == (old.secret,)


def test_secret_that_cannot_be_opened_does_not_stop_a_rotation():
    old = made()
    broken = replace(old.endpoint, secrets=(SealedSecret("gone", NOW), *old.endpoint.secrets))
    new = with_new_secrets(KEYS, broken, NOW, keep_ms=HOUR)
    assert live_secrets(KEYS, new.endpoint, NOW) == (new.secret, old.secret)


def test_ed25519_signature_verifies_with_the_published_key():
    private = make_secret("v1a")
    header = signature_header((private,), "msg_1", 1_800_000_000, b'{"a":1}')
    scheme, _, signature = header.partition(",")
    key = read_public_key(public_key(private))
    assert scheme == "v1a"
    assert is_ed25519(key, signed_bytes("msg_1", "1800000000", b'{"a":1}'), signature)
    assert not is_ed25519(key, signed_bytes("msg_1", "1800000001", b'{"a":1}'), signature)
    assert not is_ed25519(key, signed_bytes("msg_1", "1800000000", b'{"a":1}'), "no base64!")


def test_stock_library_passes_over_the_scheme_that_it_does_not_know():
    from datetime import UTC, datetime

    secret, now = make_secret("v1"), int(datetime.now(UTC).timestamp())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(now),
        "webhook-signature": signature_header((make_secret("v1a"), secret), "msg_1", now, b'{"a":1}'),
    }
    assert Webhook(secret).verify(b'{"a":1}', headers) == {"a": 1}


@pytest.mark.parametrize("secrets", [(), ("whsec_",), ("whsec_!",), ("whsk_AAAA",), ("hush",)])
def test_unusable_secrets_sign_nothing(secrets):
    with pytest.raises(ValueError, match="secret|key"):
        signature_header(secrets, "msg_1", 1, b"{}")


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_AAAA", "whpk_AAAA", "whsec_!!!!"])
def test_mistyped_secret_is_refused(text):
    with pytest.raises(InvalidInput, match="--secret"):
        read_secret(text)
    with pytest.raises(InvalidInput, match="--public-key"):
        read_public_key(text)
