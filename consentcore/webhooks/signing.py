"""Secrets and signatures of Standard Webhooks: ``v1`` (HMAC-SHA-256) and ``v1a`` (Ed25519)."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from binascii import Error as BinasciiError
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from consentcore.domain.errors import InvalidInput

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET_PREFIX = "whsec_"
PRIVATE_PREFIX = "whsk_"
PUBLIC_PREFIX = "whpk_"
KEY_BYTES = 32
SCHEMES = ("v1", "v1a")
"""What an endpoint may choose: HMAC with a shared secret, Ed25519 with a public key."""


def make_secret(scheme: str) -> str:
    """Make 32 random bytes as ``whsec_…`` for ``v1`` or as the private key ``whsk_…`` for ``v1a``."""
    prefix = PRIVATE_PREFIX if scheme == "v1a" else SECRET_PREFIX
    return prefix + b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def scheme_of(secret: str) -> str:
    """``v1`` or ``v1a``, by the prefix of a secret."""
    return "v1a" if secret.startswith(PRIVATE_PREFIX) else "v1"


def public_key(secret: str) -> str:
    """The ``whpk_…`` that verifies what a ``whsk_…`` signs.

    :raises ValueError: when it is none.
    """
    return PUBLIC_PREFIX + b64encode(_private(secret).public_key().public_bytes_raw()).decode()


def signature_header(secrets_: Iterable[str], notice_id: str, timestamp: int, body: bytes) -> str:
    """``webhook-signature``: one signature for each secret, in their order, over ``id.timestamp.body``.

    :param secrets_: ``whsec_…`` and ``whsk_…``.
    :param timestamp: seconds since the epoch.
    :raises ValueError: when there is no secret, or one is unusable.
    """
    signatures = [_sign(secret, notice_id, timestamp, body) for secret in secrets_]
    if not signatures:
        raise ValueError("no live secret")
    return " ".join(signatures)


def signed_bytes(notice_id: str, timestamp: str, body: bytes) -> bytes:
    """What a signature is over."""
    return f"{notice_id}.{timestamp}.".encode() + body


def read_secret(text: str, option: str = "--secret") -> bytes:
    """The bytes of a ``whsec_…`` secret.

    :raises InvalidInput: naming ``option``, when it is none.
    """
    key = _decoded(text, SECRET_PREFIX)
    if key is None or len(key) < 16:
        raise InvalidInput(option, "expected whsec_ and base64, as it was shown when the endpoint was made")
    return key


def read_public_key(text: str, option: str = "--public-key") -> bytes:
    """The bytes of a ``whpk_…`` key.

    :raises InvalidInput: naming ``option``, when it is none.
    """
    key = _decoded(text, PUBLIC_PREFIX)
    if key is None or len(key) != KEY_BYTES:
        raise InvalidInput(
            option, "expected whpk_ and base64, as `consentcore webhooks endpoint show` prints it"
        )
    return key


def is_hmac(secret: bytes, signed: bytes, given: str) -> bool:
    """Whether ``given`` (base64) is the ``v1`` signature under a secret."""
    expected = b64encode(hmac.digest(secret, signed, "sha256"))
    return hmac.compare_digest(expected, given.encode())


def is_ed25519(key: bytes, signed: bytes, given: str) -> bool:
    """Whether ``given`` (base64) is a ``v1a`` signature under a public key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(b64decode(given, validate=True), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _sign(secret: str, notice_id: str, timestamp: int, body: bytes) -> str:
    from standardwebhooks import Webhook

    if secret.startswith(PRIVATE_PREFIX):
        signed = signed_bytes(notice_id, str(timestamp), body)
        return "v1a," + b64encode(_private(secret).sign(signed)).decode()
    if not _decoded(secret, SECRET_PREFIX):
        raise ValueError("an unusable secret")
    return Webhook(secret).sign(notice_id, datetime.fromtimestamp(timestamp, UTC), body.decode())


def _private(secret: str) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed = _decoded(secret, PRIVATE_PREFIX)
    if seed is None or len(seed) != KEY_BYTES:
        raise ValueError("an unusable private key")
    return Ed25519PrivateKey.from_private_bytes(seed)


def _decoded(text: str, prefix: str) -> bytes | None:
    if not text.startswith(prefix):
        return None
    try:
        return b64decode(text.removeprefix(prefix), validate=True)
    except (BinasciiError, ValueError):
        return None
