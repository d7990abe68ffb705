"""What operators have looked at and taken out: in the log of evidence, for those whose data it was."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from consentcore.consent.evidence.noting import until_of
from consentcore.consent.forgetting import RETENTION, make_tombstone
from consentcore.consent.personal import OPERATOR, REASON_TEXT, apart, values_in
from consentcore.consent.reason import check_reason
from consentcore.domain.clock import DAY, iso
from consentcore.keys.record_notes import LOOKING, LookNote, looked_folder, note_look, read_note
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

KEPT_MS = 2192 * DAY
"""Six years, as long as holders of data keep records of consents (CDR rule 9.3)."""
PAGE = 100
_WRITES = 7
"""A note that goes, and two values that are forgotten with it, take so many at most."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look.

    :ivar at: milliseconds since the epoch.
    :ivar action: the command, such as ``consents at``.
    :ivar owner_id: whose data it was; "" where it was everybody's.
    :ivar subject: what was looked at besides, such as the id of a grant; or "".
    :ivar by: the operator; "" where that was forgotten, and so is ``reason``.
    """

    at: int
    action: str
    owner_id: str
    subject: str
    by: str
    reason: str

    def facts(self, *, names: bool) -> dict[str, object]:
        """For JSON.

        :param names: with who it was and why in their words; False for the person themselves.
        """
        found: dict[str, object] = {"at": iso(self.at), "action": self.action, "about": self.subject}
        if names:
            found |= {"owner_id": self.owner_id, "by": self.by, "reason": self.reason}
        return found


@dataclass(frozen=True)
class OperatorLooks:
    """Notes looks, and reads them back."""

    storage: Storage
    keys: KeyRing
    clock: Clock

    def note(self, action: str, *, by: str, owner_id: str = "", subject: str = "", reason: str = "") -> None:
        """Note a look, in a transaction of its own; notes of earlier ones that are as old as they become go.

        :param by: the operator, as the system knows them.
        :param reason: up to 1000 characters.
        :raises InvalidInput: field ``reason``, when it is longer.
        :raises StorageError: it could not be noted.
        """
        values = {OPERATOR: by, REASON_TEXT: check_reason(reason)}
        beside = apart({name: value for name, value in values.items() if value})
        now = self.clock.now()
        note = LookNote(
            at=now,
            until=now + KEPT_MS,
            action=action,
            owner_id=owner_id,
            subject=subject,
            digests=tuple(sorted(one.digest for one in beside)),
        )

        def write(uow: UnitOfWork) -> None:
            uow.ledger.put_disclosures(beside)
            note_look(uow, self.keys, note)

        transact(self.storage, write)
        transact(self.storage, lambda uow: self._sweep(uow, looked_folder(owner_id), now))

    def forget_reasons(self, owner_id: str, reason: str) -> int:
        """Forget why operators have looked at a person's data: their words may say something of the person. Who it was
        and when stays.

        :param reason: a code, see :func:`consentcore.consent.forgetting.make_tombstone`.
        :returns: how many.
        """
        with self.storage.reading() as uow:
            notes = [*self._notes(uow, looked_folder(owner_id))]
            notes += [one for one in self._notes(uow, LOOKING) if one.owner_id == owner_id]
            going = [digest for note in notes for digest in self._reasons(uow, note)]
        together = self.storage.capabilities.fits(3 * PAGE) // 3
        for start in range(0, len(going), together):
            transact(self.storage, partial(self._forget, going[start : start + together], reason))
        return len(going)

    def _reasons(self, uow: UnitOfWork, note: LookNote) -> list[str]:
        known = uow.ledger.disclosures(note.digests) if note.digests else {}
        return [digest for digest, one in known.items() if one.read()[0] == REASON_TEXT]

    def _forget(self, digests: Collection[str], reason: str, uow: UnitOfWork) -> None:
        now = self.clock.now()
        uow.ledger.forget([make_tombstone(self.keys, one, now, reason) for one in digests])

    def _sweep(self, uow: UnitOfWork, folder: str, now: int) -> None:
        """Remove notes that are old enough, with who it was and why: some in one commit, the rest at the next look."""
        most = max(1, self.storage.capabilities.fits(_WRITES * PAGE) // _WRITES)
        old = [one for one in uow.tlog.list(folder, limit=most) if until_of(one.path) < now]
        if not old:
            return
        notes = (read_note(self.keys, LookNote, one) for one in old)
        if digests := {digest for note in notes if note is not None for digest in note.digests}:
            self._forget(uow.ledger.disclosures(digests).keys(), RETENTION, uow)
        uow.tlog.remove([one.path for one in old])

    def at(self, owner_id: str) -> list[Look]:
        """Looks at one person's data, and at everybody's, the oldest first.

        :param owner_id: "" for those at everybody's alone.
        """
        folders = list(dict.fromkeys((looked_folder(owner_id), looked_folder(""))))
        with self.storage.reading() as uow:
            notes = [one for folder in folders for one in self._notes(uow, folder)]
            notes += [one for one in self._notes(uow, LOOKING) if one.owner_id in {"", owner_id}]
            return [self._look(uow, one) for one in sorted(notes, key=lambda one: one.at)]

    def _notes(self, uow: UnitOfWork, folder: str) -> Iterator[LookNote]:
        after = ""
        while page := uow.tlog.list(folder, after=after, limit=PAGE):
            found = (read_note(self.keys, LookNote, kept) for kept in page)
            yield from (one for one in found if one is not None)
            if len(page) < PAGE:
                return
            after = page[-1].path

    def _look(self, uow: UnitOfWork, note: LookNote) -> Look:
        values = values_in(uow.ledger.disclosures(note.digests), note.digests)
        return Look(
            note.at,
            note.action,
            note.owner_id,
            note.subject,
            str(values.get(OPERATOR, "")),
            str(values.get(REASON_TEXT, "")),
        )
