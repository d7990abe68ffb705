"""Records with sensible values; every field can be overridden by its name.

    grant = factories.grant(owner_id=owner.owner_id, client_id=client.client_id, expires_at=NOW)

Ids and hashes are new on every call. Times are milliseconds since the epoch; everything is made at :data:`NOW`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from typing import Any, TypeVar

from consentcore.api import (
    DAY,
    HOUR,
    MINUTE,
    Attempt,
    Audience,
    AuthorizationRequest,
    Checkpoint,
    Client,
    ClientSecret,
    Code,
    ConsentEvent,
    Delivery,
    EventType,
    Grant,
    GrantState,
    Interaction,
    NewToken,
    Notice,
    NoticeKind,
    NoticeSnapshot,
    Owner,
    OwnerIdentity,
    OwnerSession,
    OwnerTicket,
    PushedRequest,
    Redemption,
    Rotation,
    SealedSecret,
    WebhookEndpoint,
)

NOW = 1_795_000_000_000
"""The instant at which the factories make things: 2026-11-18T10:26:40Z."""

SCOPES = ("comfort.read", "energy.read")
"""What the factories ask for and grant."""

REDIRECT_URI = "https://app.example/callback"

T = TypeVar("T")


def unique(word: str) -> str:
    """Return an id that was not there before: ``client-3f9a…``."""
    return f"{word}-{secrets.token_hex(8)}"


def random_hash() -> bytes:
    """Return 32 bytes that stand for a SHA-256."""
    return secrets.token_bytes(32)


def _made(kind: type[T], defaults: dict[str, Any], overrides: dict[str, Any]) -> T:
    return kind(**{**defaults, **overrides})


def client(**overrides: Any) -> Client:
    """Make a confidential application; its secret is ``factories-client-secret``."""
    secret = ClientSecret(hashlib.sha256(b"factories-client-secret").digest(), NOW)
    defaults = {
        "client_id": unique("client"),
        "name": "Comfort Coach",
        "created_at": NOW,
        "secrets": (secret,),
        "redirect_uris": (REDIRECT_URI,),
        "scopes": (*SCOPES, "offline_access"),
        "publisher": "Coach Ltd",
        "website": "https://app.example/",
        "privacy_url": "https://app.example/privacy",
        "purpose": "Shows you when to heat.",
    }
    return _made(Client, defaults, overrides)


def endpoint(client_id: str, **overrides: Any) -> WebhookEndpoint:
    """Make a webhook endpoint of a client."""
    defaults = {
        "endpoint_id": unique("endpoint"),
        "client_id": client_id,
        "url": "https://app.example/hooks",
        "created_at": NOW,
        "secrets": (SealedSecret("sealed-by-the-key-ring", NOW),),
    }
    return _made(WebhookEndpoint, defaults, overrides)


def owner(**overrides: Any) -> Owner:
    """Make a data owner with an address of their own."""
    owner_id = overrides.get("owner_id", unique("owner"))
    defaults = {
        "owner_id": owner_id,
        "email": f"{owner_id}@example.org",
        "created_at": NOW,
        "name": "Ada",
        "timezone": "Europe/Paris",
    }
    return _made(Owner, defaults, overrides)


def session(owner_id: str, **overrides: Any) -> OwnerSession:
    """Make a browser session that lasts twelve hours."""
    defaults = {
        "session_hash": random_hash(),
        "owner_id": owner_id,
        "created_at": NOW,
        "expires_at": NOW + 12 * HOUR,
        "auth_time": NOW,
        "acr": "urn:example:password",
        "amr": ("pwd",),
        "seen_at": NOW,
        "address": "192.0.2.0/24",
        "browser": "Firefox",
    }
    return _made(OwnerSession, defaults, overrides)


def ticket(owner_id: str, **overrides: Any) -> OwnerTicket:
    """Make a ticket of an owner that can be used for an hour."""
    defaults = {
        "ticket_hash": random_hash(),
        "purpose": "password_reset",
        "owner_id": owner_id,
        "created_at": NOW,
        "expires_at": NOW + HOUR,
    }
    return _made(OwnerTicket, defaults, overrides)


def identity(owner_id: str, **overrides: Any) -> OwnerIdentity:
    """Make what an identity provider calls an owner."""
    defaults = {
        "issuer": "https://login.example",
        "subject": unique("subject"),
        "owner_id": owner_id,
        "created_at": NOW,
    }
    return _made(OwnerIdentity, defaults, overrides)


def request(client_id: str, **overrides: Any) -> AuthorizationRequest:
    """Make a validated authorization request."""
    defaults = {
        "client_id": client_id,
        "redirect_uri": REDIRECT_URI,
        "redirect_uri_given": True,
        "scopes": SCOPES,
        "state": "xyz",
    }
    return _made(AuthorizationRequest, defaults, overrides)


def pushed(client_id: str, **overrides: Any) -> PushedRequest:
    """Make a pushed authorization request that waits for a minute."""
    defaults = {
        "request_hash": random_hash(),
        "client_id": client_id,
        "query": "response_type=code&state=x%20y",
        "created_at": NOW,
        "expires_at": NOW + MINUTE,
    }
    return _made(PushedRequest, defaults, overrides)


def interaction(client_id: str, **overrides: Any) -> Interaction:
    """Make a pending authorization request that waits for ten minutes."""
    defaults = {
        "interaction_hash": random_hash(),
        "session_hash": random_hash(),
        "request": request(client_id),
        "created_at": NOW,
        "expires_at": NOW + 10 * MINUTE,
    }
    return _made(Interaction, defaults, overrides)


def grant(owner_id: str, client_id: str, **overrides: Any) -> Grant:
    """Make an active grant that lasts a year."""
    defaults = {
        "grant_id": str(uuid.uuid4()),
        "owner_id": owner_id,
        "client_id": client_id,
        "state": GrantState.ACTIVE,
        "scopes": tuple(f"{scope}@1" for scope in SCOPES),
        "created_at": NOW,
        "changed_at": NOW,
        "expires_at": NOW + 365 * DAY,
        "sequence": 1,
        "head": random_hash(),
        "seal": random_hash(),
        "key_id": "test1",
    }
    return _made(Grant, defaults, overrides)


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
    return _made(ConsentEvent, defaults, overrides)


def snapshot(**overrides: Any) -> NoticeSnapshot:
    """Make a notice snapshot with content of its own."""
    content = overrides.get("content", json.dumps({"title": unique("title")}))
    hashed = f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
    return _made(NoticeSnapshot, {"snapshot_hash": hashed, "content": content, "created_at": NOW}, overrides)


def checkpoint(**overrides: Any) -> Checkpoint:
    """Make a checkpoint over one leaf, with a random signature."""
    defaults = {
        "size": 1,
        "root": random_hash(),
        "created_at": NOW,
        "signature": random_hash(),
        "key_id": "test1",
    }
    return _made(Checkpoint, defaults, overrides)


def code(grant: Grant, **overrides: Any) -> Code:
    """Make a code under a grant, good for a minute."""
    defaults = {
        "code_hash": random_hash(),
        "family_id": unique("family"),
        "grant_id": grant.grant_id,
        "client_id": grant.client_id,
        "redirect_uri": REDIRECT_URI,
        "redirect_uri_given": True,
        "code_challenge": "",
        "scopes": SCOPES,
        "created_at": NOW,
        "expires_at": NOW + MINUTE,
    }
    return _made(Code, defaults, overrides)


def access(**overrides: Any) -> NewToken:
    """Make an access token about to be stored, good for an hour."""
    return _made(
        NewToken, {"token_hash": random_hash(), "scopes": SCOPES, "expires_at": NOW + HOUR}, overrides
    )


def refresh(**overrides: Any) -> NewToken:
    """Make a refresh token about to be stored, good for a day."""
    return access(**{"expires_at": NOW + DAY, **overrides})


def redemption(code: Code, **overrides: Any) -> Redemption:
    """Make the exchange of a code for two new tokens, a second after its birth."""
    defaults = {
        "code_hash": code.code_hash,
        "client_id": code.client_id,
        "now": NOW + 1000,
        "access": access(),
        "refresh": refresh(),
    }
    return _made(Redemption, defaults, overrides)


def rotation(token_hash: bytes, client_id: str, **overrides: Any) -> Rotation:
    """Make the exchange of a refresh token for new ones, two seconds after :data:`NOW`, with 10 s of grace."""
    defaults = {
        "token_hash": token_hash,
        "client_id": client_id,
        "now": NOW + 2000,
        "access": access(),
        "refresh": refresh(),
        "nonce": secrets.token_bytes(16),
        "nonce_key_id": "test1",
        "grace_ms": 10_000,
    }
    return _made(Rotation, defaults, overrides)


def notice(grant: Grant, **overrides: Any) -> Notice:
    """Make the notice that tells owner and client of a grant."""
    defaults = {
        "notice_id": str(uuid.uuid4()),
        "kind": NoticeKind.GRANTED,
        "grant_id": grant.grant_id,
        "client_id": grant.client_id,
        "owner_id": grant.owner_id,
        "audiences": (Audience.OWNER, Audience.CLIENT),
        "occurred_at": NOW,
        "data": json.dumps({"sequence": grant.sequence, "scopes": list(SCOPES)}),
    }
    return _made(Notice, defaults, overrides)


def delivery(notice_id: str, **overrides: Any) -> Delivery:
    """Make a delivery that is due at once."""
    defaults = {
        "delivery_id": str(uuid.uuid4()),
        "notice_id": notice_id,
        "notifier": "webhook",
        "target": unique("endpoint"),
        "created_at": NOW,
        "next_at": NOW,
        "body": b'{"type":"consent.granted"}',
    }
    return _made(Delivery, defaults, overrides)


def attempt(delivery_id: str, **overrides: Any) -> Attempt:
    """Make the first, successful try of a delivery."""
    defaults = {
        "delivery_id": delivery_id,
        "number": 1,
        "started_at": NOW,
        "latency_ms": 12,
        "outcome": "delivered",
        "status": 204,
    }
    return _made(Attempt, defaults, overrides)
