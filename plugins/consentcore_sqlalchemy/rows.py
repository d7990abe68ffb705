"""Between rows and the values of the domain.

A row is a sequence in the order of the table's columns, whether it comes from SQLAlchemy or from a driver's cursor;
that is why flags are made ``bool`` here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from consentcore.api import (
    AuthMethod,
    AuthorizationRequest,
    Checkpoint,
    Client,
    ClientKind,
    ClientSecret,
    Code,
    ConsentEvent,
    EventType,
    Grant,
    GrantState,
    Interaction,
    NewToken,
    NoticeSnapshot,
    Owner,
    OwnerSession,
    SealedSecret,
    WebhookEndpoint,
)

Row = Sequence[Any]
Values = dict[str, Any]


def to_json(value: object) -> str:
    """Write compact JSON."""
    return json.dumps(value, separators=(",", ":"))


@lru_cache(maxsize=2048)
def texts(stored: str) -> tuple[str, ...]:
    """Read a list of strings. Scope lists repeat endlessly, hence the cache."""
    return tuple(json.loads(stored))


def texts_json(values: Iterable[str]) -> str:
    """Write a list of strings."""
    return to_json([str(value) for value in values])


# --- clients ---


def client_values(client: Client) -> Values:
    """Columns of a client."""
    return {
        "client_id": client.client_id,
        "name": client.name,
        "created_at": client.created_at,
        "kind": client.kind.value,
        "auth_method": client.auth_method.value,
        "secrets": to_json([[s.hash.hex(), s.created_at, s.expires_at] for s in client.secrets]),
        "redirect_uris": texts_json(client.redirect_uris),
        "scopes": texts_json(client.scopes),
        "publisher": client.publisher,
        "website": client.website,
        "privacy_url": client.privacy_url,
        "purpose": client.purpose,
        "require_pkce": client.require_pkce,
        "enabled": client.enabled,
    }


def client_from(row: Row) -> Client:
    """Read a client."""
    return _client(tuple(row))


@lru_cache(maxsize=256)
def _client(row: tuple[Any, ...]) -> Client:
    # Keyed by everything that was read: a changed row is another key, so the cache cannot be stale.
    return Client(
        client_id=row[0],
        name=row[1],
        created_at=row[2],
        kind=ClientKind(row[3]),
        auth_method=AuthMethod(row[4]),
        secrets=tuple(ClientSecret(bytes.fromhex(h), made, ends) for h, made, ends in json.loads(row[5])),
        redirect_uris=texts(row[6]),
        scopes=texts(row[7]),
        publisher=row[8],
        website=row[9],
        privacy_url=row[10],
        purpose=row[11],
        require_pkce=bool(row[12]),
        enabled=bool(row[13]),
    )


def endpoint_values(endpoint: WebhookEndpoint) -> Values:
    """Columns of a webhook endpoint."""
    return {
        "endpoint_id": endpoint.endpoint_id,
        "client_id": endpoint.client_id,
        "url": endpoint.url,
        "created_at": endpoint.created_at,
        "secrets": to_json([[s.sealed, s.created_at, s.expires_at] for s in endpoint.secrets]),
        "events": texts_json(endpoint.events),
        "disabled_at": endpoint.disabled_at,
        "disabled_reason": endpoint.disabled_reason,
    }


def endpoint_from(row: Row) -> WebhookEndpoint:
    """Read a webhook endpoint."""
    return WebhookEndpoint(
        endpoint_id=row[0],
        client_id=row[1],
        url=row[2],
        created_at=row[3],
        secrets=tuple(SealedSecret(sealed, made, ends) for sealed, made, ends in json.loads(row[4])),
        events=texts(row[5]),
        disabled_at=row[6],
        disabled_reason=row[7],
    )


# --- owners ---


def owner_values(owner: Owner) -> Values:
    """Columns of an owner, but for the password."""
    return {
        "owner_id": owner.owner_id,
        "email": owner.email,
        "created_at": owner.created_at,
        "name": owner.name,
        "locale": owner.locale,
        "timezone": owner.timezone,
    }


def owner_from(row: Row) -> Owner:
    """Read an owner."""
    return Owner(row[0], row[1], row[2], row[3], row[4], row[5])


def session_values(session: OwnerSession) -> Values:
    """Columns of a browser session."""
    return {
        "session_hash": session.session_hash,
        "owner_id": session.owner_id,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "auth_time": session.auth_time,
        "acr": session.acr,
        "amr": texts_json(session.amr),
    }


def session_from(row: Row) -> OwnerSession:
    """Read a browser session."""
    return OwnerSession(row[0], row[1], row[2], row[3], row[4], row[5], texts(row[6]))


# --- interactions ---


def interaction_values(interaction: Interaction) -> Values:
    """Columns of an interaction."""
    request = interaction.request
    return {
        "interaction_hash": interaction.interaction_hash,
        "session_hash": interaction.session_hash,
        "request": to_json(
            {
                "client_id": request.client_id,
                "redirect_uri": request.redirect_uri,
                "redirect_uri_given": request.redirect_uri_given,
                "scopes": list(request.scopes),
                "state": request.state,
                "code_challenge": request.code_challenge,
                "prompt": request.prompt,
                "ui_locales": list(request.ui_locales),
            }
        ),
        "created_at": interaction.created_at,
        "expires_at": interaction.expires_at,
        "owner_id": interaction.owner_id,
    }


def interaction_from(row: Row) -> Interaction:
    """Read an interaction."""
    request = json.loads(row[2])
    request["scopes"], request["ui_locales"] = tuple(request["scopes"]), tuple(request["ui_locales"])
    return Interaction(
        interaction_hash=row[0],
        session_hash=row[1],
        request=AuthorizationRequest(**request),
        created_at=row[3],
        expires_at=row[4],
        owner_id=row[5],
    )


# --- grants and evidence ---


def grant_values(grant: Grant) -> Values:
    """Columns of a grant."""
    return {
        "grant_id": grant.grant_id,
        "owner_id": grant.owner_id,
        "client_id": grant.client_id,
        "state": grant.state.value,
        "scopes": texts_json(grant.scopes),
        "created_at": grant.created_at,
        "changed_at": grant.changed_at,
        "expires_at": grant.expires_at,
        "resources": texts_json(grant.resources),
        "replaces": grant.replaces,
        "sequence": grant.sequence,
        "head": grant.head,
        "seal": grant.seal,
        "key_id": grant.key_id,
    }


def grant_from(row: Row) -> Grant:
    """Read a grant."""
    return Grant(
        grant_id=row[0],
        owner_id=row[1],
        client_id=row[2],
        state=GrantState(row[3]),
        scopes=texts(row[4]),
        created_at=row[5],
        changed_at=row[6],
        expires_at=row[7],
        resources=texts(row[8]),
        replaces=row[9],
        sequence=row[10],
        head=row[11],
        seal=row[12],
        key_id=row[13],
    )


def event_values(event: ConsentEvent) -> Values:
    """Columns of a consent event."""
    return {
        "event_id": event.event_id,
        "grant_id": event.grant_id,
        "sequence": event.sequence,
        "type": event.type.value,
        "owner_id": event.owner_id,
        "client_id": event.client_id,
        "occurred_at": event.occurred_at,
        "body": event.body,
        "prev_hash": event.prev_hash,
        "record_hash": event.record_hash,
        "key_id": event.key_id,
        "leaf_index": event.leaf_index,
    }


def event_from(row: Row) -> ConsentEvent:
    """Read a consent event."""
    return ConsentEvent(
        event_id=row[0],
        grant_id=row[1],
        sequence=row[2],
        type=EventType(row[3]),
        owner_id=row[4],
        client_id=row[5],
        occurred_at=row[6],
        body=row[7],
        prev_hash=row[8],
        record_hash=row[9],
        key_id=row[10],
        leaf_index=row[11],
    )


def snapshot_values(snapshot: NoticeSnapshot) -> Values:
    """Columns of a notice snapshot."""
    return {
        "snapshot_hash": snapshot.snapshot_hash,
        "content": snapshot.content,
        "created_at": snapshot.created_at,
    }


def snapshot_from(row: Row) -> NoticeSnapshot:
    """Read a notice snapshot."""
    return NoticeSnapshot(row[0], row[1], row[2])


def checkpoint_values(checkpoint: Checkpoint) -> Values:
    """Columns of a checkpoint."""
    return {
        "size": checkpoint.size,
        "root": checkpoint.root,
        "created_at": checkpoint.created_at,
        "signature": checkpoint.signature,
        "key_id": checkpoint.key_id,
    }


def checkpoint_from(row: Row) -> Checkpoint:
    """Read a checkpoint."""
    return Checkpoint(row[0], row[1], row[2], row[3], row[4])


# --- codes and tokens ---

CODE_COLUMNS = (
    "code_hash",
    "family_id",
    "grant_id",
    "client_id",
    "redirect_uri",
    "redirect_uri_given",
    "code_challenge",
    "scopes",
    "created_at",
    "expires_at",
    "used_at",
)
"""Columns of table ``code`` that make a :class:`~consentcore.api.Code`; the others are its family's."""


