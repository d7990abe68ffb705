"""Consent events, snapshots and checkpoints."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from base64 import urlsafe_b64encode
from typing import Any

from consentcore.api import (
    Checkpoint,
    ConsentEvent,
    Disclosure,
    EventType,
    Grant,
    NoticeSnapshot,
    Tombstone,
    TreeHead,
)
from consentcore.testing.factories.base import NOW, made, random_hash, unique


def event(grant: Grant, **overrides: Any) -> ConsentEvent:
    """Make the first event of a grant; the hashes are random, so the chain does not verify."""
    defaults = {
        "event_id": str(uuid.uuid4()),
        "grant_id": grant.grant_id,
        "sequence": 1,
        "type": EventType.GRANTED,
        "owner_id": grant.owner_id,
        "client_id": grant.client_id,
        "occurred_at": NOW,
        "body": json.dumps({"grant_id": grant.grant_id}, separators=(",", ":")),
        "prev_hash": bytes(32),
        "record_hash": random_hash(),
        "key_id": "test1",
    }
    return made(ConsentEvent, defaults, overrides)


def snapshot(**overrides: Any) -> NoticeSnapshot:
    """Make a notice snapshot with content of its own."""
    content = overrides.get("content", json.dumps({"title": unique("title")}))
    hashed = f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
    return made(NoticeSnapshot, {"snapshot_hash": hashed, "content": content, "created_at": NOW}, overrides)


def disclosure(**overrides: Any) -> Disclosure:
    """Make a disclosure of a name, with a salt of its own."""
    text = json.dumps([secrets.token_urlsafe(16), "owner_name", unique("Ada")])
    encoded = overrides.get("encoded", _base64(text.encode()))
    digest = _base64(hashlib.sha256(encoded.encode()).digest())
    return made(Disclosure, {"digest": digest, "encoded": encoded}, overrides)


def tombstone(subject: str, **overrides: Any) -> Tombstone:
    """Make what is left of something forgotten; its seal is random."""
    defaults = {
        "subject": subject,
        "forgotten_at": NOW,
        "reason": "erasure",
        "key_id": "test1",
        "seal": random_hash(),
    }
    return made(Tombstone, defaults, overrides)


def signed_checkpoint(size: int, origin: str = "log.example") -> Checkpoint:
    """Make a checkpoint over that many leaves with a note, signed by a key that nobody knows."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from consentcore.tlog.note import sign

    root = random_hash()
    note = sign(str(TreeHead(origin, size, root)), origin, Ed25519PrivateKey.generate())
    signature = note.signatures[0].data
    return checkpoint(size=size, root=root, signature=signature, note=str(note), seal=random_hash())


def checkpoint(**overrides: Any) -> Checkpoint:
    """Make a checkpoint over one leaf, with a random signature."""
    defaults = {
        "size": 1,
        "root": random_hash(),
        "created_at": NOW,
        "signature": random_hash(),
        "key_id": "test1",
    }
    return made(Checkpoint, defaults, overrides)


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
