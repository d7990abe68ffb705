"""A storage that notes what its records are from now on, and what is over: see :mod:`consentcore.keys.record_notes`.

It stands beneath the seals, so it sees records as they are kept. What a page or a command writes is noted in the same
transaction; what protocol routes end is gathered, because they have one write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from consentcore.domain.exchange import Rotated
from consentcore.keys.ended_log import LONGEST_MS, LONGEST_SESSION_MS, EndedLog
from consentcore.keys.record_notes import (
    EndedNote,
    RecordKind,
    content_of,
    note_ended,
    note_record,
    password_content,
    split,
)

if TYPE_CHECKING:
    from consentcore.domain.client import Client, WebhookEndpoint
    from consentcore.domain.clock import Clock
    from consentcore.domain.exchange import RotateOutcome, Rotation
    from consentcore.domain.owner import Owner, OwnerIdentity, OwnerSession
    from consentcore.keys.seals import Sealed
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import TransactionManager, UnitOfWork


class _Part:
    """One part of a unit of work; what it does not change is that of the part itself."""

    def __init__(self, inner: Any, uow: UnitOfWork, keys: KeyRing, clock: Clock) -> None:
        self._inner = inner
        self._uow = uow
        self._keys = keys
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _note(self, kind: RecordKind, identifier: str, record: Sealed | None) -> None:
        note_record(self._uow, self._keys, kind, identifier, content_of(record) if record else None)


class _Clients(_Part):
    def add(self, client: Client) -> None:
        self._inner.add(client)
        self._note(RecordKind.CLIENT, client.client_id, client)

    def update(self, client: Client) -> None:
        self._inner.update(client)
        self._note(RecordKind.CLIENT, client.client_id, client)

    def remove_unused(self, client_id: str) -> bool:
        removed: bool = self._inner.remove_unused(client_id)
        if removed:
            self._note(RecordKind.CLIENT, client_id, None)
        return removed

    def add_endpoint(self, endpoint: WebhookEndpoint) -> None:
        self._inner.add_endpoint(endpoint)
        self._note(RecordKind.ENDPOINT, endpoint.endpoint_id, endpoint)

    def update_endpoint(self, endpoint: WebhookEndpoint) -> None:
        self._inner.update_endpoint(endpoint)
        self._note(RecordKind.ENDPOINT, endpoint.endpoint_id, endpoint)

    def remove_endpoint(self, endpoint_id: str) -> bool:
        removed: bool = self._inner.remove_endpoint(endpoint_id)
        if removed:
            self._note(RecordKind.ENDPOINT, endpoint_id, None)
        return removed


class _Owners(_Part):
    def add(self, owner: Owner) -> None:
        self._inner.add(owner)
        self._note(RecordKind.OWNER, owner.owner_id, owner)

    def update(self, owner: Owner) -> None:
        self._inner.update(owner)
        self._note(RecordKind.OWNER, owner.owner_id, owner)

    def set_password_hash(self, owner_id: str, encoded: str) -> None:
        self._inner.set_password_hash(owner_id, encoded)
        content = password_content(owner_id, encoded)
        note_record(self._uow, self._keys, RecordKind.PASSWORD, owner_id, content)

    def end_session(self, session_hash: bytes) -> bool:
        ended: bool = self._inner.end_session(session_hash)
        if ended:
            until = self._clock.now() + LONGEST_SESSION_MS
            note_ended(self._uow, self._keys, EndedNote(until, sessions=(session_hash.hex(),)))
        return ended

    def end_sessions(self, owner_id: str, *, keep: bytes = b"") -> int:
        going = [one for one in self._inner.sessions(owner_id, 0) if one.session_hash != keep]
        count: int = self._inner.end_sessions(owner_id, keep=keep)
        self._over(going)
        return count

    def _over(self, sessions: list[OwnerSession]) -> None:
        until = max((one.expires_at for one in sessions), default=0)
        for some in split(one.session_hash.hex() for one in sessions):
            note_ended(self._uow, self._keys, EndedNote(until, sessions=some))


class _Identities(_Part):
    def add(self, identity: OwnerIdentity) -> None:
        self._inner.add(identity)
        self._note(RecordKind.IDENTITY, identity_id(identity), identity)

    def drop(self, owner_id: str) -> int:
        going = self._inner.of_owner(owner_id)
        count: int = self._inner.drop(owner_id)
        for one in going:
            self._note(RecordKind.IDENTITY, identity_id(one), None)
        return count


class _Tokens(_Part):
    def kill_family(self, family_id: str, now: int) -> bool:
        killed: bool = self._inner.kill_family(family_id, now)
        if killed:
            note_ended(self._uow, self._keys, EndedNote(now + LONGEST_MS, families=(family_id,)))
        return killed


class _Unit:
    """:class:`~consentcore.ports.transactions.UnitOfWork`."""

    PARTS: Mapping[str, type[_Part]] = {
        "clients": _Clients,
        "owners": _Owners,
        "identities": _Identities,
        "tokens": _Tokens,
    }

    def __init__(self, inner: UnitOfWork, keys: KeyRing, clock: Clock) -> None:
        self._inner = inner
        self._keys = keys
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        part = getattr(self._inner, name)
        kind = self.PARTS.get(name)
        found = part if kind is None else kind(part, self._inner, self._keys, self._clock)
        self.__dict__[name] = found
        return found


class _Protocol:
    """:class:`~consentcore.ports.tokens.ProtocolStorage`."""

    def __init__(self, inner: Any, ended: EndedLog) -> None:
        self._inner = inner
        self._ended = ended

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        self.__dict__[name] = found
        return found

    def kill_family(self, family_id: str, now: int) -> bool:
        killed: bool = self._inner.kill_family(family_id, now)
        if killed:
            self._ended.killed(family_id, now)
        return killed

    def rotate_refresh(self, rotation: Rotation) -> RotateOutcome:
        outcome: RotateOutcome = self._inner.rotate_refresh(rotation)
        if rotation.rotate and isinstance(outcome, Rotated):
            self._ended.rotated(rotation.token_hash, rotation.refresh.expires_at)
        return outcome


class RecordedStorage:
    """:class:`~consentcore.ports.storage.Storage` over another one. What only that one has can still be reached.

    :param keys: what the notes are sealed with.
    """

    def __init__(self, storage: Storage, keys: KeyRing, clock: Clock) -> None:
        self._storage = storage
        self._keys = keys
        self._clock = clock
        self._ended = EndedLog(storage, keys)
        self._made: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    @property
    def bare(self) -> Storage:
        """The storage beneath, as its plugin made it: what is written there is noted nowhere."""
        return self._storage

    @property
    def protocol(self) -> Any:
        """See :attr:`Storage.protocol`."""
        return self._once("protocol", lambda: _Protocol(self._storage.protocol, self._ended))

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        """See :meth:`Storage.transaction`."""
        with self._storage.transaction() as uow:
            yield _Unit(uow, self._keys, self._clock)

    def join(self, tm: TransactionManager, *, write: bool) -> UnitOfWork:
        """See :meth:`Storage.join`."""
        return _Unit(self._storage.join(tm, write=write), self._keys, self._clock)

    def close(self) -> None:
        """Note what was gathered, and end the connections."""
        self._ended.close()
        self._storage.close()

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = make()
        return found


def identity_id(identity: OwnerIdentity) -> str:
    """What an identity is called among the notes."""
    return f"{identity.issuer}\0{identity.subject}"
