"""One run over every record that an older key has sealed, see :mod:`consentcore.operators.resealing`."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from consentcore.consent import forgetting, ledger
from consentcore.consent.chain_check import WRONG_KIND
from consentcore.domain.errors import InvalidInput, KeyUnavailable, StorageConflict
from consentcore.keys.ring import sealed_by
from consentcore.keys.sealed_passwords import judge_password, seal_password
from consentcore.keys.seals import Verdict, judge, key_id_of, seal_of
from consentcore.ports.seals import SealedKind, SealedRow
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.consent.vouching import Vouching
    from consentcore.domain.client import WebhookEndpoint
    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.grant import Grant
    from consentcore.operators.resealing_judges import Judges
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

CONSENTS = "consents"
PASSWORDS = "passwords"
PAGE = 100
MESSAGES = frozenset({SealedKind.NOTICE, SealedKind.DELIVERY})
"""What stands in the way of others while it waits to be told."""
REMEMBERED = 10_000

Step = Callable[["UnitOfWork"], object]


@dataclass(slots=True)
class Count:
    """How many records of a kind an older key has sealed.

    :ivar anew: that got the seal of the current key;
    :ivar left: that did not.
    """

    anew: int = 0
    left: int = 0


class ResealingRun:
    """Goes through everything once. Memory does not grow with what there is.

    :param storage: without seals of its own.
    :param trusted: kinds whose records are sealed anew as they stand,
    :param spent: but for these kinds of a key.
    :param progress: is told after every kind.
    """

    def __init__(
        self,
        storage: Storage,
        keys: KeyRing,
        vouching: Vouching,
        judges: Judges,
        *,
        trusted: frozenset[str],
        spent: Mapping[str, Collection[str]],
        progress: Callable[[str, Count], object],
    ) -> None:
        self._storage = storage
        self._keys = keys
        self._current = keys.current_id
        self._vouching = vouching
        self._judges = judges
        self._trusted = trusted
        self._spent = spent
        self._progress = progress
        self._counts: dict[str, Count] = {}
        self._pages: set[str] = set()
        self.exposed: list[str] = []
        """Endpoints with a secret that an older key has encrypted."""

    def all(self) -> Mapping[str, Count]:
        """Seal anew what is to be; how much of each kind there was."""
        self._chains()
        for kind in SealedKind:
            self._records(kind)
            self._progress(kind.value, self._count(kind.value))
        self._passwords()
        return {kind: count for kind, count in self._counts.items() if count.anew or count.left}

    def _count(self, kind: str) -> Count:
        return self._counts.setdefault(kind, Count())

    def _note(self, kind: str, *, anew: bool) -> bool:
        count = self._count(kind)
        count.anew, count.left = count.anew + anew, count.left + (not anew)
        return anew

    # --- what the ledger vouches for ---

    def _chains(self) -> None:
        """Grants with the notices and pages of their events."""
        after = ""
        while True:
            with self._storage.reading() as uow:
                page = uow.grants.all(after=after, limit=PAGE)
                steps = list(self._steps_of(uow, page))
            self._write(steps)
            if len(page) < PAGE:
                break
            after = page[-1].grant_id
        self._progress(CONSENTS, self._count(CONSENTS))

    def _steps_of(self, uow: UnitOfWork, page: Sequence[Grant]) -> Iterator[Step]:
        chains: dict[str, list[ConsentEvent]] = {grant.grant_id: [] for grant in page}
        for event in uow.ledger.of_grants(list(chains)):
            chains[event.grant_id].append(event)
        for grant in page:
            events = chains[grant.grant_id]
            vouched = self._vouching.grant(uow, grant, events)
            if grant.key_id != self._current and self._is_genuine(grant):
                anew = vouched or (
                    self._row_anew(grant) if self._is_trusted(CONSENTS, grant.key_id) else None
                )
                if self._note(CONSENTS, anew=anew is not None) and anew is not None:
                    yield partial(_replace_grant, anew, grant.sequence)
            if vouched is not None:
                yield from self._told(uow, events)
                yield from self._shown(uow, events)

    def _is_trusted(self, kind: str, key_id: str) -> bool:
        return kind in self._trusted and kind not in self._spent.get(key_id, ())

    def _is_genuine(self, grant: Grant) -> bool:
        try:
            return compare_digest(ledger.seal_of(self._keys, grant), grant.seal)
        except (KeyUnavailable, InvalidInput, *WRONG_KIND):
            return False

    def _row_anew(self, grant: Grant) -> Grant:
        anew = replace(grant, key_id=self._current)
        return replace(anew, seal=ledger.seal_of(self._keys, anew))

    def _told(self, uow: UnitOfWork, events: Sequence[ConsentEvent]) -> Iterator[Step]:
        for notice in uow.notices.several([event.event_id for event in events]).values():
            if self._is_older(SealedKind.NOTICE, notice) and self._vouching.notice(uow, notice, events):
                yield self._sealing(SealedKind.NOTICE, SealedRow(notice))

    def _shown(self, uow: UnitOfWork, events: Sequence[ConsentEvent]) -> Iterator[Step]:
        named = {json.loads(event.body)["evidence"]["snapshot_hash"] for event in events} - {""}
        if len(self._pages) > REMEMBERED:
            self._pages.clear()
        for snapshot_hash in sorted(named - self._pages):
            shown = uow.ledger.snapshot(snapshot_hash)
            if shown is None or not self._is_older(SealedKind.PAGE, shown):
                continue
            if self._vouching.page(shown, events):
                self._pages.add(snapshot_hash)
                yield self._sealing(SealedKind.PAGE, SealedRow(shown))

    # --- everything else ---

    def _records(self, kind: SealedKind) -> None:
        after = ""
        while True:
            with self._storage.reading() as uow:
                rows, after = uow.seals.page(kind, after=after, limit=PAGE)
                steps = list(self._judged(uow, kind, rows))
            self._write(steps)
            if not after:
                return

    def _judged(self, uow: UnitOfWork, kind: SealedKind, rows: Sequence[SealedRow]) -> Iterator[Step]:
        if kind is SealedKind.ENDPOINT:
            self.exposed += [row.record.endpoint_id for row in rows if self._is_exposed(row.record)]
        older = [row for row in rows if self._is_older(kind, row.record, row.proof)]
        records = [row.record for row in older]
        for row, vouched in zip(older, self._judges.vouched(uow, kind, records), strict=True):
            if vouched or self._is_trusted(kind.value, _key_id(kind, row.record)):
                yield self._sealing(kind, row)
                continue
            self._note(kind.value, anew=False)
            if kind in MESSAGES and self._keys.revoked_at(_key_id(kind, row.record)):
                yield partial(_put, kind, row.record, b"", "")

    def _sealing(self, kind: SealedKind, row: SealedRow) -> Step:
        self._note(kind.value, anew=True)
        if kind is SealedKind.TOMBSTONE:
            seal = forgetting.seal_anew(self._keys, row.record)
        else:
            seal = seal_of(self._keys, row.record, *_beside(kind, row.proof))
        return partial(_put, kind, row.record, seal, self._current)

    def _is_older(self, kind: SealedKind, record: Any, proof: bytes = b"") -> bool:
        """Whether an older key has sealed a record, as it is."""
        if _key_id(kind, record) == self._current:
            return False
        if kind is SealedKind.TOMBSTONE:
            return forgetting.judge(self._keys, record) is not Verdict.STRANGE
        return judge(self._keys, record, *_beside(kind, proof)) is not Verdict.STRANGE

    def _is_exposed(self, endpoint: WebhookEndpoint) -> bool:
        return any(sealed_by(secret.sealed) != self._current for secret in endpoint.secrets)

    def _passwords(self) -> None:
        after = ""
        while True:
            with self._storage.reading() as uow:
                page = [one.owner_id for one in uow.owners.list(after=after, limit=PAGE)]
                kept = [(owner_id, uow.owners.password_hash(owner_id)) for owner_id in page]
            self._write([step for one in kept if (step := self._password(*one)) is not None])
            if len(page) < PAGE:
                break
            after = page[-1]
        self._progress(PASSWORDS, self._count(PASSWORDS))

    def _password(self, owner_id: str, kept: str | None) -> Step | None:
        verdict, encoded = judge_password(self._keys, owner_id, kept or "")
        if kept is None or verdict is Verdict.STRANGE or kept.split(".")[1] == self._current:
            return None
        if not self._note(PASSWORDS, anew=self._is_trusted(PASSWORDS, kept.split(".")[1])):
            return None
        return partial(_set_password, owner_id, kept, seal_password(self._keys, owner_id, encoded))

    def _write(self, steps: Sequence[Step]) -> None:
        """As many as a commit takes together; those that somebody else was faster with are theirs."""
        size = max(1, self._storage.capabilities.fits(PAGE) // 2)
        for start in range(0, len(steps), size):
            part = steps[start : start + size]
            try:
                transact(self._storage, partial(_all, part), attempts=2)
            except StorageConflict:
                for step in part:
                    self._alone(step)

    def _alone(self, step: Step) -> None:
        try:
            transact(self._storage, step)
        except StorageConflict:
            return  # what was changed meanwhile bears a new seal, or is looked at by the next run


def _key_id(kind: SealedKind, record: Any) -> str:
    return str(record.key_id) if kind is SealedKind.TOMBSTONE else key_id_of(record.seal)


def _beside(kind: SealedKind, proof: bytes) -> tuple[bytes, ...]:
    return (proof,) if kind is SealedKind.TOKEN else ()


def _all(steps: Iterable[Step], uow: UnitOfWork) -> None:
    for step in steps:
        step(uow)


def _put(kind: SealedKind, record: Any, seal: bytes, key_id: str, uow: UnitOfWork) -> None:
    uow.seals.put(kind, [(record, seal)], key_id)


def _replace_grant(grant: Grant, expected_sequence: int, uow: UnitOfWork) -> None:
    uow.grants.update(grant, expected_sequence=expected_sequence)


def _set_password(owner_id: str, before: str, after: str, uow: UnitOfWork) -> None:
    if uow.owners.lock(owner_id) is not None and uow.owners.password_hash(owner_id) == before:
        uow.owners.set_password_hash(owner_id, after)
