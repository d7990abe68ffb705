"""Writing a bundle: what the log says up to its newest checkpoint, with a proof for each line of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Any

from consentcore.consent.bundle.lines import (
    BUNDLE,
    CONSISTENCY,
    DISCLOSURE,
    END,
    EVENT,
    GRANT,
    SCHEMA,
    SNAPSHOT,
    STATEMENT,
    TOMBSTONE,
    WITHHELD,
    json_object,
    written,
)
from consentcore.consent.evidence.cosignatures import cosigned
from consentcore.consent.evidence.errors import LedgerBroken
from consentcore.consent.evidence.growth import root_at, stored_tile
from consentcore.consent.evidence.log_state import LogState, state_of
from consentcore.consent.evidence.signer import LogSigner
from consentcore.consent.evidence.statements import StatementType, all_statements, statements
from consentcore.consent.ledger import canonical, recorded_at
from consentcore.consent.personal import digests_in
from consentcore.domain.clock import iso
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.grant_states import GrantState
from consentcore.tlog import BadNote, Note, TreeHead, consistency_proof, hash_at, inclusion_proof
from consentcore.tlog.base64 import encoded

if TYPE_CHECKING:
    from consentcore.consent.evidence.statements import Statement
    from consentcore.domain.event import ConsentEvent
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

PAGE = 50
"""Grants that are read at once."""
TILES = 4096
NODES = 1 << 16
_APART = "urn:consentcore:notice-snapshot:2"
"""Pages of this schema hold no personal text."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which grants: those that fit everything that is given. Nothing given: all of the log.

    :ivar since: with an event that was recorded then or later, in ms since the epoch; whole chains come, not parts.
    :ivar until: and before this time.
    """

    grant_id: str = ""
    owner_id: str = ""
    client_id: str = ""
    since: int | None = None
    until: int | None = None

    @property
    def complete(self) -> bool:
        """Whether it is all of the log."""
        return self == Selection()

    @property
    def facts(self) -> dict[str, object]:
        """What was given."""
        times = {"since": self.since, "until": self.until}
        ids = {"grant_id": self.grant_id, "owner_id": self.owner_id, "client_id": self.client_id}
        found: dict[str, object] = {name: one for name, one in ids.items() if one}
        return found | {name: iso(at) for name, at in times.items() if at is not None}

    def fits(self, events: Sequence[ConsentEvent]) -> bool:
        """Whether the chain of a grant belongs to it."""
        if self.since is None and self.until is None:
            return True
        times = map(recorded_at, events)
        return any(at >= (self.since or 0) and (self.until is None or at < self.until) for at in times)


@dataclass
class BundleWriter:
    """Writes one bundle.

    :param origin: the name of the log.
    :param personal: whether personal values come along.
    :param continues: earlier checkpoints, signed notes, that it is to prove to continue.
    :ivar events: how many were written.
    :ivar left_out: events that belong to it and are newer than the checkpoint.
    """

    storage: Storage
    keys: KeyRing
    issuer: str
    origin: str
    selection: Selection = field(default_factory=Selection)
    personal: bool = True
    continues: Sequence[str] = ()
    events: int = 0
    grants: int = 0
    size: int = 0
    left_out: int = 0
    _said: int = 0

    def lines(self, key_list: dict[str, Any], now: int, progress: Callable[[int], object]) -> Iterator[bytes]:
        """The lines, one at a time; memory does not grow with the log.

        :param key_list: as it is published.
        :param now: milliseconds since the epoch.
        :param progress: is told how many events were written since the last time.
        :raises NotFound: when there is no such grant.
        :raises InvalidInput: field ``continues``, at a checkpoint that is none or is not continued.
        :raises LedgerBroken: when what is there is not what was signed.
        """
        digest = sha256()
        for line in self._all(key_list, now, progress):
            digest.update(line)
            yield line
        if self.selection.complete and self.events + self._said != self.size:
            missing = self.size - self.events - self._said
            raise LedgerBroken(f"{missing} events of the log belong to no grant that is there")
        end = canonical(
            {
                "bundle": SCHEMA,
                "size": self.size,
                "grants": self.grants,
                "events": self.events,
                "statements": self._said,
                "sha256": digest.hexdigest(),
            }
        )
        yield written(END, {"note": str(self._signer.sign(end + "\n"))})

    def _all(self, key_list: dict[str, Any], now: int, progress: Callable[[int], object]) -> Iterator[bytes]:
        with self.storage.reading() as uow:
            yield self._begin(uow, key_list, now)
            # Who checks a part needs nothing of what was noted beside the events.
            said = all_statements if self.selection.complete else statements
            for one in said(uow, 0, self.size):
                self._said += 1
                yield self._statement(one)
            for text in self.continues:
                yield self._earlier(uow, text)
        for ids in self._grant_ids():
            with self.storage.reading() as uow:
                self._uow = uow
                for grant_id, events in groupby(uow.ledger.of_grants(ids), lambda one: one.grant_id):
                    written_all = list(events)
                    chain = [
                        one
                        for one in written_all
                        if one.leaf_index is not None and one.leaf_index < self.size
                    ]
                    if not self.selection.fits(written_all):
                        continue
                    self.left_out += len(written_all) - len(chain)
                    if chain:
                        yield from self._grant(uow, grant_id, chain)
                        progress(len(chain))

    def _begin(self, uow: UnitOfWork, key_list: dict[str, Any], now: int) -> bytes:
        state = state_of(uow, LogSigner(self.keys, self.origin), self.keys, LogState())
        if state.last is None:
            raise LedgerBroken("the log has no checkpoint yet")
        self._signer = LogSigner(self.keys, state.name(self.origin))
        self._uow, self.size = uow, state.last.size
        tile = lru_cache(TILES)(lambda level, number: stored_tile(self._uow, level, number))
        self._at = lru_cache(NODES)(hash_at(tile))
        return written(
            BUNDLE,
            {
                "schema": SCHEMA,
                "issuer": self.issuer,
                "made_at": iso(now),
                "log": self._signer.origin,
                "former_names": [one for one in state.names(self.origin) if one != self._signer.origin],
                "complete": self.selection.complete,
                "personal": self.personal,
                "selection": self.selection.facts,
                "checkpoint": str(cosigned(uow, state.last)),
                "keys": key_list["keys"],
            },
        )

    def _statement(self, one: Statement) -> bytes:
        content: dict[str, object] = {"index": one.index, "note": str(one.note)}
        content["proof"] = self._proof(one.index)
        if one.type is StatementType.RESUMED:
            content["consistency"] = self._continues(one.facts["kept"]["size"])
        return written(STATEMENT, content)

    def _earlier(self, uow: UnitOfWork, text: str) -> bytes:
        try:
            head = TreeHead.read(Note.read(text).text)
        except BadNote as error:
            raise InvalidInput("continues", f"expected a checkpoint ({error})") from None
        if head.size > self.size or root_at(uow, head.size) != head.root:
            raise InvalidInput("continues", f"the log does not continue the checkpoint of {head.size} events")
        return written(CONSISTENCY, {"checkpoint": text, "proof": self._continues(head.size)})

    def _grant_ids(self) -> Iterator[list[str]]:
        if self.selection.owner_id:
            found = sorted(self._of_owner())
            yield from (found[start : start + PAGE] for start in range(0, len(found), PAGE))
            return
        if self.selection.grant_id:
            with self.storage.reading() as uow:
                if uow.grants.get(self.selection.grant_id) is None:
                    raise NotFound("grant", self.selection.grant_id)
            yield [self.selection.grant_id]
            return
        after = ""
        while True:
            with self.storage.reading() as uow:
                page = uow.grants.all(client_id=self.selection.client_id, after=after, limit=PAGE)
            if page:
                yield [one.grant_id for one in page]
            if len(page) < PAGE:
                return
            after = page[-1].grant_id

    def _of_owner(self) -> Iterator[str]:
        owner_id, client_id, after = self.selection.owner_id, self.selection.client_id, ""
        while True:
            with self.storage.reading() as uow:
                page = uow.grants.of_owner(
                    owner_id, tuple(GrantState), client_id=client_id, after=after, limit=200
                )
            yield from (one.grant_id for one in page)
            if len(page) < 200:
                return
            after = page[-1].grant_id

    def _grant(self, uow: UnitOfWork, grant_id: str, chain: Sequence[ConsentEvent]) -> Iterator[bytes]:
        yield written(GRANT, {"grant_id": grant_id, "events": len(chain)})
        yield from self._material(uow, chain)
        for event in chain:
            index = event.leaf_index or 0
            content = {"index": index, "body": event.body, "record_hash": event.record_hash.hex()}
            yield written(EVENT, {**content, "proof": self._proof(index)})
        self.grants += 1
        self.events += len(chain)

    def _material(self, uow: UnitOfWork, chain: Sequence[ConsentEvent]) -> Iterator[bytes]:
        """The pages that were shown, the personal values, and what stands in place of what was forgotten."""
        bodies = [json_object(event.body) for event in chain]
        digests = [digest for body in bodies for digest in digests_in(body)]
        gone: list[str] = []
        for shown in dict.fromkeys(body["evidence"]["snapshot_hash"] for body in bodies):
            snapshot = uow.ledger.snapshot(shown) if shown else None
            if snapshot is None:
                gone += [shown] if shown else []
                continue
            content = json_object(snapshot.content)
            if not self.personal and content.get("schema") != _APART:
                yield written(WITHHELD, shown)
                continue
            digests += digests_in(content)
            yield written(SNAPSHOT, {"content": snapshot.content})
        wanted = list(dict.fromkeys(digests)) if self.personal else []
        known = uow.ledger.disclosures(wanted) if wanted else {}
        for digest in wanted:
            if digest in known:
                yield written(DISCLOSURE, known[digest].encoded)
        gone += [digest for digest in wanted if digest not in known]
        for subject, left in (uow.ledger.tombstones(gone) if gone else {}).items():
            facts = {"subject": subject, "forgotten_at": iso(left.forgotten_at), "reason": left.reason}
            yield written(TOMBSTONE, facts)

    def _proof(self, index: int) -> list[str]:
        try:
            return [encoded(one) for one in inclusion_proof(self._at, index, self.size)]
        except LookupError as error:
            raise LedgerBroken(f"hashes of the log are missing: {error}") from None

    def _continues(self, size: int) -> list[str]:
        return [encoded(one) for one in consistency_proof(self._at, size, self.size)]
