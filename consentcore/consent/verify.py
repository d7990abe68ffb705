"""Proof that the evidence is what was written: every event, every grant row, every checkpoint.

Runs on a live system: each page of grants is read with its chains in one consistent view, so that a change
under way is seen whole or not at all; where the storage has no such view, what seems wrong is looked at again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from consentcore.consent import looks
from consentcore.consent.chain_check import WRONG_KIND, ChainCheck
from consentcore.consent.evidence.anchored import AnchorReading, contradictions, read_anchors
from consentcore.consent.evidence.generations import Resumption, resumptions
from consentcore.consent.evidence.log_check import LogCheck, checked_statements, unseen
from consentcore.consent.evidence.log_state import LogState
from consentcore.consent.evidence.note_check import NoteCheck
from consentcore.consent.evidence.record_check import RecordCheck, doubles
from consentcore.consent.evidence.retired import ended_keys
from consentcore.consent.evidence.signer import LogSigner
from consentcore.consent.evidence.statements import Statement
from consentcore.consent.ledger import recorded_at
from consentcore.consent.looks import Problem
from consentcore.domain.errors import InvalidInput, StorageConflict, StorageError, StorageUnavailable
from consentcore.domain.event import ConsentEvent
from consentcore.domain.grant import Grant
from consentcore.hooks.calling import Leash
from consentcore.keys.sealed_storage import SealedStorage
from consentcore.ports.extension import Anchor
from consentcore.ports.keys import KeyRing
from consentcore.ports.storage import Storage
from consentcore.ports.transactions import UnitOfWork
from consentcore.tlog import BadNote

T = TypeVar("T")

Progress = Callable[[int], object]

AGAIN_AFTER_S = (0.0, 0.1, 0.5)
"""Waits before what seems wrong is looked at again, where a view is not of one moment."""
PAGE = 200
MOST_PROBLEMS = 1000


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What was looked at and what was found, the first broken event first.

    :ivar forgotten: personal values and snapshots that are gone because they were forgotten, which is in order.
    :ivar anchors: what each of them answered.
    :ivar resumed: ranges of the log that were lost, as it says itself.
    :ivar waiting_since: when the oldest event was written that has no place in the log yet, in milliseconds since the
        epoch; None where none waits.
    """

    ok: bool
    grants: int
    events: int
    checkpoints: int
    problems: tuple[Problem, ...]
    forgotten: int = 0
    anchors: tuple[AnchorReading, ...] = ()
    resumed: tuple[Resumption, ...] = ()
    waiting_since: int | None = None


def verify_all(
    storage: Storage,
    keys: KeyRing,
    anchors: Mapping[str, Anchor] | None = None,
    *,
    origin: str = "",
    progress: Progress = unseen,
) -> VerificationReport:
    """Check the whole ledger against its hashes, the grants against their chains, the leaves against the checkpoints,
    and these against what is kept outside.

    At most the first 1000 problems are named. Memory does not grow with the ledger.

    :param anchors: by name; one that cannot be read says so in the report.
    :param origin: the name of the log, to ask anchors for.
    :param progress: is told how many events were looked at since the last time; each is looked at twice, in its chain
        and in the log.
    :raises StorageUnavailable, StorageConflict: when the storage cannot be read.
    """
    return _Verification(storage, keys, anchors or {}, origin, progress).run()


