"""Cosignatures of witnesses (C2SP ``tlog-cosignature``, version 1: Ed25519 with a time)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.tlog.errors import BadNote
from consentcore.tlog.note import COSIGNATURE, Note, Signature, VerifierKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_TIME_BYTES = 8
_SIGNATURE_BYTES = 64


def cosigner_key(text: str) -> VerifierKey:
    """Read the verifier key of a witness.

    :raises BadNote: when it is none, or one for other signatures.
    """
    key = VerifierKey.read(text)
    if key.kind != COSIGNATURE:
        raise BadNote("expected the key of a witness: one of type 4, for Ed25519 cosignatures")
    return key


def cosign(text: str, name: str, private: Ed25519PrivateKey, seconds: int) -> Signature:
    """Cosign the text of a checkpoint at a time."""
    key = VerifierKey(name, private.public_key().public_bytes_raw(), COSIGNATURE)
    made = private.sign(_message(text, seconds))
    return Signature(name, key.key_id, seconds.to_bytes(_TIME_BYTES, "big") + made)


def cosigned_at(note: Note, key: VerifierKey) -> int | None:
    """When a witness cosigned, in seconds since the epoch; None when it did not. Of several the newest counts.

    :raises BadNote: when a signature that claims to be the witness's is not.
    """
    times = []
    for one in note.signatures:
        if not one.is_by(key):
            continue
        if len(one.data) != _TIME_BYTES + _SIGNATURE_BYTES:
            raise BadNote(f"the cosignature of {key.name} has another length")
        seconds = int.from_bytes(one.data[:_TIME_BYTES], "big")
        good = 0 < seconds < 1 << 63 and key.check(_message(note.text, seconds), one.data[_TIME_BYTES:])
        if not good:
            raise BadNote(f"the cosignature of {key.name} is wrong")
        times.append(seconds)
    return max(times, default=None)


def _message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
