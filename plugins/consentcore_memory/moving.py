"""Everything at once, for moving to another storage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from consentcore.api import (
    MOVED,
    Attempt,
    Checkpoint,
    Client,
    ClientLogo,
    ConsentEvent,
    Delivery,
    Disclosure,
    Grant,
    GrantState,
    GrantUse,
    InitialAccessToken,
    Interaction,
    KeptCode,
    KeptNotice,
    KeptRotation,
    KeptToken,
    LogObject,
    Moved,
    MovedPage,
    NoticeSnapshot,
    OneUse,
    Owner,
    OwnerIdentity,
    OwnerPassword,
    OwnerSession,
    OwnerTicket,
    PinnedScope,
    PushedRequest,
    Tombstone,
    WebhookEndpoint,
)
from consentcore_memory.engine import Engine
from consentcore_memory.state import Family, State, StoredNotice, StoredToken

PLAIN: Mapping[type, tuple[str, Callable[[Any], Any]]] = {
    Client: ("clients", lambda one: one.client_id),
    ClientLogo: ("logos", lambda one: one.client_id),
    WebhookEndpoint: ("endpoints", lambda one: one.endpoint_id),
    OwnerIdentity: ("identities", lambda one: (one.issuer, one.subject)),
    OwnerSession: ("sessions", lambda one: one.session_hash),
    OwnerTicket: ("tickets", lambda one: one.ticket_hash),
    InitialAccessToken: ("registration_tokens", lambda one: one.token_hash),
    Interaction: ("interactions", lambda one: one.interaction_hash),
    PushedRequest: ("pushed", lambda one: one.request_hash),
    Grant: ("grants", lambda one: one.grant_id),
    NoticeSnapshot: ("snapshots", lambda one: one.snapshot_hash),
    Disclosure: ("disclosures", lambda one: one.digest),
    Tombstone: ("tombstones", lambda one: one.subject),
    ConsentEvent: ("events", lambda one: one.event_id),
    Checkpoint: ("checkpoints", lambda one: one.size),
    LogObject: ("log_objects", lambda one: one.path),
    PinnedScope: ("pinned_scopes", lambda one: (one.scope_id, one.version, one.revision)),
    Delivery: ("deliveries", lambda one: one.delivery_id),
    Owner: ("owners", lambda one: one.owner_id),
}
"""Records that are kept as they are: in which table, under which key."""


class MemoryMoving:
    """:class:`consentcore.api.MovingStorage` in memory."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(self, after: str = "", *, limit: int = 1000) -> MovedPage:
        kind, _, number = (after or f"{next(iter(MOVED))}:0").partition(":")
        if kind not in MOVED or not number.isdecimal():
            raise ValueError(f"expected what a page said to follow, not {after!r}")
        start = int(number)
        page = list(islice(_records(self._engine.committed, MOVED[kind]), start, start + limit))
        if len(page) == limit:
            return MovedPage(page, f"{kind}:{start + limit}")
        kinds = list(MOVED)
        behind = kinds[kinds.index(kind) + 1 :]
        return MovedPage(page, f"{behind[0]}:0" if behind else "")

    def write(self, records: Sequence[Moved]) -> None:
        with self._engine.writing() as state:
            for record in records:
                _write(state, record)


def _records(state: State, kind: type) -> Iterable[Any]:
    if kind in PLAIN:
        table: Iterable[Any] = getattr(state, PLAIN[kind][0]).values()
        return table
    if kind is OwnerPassword:
        return (OwnerPassword(*row) for row in state.passwords.items())
    if kind is OneUse:
        return (OneUse(*row) for row in state.used_once.items())
    if kind is GrantUse:
        return (GrantUse(*row) for row in state.uses.items())
    if kind is Attempt:
        return (one for theirs in state.attempts.values() for one in theirs)
    if kind is KeptNotice:
        return (KeptNotice(row.notice, row.expanded_at, row.place) for row in state.notices.values())
    if kind is KeptCode:
        return _codes(state)
    return (_kept_token(state, row) for row in state.tokens.values())


def _codes(state: State) -> Iterable[KeptCode]:
    for code in state.codes.values():
        family = state.families.get(code.family_id)
        if family is not None:
            yield KeptCode(replace(code, family_proof=family.proof), family.killed_at)


def _kept_token(state: State, row: StoredToken) -> KeptToken:
    bare = replace(row.token, nonce=None, nonce_key_id="")
    successor = state.tokens.get(row.successor)
    if row.token.nonce is None or successor is None or successor.token.rotated_at is not None:
        return KeptToken(bare)
    return KeptToken(
        bare,
        KeptRotation(
            row.successor,
            row.access,
            row.grace_until,
            row.token.nonce,
            row.token.nonce_key_id,
            row.sealed_access,
        ),
    )


def _write(state: State, record: Any) -> None:
    kind = type(record)
    if kind in PLAIN:
        table, key = PLAIN[kind]
        before = getattr(state, table).get(key(record))
        getattr(state, table).put(key(record), record)
        _follow(state, before, record)
    elif isinstance(record, OwnerPassword):
        state.passwords.put(record.owner_id, record.encoded)
    elif isinstance(record, OneUse):
        state.used_once.put(record.key_hash, record.expires_at)
    elif isinstance(record, GrantUse):
        state.uses.put(record.grant_id, record.used_at)
    elif isinstance(record, Attempt):
        theirs = state.attempts.get(record.delivery_id) or ()
        others = tuple(one for one in theirs if one.number != record.number)
        state.attempts.put(record.delivery_id, (*others, record))
    elif isinstance(record, KeptNotice):
        row = StoredNotice(record.notice, record.expanded_at, record.place)
        state.notices.put(record.notice.notice_id, row)
    elif isinstance(record, KeptCode):
        code = record.code
        state.codes.put(code.code_hash, replace(code, family_proof=b""))
        family = Family(code.family_id, code.created_at, record.killed_at, code.family_proof)
        state.families.put(code.family_id, family)
    else:
        _write_token(state, record)


def _follow(state: State, before: Any, record: Any) -> None:
    """Keep what follows from a record that takes the place of the one before."""
    if isinstance(record, Owner):
        state.addresses.drop([] if before is None else [before.email])
        state.addresses.put(record.email, record.owner_id)
    elif isinstance(record, Grant):
        if before is not None and before.state is GrantState.ACTIVE:
            state.active.drop([(before.owner_id, before.client_id)])
        if record.state is GrantState.ACTIVE:
            state.active.put((record.owner_id, record.client_id), record.grant_id)
    elif isinstance(record, ConsentEvent):
        chain = state.chains.get(record.grant_id) or {}
        state.chains.put(record.grant_id, {**chain, record.sequence: record.event_id})
        if record.leaf_index is not None:
            state.leaves.put(record.leaf_index, record.event_id)


def _write_token(state: State, record: KeptToken) -> None:
    row, rotation = StoredToken(record.token), record.rotation
    if rotation is not None:
        row = StoredToken(
            replace(record.token, nonce=rotation.nonce, nonce_key_id=rotation.nonce_key_id),
            rotation.successor_hash,
            rotation.access_hash,
            rotation.grace_until,
            rotation.sealed_access,
        )
    state.tokens.put(record.token.token_hash, row)