class _Verification:
    def __init__(
        self,
        storage: Storage,
        keys: KeyRing,
        anchors: Mapping[str, Anchor],
        origin: str,
        progress: Progress,
    ) -> None:
        self._anchors, self._origin, self._progress = anchors, origin, progress
        self._readings: list[AnchorReading] = []
        self._said: list[Statement] = []
        sealing = isinstance(storage, SealedStorage)
        self._storage = storage.bare if isinstance(storage, SealedStorage) else storage
        self._records = RecordCheck(keys) if sealing else None
        self._keys = keys
        self._ended: dict[str, int] = {}
        self._grants = self._events = self._checkpoints = 0
        self._problems: list[Problem] = []
        self._waiting_since: int | None = None
        self._signer = LogSigner(keys, "")
        self._chains = ChainCheck(keys)

    def run(self) -> VerificationReport:
        steps = (
            self._check_statements,
            self._check_grants,
            self._check_orphans,
            self._check_log,
            self._check_records,
        )
        for step in steps:
            try:
                step()
            except (StorageUnavailable, StorageConflict):
                raise  # nothing was found: it could not be looked at
            except (StorageError, InvalidInput, *WRONG_KIND) as error:
                # What a storage raises over a row that it cannot even read; other rows are no excuse.
                self._found(Problem("", None, "", f"a row cannot be read: {error}"))
        return VerificationReport(
            not self._problems,
            self._grants,
            self._events,
            self._checkpoints,
            tuple(self._problems),
            self._chains.disclosures.forgotten,
            tuple(self._readings),
            tuple(resumptions(self._said)),
            self._waiting_since,
        )

    def _found(self, problem: Problem) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(problem)

    def _look(self, look: Callable[[UnitOfWork, list[Problem]], T]) -> T:
        """Read something in one view and note what is wrong with it.

        Where a view is not of one moment, a change under way looks like a contradiction: only what is still there
        when looked at again counts.

        :param look: adds what is wrong to the list that it is given.
        """
        problems: list[Problem] = []
        try:
            seen = self._read(look, problems)
            for wait_s in () if self._storage.capabilities.snapshot_reads else AGAIN_AFTER_S:
                if not problems:
                    break
                time.sleep(wait_s)
                before, problems = problems, []
                seen = self._read(look, problems)
                problems = [one for one in problems if one in before]
            return seen
        finally:
            for problem in problems:
                self._found(problem)

    def _read(self, look: Callable[[UnitOfWork, list[Problem]], T], problems: list[Problem]) -> T:
        with self._storage.reading() as uow:
            return look(uow, problems)

    def _check_statements(self) -> None:
        try:
            self._said = checked_statements(self._storage.reading, self._signer)
        except BadNote as error:
            self._found(Problem("", None, "", str(error)))
        self._ended = ended_keys(self._said)
        self._chains = ChainCheck(self._keys, self._ended, sealed=self._records is not None)

    def _check_grants(self) -> None:
        after = ""
        while True:
            page, events = self._look(partial(self._grants_behind, after))
            self._grants += len(page)
            self._events += events
            self._progress(events)
            if len(page) < PAGE:
                return
            after = page[-1].grant_id

    def _grants_behind(
        self, after: str, uow: UnitOfWork, problems: list[Problem]
    ) -> tuple[Sequence[Grant], int]:
        """A page of grants, and how many events they have."""
        page = uow.grants.all(after=after, limit=PAGE)
        chains = looks.chains(uow, page)
        events = sum(self._chain(uow, grant, chains, problems) for grant in page)
        problems += self._values(uow)
        if self._records is not None:
            problems += [
                Problem(grant.grant_id, None, "", text) for grant, text in self._records.named(uow, page)
            ]
            problems += [
                Problem(event.grant_id, event.sequence, event.event_id, text)
                for event, text in self._records.notices(uow)
            ]
        problems += [Problem(grant.grant_id, None, "", text) for grant, text in doubles(uow, page)]
        return page, events

    def _chain(
        self,
        uow: UnitOfWork,
        grant: Grant,
        chains: Mapping[str, Sequence[ConsentEvent]] | None,
        problems: list[Problem],
    ) -> int:
        """How many events a grant has."""
        count = 0
        try:
            found = uow.ledger.of_grant(grant.grant_id) if chains is None else chains.get(grant.grant_id)
            events = found or ()
            count = len(events)
            problems.extend(
                Problem(grant.grant_id, finding.sequence, finding.event_id, finding.text)
                for finding in self._chains.findings(uow, grant, events)
            )
            if self._records is not None:
                self._records.note(events)
            self._note_waiting(events)
        except WRONG_KIND as error:
            problems.append(Problem(grant.grant_id, None, "", f"a row of its chain cannot be read: {error}"))
        return count

    def _note_waiting(self, events: Sequence[ConsentEvent]) -> None:
        if not events or events[-1].leaf_index is not None:
            return
        waits = min(recorded_at(event) for event in events if event.leaf_index is None)
        self._waiting_since = min(waits, self._waiting_since or waits)

    def _values(self, uow: UnitOfWork) -> list[Problem]:
        """What is wrong with personal values that the chains just read commit to."""
        return [
            Problem(one.event.grant_id, one.event.sequence, one.event.event_id, one.text)
            for one in self._chains.disclosures.settle(uow)
        ]

    def _check_records(self) -> None:
        """Applications, owners, the words of scopes, and what was noted beside them, page by page."""
        if self._records is None:
            return
        notes = NoteCheck(self._keys, self._signer, self._ended)
        for behind in (*self._records.walks(), *notes.walks()):
            after = self._look(partial(looks.judged, behind, ""))
            while after:
                after = self._look(partial(looks.judged, behind, after))

    def _check_orphans(self) -> None:
        self._look(looks.orphans)

    def _check_log(self) -> None:
        self._look(looks.uncovered)
        resumed = resumptions(self._said)
        with self._storage.reading() as uow:
            names = LogState(uow.ledger.newest_checkpoint(), resumed=tuple(resumed)).names(self._origin)
        self._readings = read_anchors(self._anchors, names, self._signer, Leash())
        sizes = frozenset(one.head.size for reading in self._readings for one in reading.heads)
        check = LogCheck(
            self._storage.reading, self._keys, self._signer, self._ended, sizes, progress=self._progress
        )
        complaint = check.complaint()
        self._checkpoints = check.checkpoints
        wrong = contradictions(self._readings, check.size, check.root_at, resumed)
        for text in (complaint, *wrong) if complaint else wrong:
            self._found(Problem("", None, "", text))
