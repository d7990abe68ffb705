"""What operators do with the log of evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from consentcore.consent.checkpoint import advance
from consentcore.consent.evidence.anchored import AnchorReading, contradictions, read_anchors
from consentcore.consent.evidence.growth import root_at
from consentcore.consent.evidence.log_check import unseen
from consentcore.consent.evidence.log_state import LogState, state_of
from consentcore.consent.evidence.resume import Resumed, resume
from consentcore.consent.evidence.signer import LogSigner
from consentcore.consent.evidence.upgrade import needs_upgrade, take_over
from consentcore.consent.reason import check_reason
from consentcore.consent.verify import VerificationReport, verify_all
from consentcore.hooks.calling import Leash

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.domain.event import Checkpoint
    from consentcore.ports.extension import Anchor
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage


_STATED = 100
"""Problems that a statement names."""


@dataclass(frozen=True)
class EvidenceLog:
    """The log of one issuer in one storage.

    :param origin: its name.
    :param find_anchors: gives the anchors, by name.
    """

    storage: Storage
    keys: KeyRing
    clock: Clock
    origin: str
    find_anchors: Callable[[], Mapping[str, Anchor]]

    def advance(self) -> Checkpoint | None:
        """Give new events their place and sign a checkpoint, see :func:`consentcore.consent.checkpoint.advance`.

        :raises LedgerBroken: when what was signed has changed.
        """
        return advance(self.storage, self.keys, self.clock, self.find_anchors(), origin=self.origin)

    def ask_anchors(self) -> tuple[list[str], list[AnchorReading]]:
        """What the anchors keep that the log does not continue, in sentences, and all that they have answered. Reads
        no event but the newest.

        :raises LedgerBroken: when the log itself is not what was signed.
        """
        signer = LogSigner(self.keys, self.origin)
        if needs_upgrade(self.storage):
            return [], []
        with self.storage.reading() as uow:
            names = state_of(uow, signer, self.keys, LogState()).names(self.origin)
        readings = read_anchors(self.find_anchors(), names, signer, Leash())
        with self.storage.reading() as uow:
            state = state_of(uow, signer, self.keys, LogState())
            wrong = contradictions(readings, state.tree.size, partial(root_at, uow), state.resumed)
        return wrong, readings

    def verify(self, progress: Callable[[int], object] = unseen) -> VerificationReport:
        """Check everything, see :func:`consentcore.consent.verify.verify_all`.

        :raises StorageUnavailable, StorageConflict: when the storage cannot be read.
        """
        return verify_all(self.storage, self.keys, self.find_anchors(), origin=self.origin, progress=progress)

    def resume(self, reason: str) -> Resumed:
        """Go on after a lawful restore, see :func:`consentcore.consent.evidence.resume.resume`; where ``init`` found
        the evidence of an older release broken, from what there is.

        :raises InvalidInput: without a reason, or when nothing was lost.
        :raises AnchorsSilent: when that cannot be told.
        :raises LedgerBroken: when what is left is not what was signed.
        """
        why = check_reason(reason, needed=True)
        if needs_upgrade(self.storage):
            return self._take_over_what_is_broken(why)
        return resume(
            self.storage,
            self.keys,
            self.clock,
            origin=self.origin,
            anchors=self.find_anchors(),
            reason=why,
        )

    def _take_over_what_is_broken(self, reason: str) -> Resumed:
        """Begin the log over events of before that are not intact: what is wrong stands in its first statement, and
        stays wrong."""
        found = [
            f"consent {one.grant_id or '-'}: {one.text}"
            for one in verify_all(self.storage, self.keys).problems
        ]
        said = [f"taken over nevertheless: {reason}", *found[:_STATED]]
        made = take_over(self.storage, self.keys, self.clock, self.origin, said)
        return Resumed(made.previous, made.previous, self.origin)

    def take_over(self) -> tuple[str, list[str]]:
        """Verify what a release without this log has signed, and sign a digest of it; once.

        :returns: what was done, or "", and why it was not done.
        """
        if not needs_upgrade(self.storage):
            return "", []
        report = verify_all(self.storage, self.keys)
        if not report.ok:
            first = report.problems[0]
            found = (
                f"{len(report.problems)} problems, the first: consent {first.grant_id or '-'}: {first.text}"
            )
            said = (
                f"the evidence of before is not intact, so it was not taken over ({found}); look at `audit verify`, "
                "and where nothing brings it back, `audit resume --reason R` states that and goes on"
            )
            return "", [said]
        take_over(self.storage, self.keys, self.clock, self.origin)
        return f"verified {report.events} events of before and signed a digest of them", []