def code_values(code: Code) -> Values:
    """Columns of a code and its new family."""
    return {
        "code_hash": code.code_hash,
        "family_id": code.family_id,
        "grant_id": code.grant_id,
        "client_id": code.client_id,
        "redirect_uri": code.redirect_uri,
        "redirect_uri_given": code.redirect_uri_given,
        "code_challenge": code.code_challenge,
        "scopes": texts_json(code.scopes),
        "created_at": code.created_at,
        "expires_at": code.expires_at,
        "used_at": code.used_at,
        "purge_at": code.expires_at,
        "ends_at": code.expires_at,
    }


def code_from(row: Row) -> Code:
    """Read a code from :data:`CODE_COLUMNS`."""
    return Code(
        code_hash=row[0],
        family_id=row[1],
        grant_id=row[2],
        client_id=row[3],
        redirect_uri=row[4],
        redirect_uri_given=bool(row[5]),
        code_challenge=row[6],
        scopes=texts(row[7]),
        created_at=row[8],
        expires_at=row[9],
        used_at=row[10],
    )


def new_token_values(token: NewToken, prefix: str) -> Values:
    """Parameters of a token about to be stored, by names that start with ``prefix``."""
    return {
        f"{prefix}_hash": token.token_hash,
        f"{prefix}_scopes": texts_json(token.scopes),
        f"{prefix}_expires_at": token.expires_at,
    }
