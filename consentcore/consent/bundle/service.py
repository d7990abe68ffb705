"""What operators do with bundles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from consentcore.consent.bundle.comparing import Comparison
from consentcore.consent.bundle.file_check import ReceiptReport, check_file
from consentcore.consent.bundle.trust import TrustedKeys, listed
from consentcore.consent.bundle.writing import BundleWriter, Selection
from consentcore.consent.evidence.errors import AnchorsSilent

if TYPE_CHECKING:
    from consentcore.consent.bundle.report import BundleReport
    from consentcore.consent.evidence.publication import LogPublication
    from consentcore.consent.evidence.service import EvidenceLog


@dataclass(frozen=True)
class Bundles:
    """Bundles of one log."""

    issuer: str
    log: EvidenceLog
    published: LogPublication

    def write(
        self,
        target: BinaryIO,
        selection: Selection,
        *,
        personal: bool = True,
        continues: Sequence[str] = (),
        progress: Callable[[int], object] = lambda _n: None,
    ) -> BundleWriter:
        """Write a bundle; events that no checkpoint covers yet are given to the log before.

        :param continues: earlier checkpoints that it is to prove to continue.
        :param progress: is told how many events were written since the last time.
        :returns: the counts of what was written.
        :raises NotFound, InvalidInput, LedgerBroken: see :meth:`BundleWriter.lines`.
        :raises StorageUnavailable: when the storage does not answer.
        """
        with suppress(AnchorsSilent):  # nothing new is signed then; what was signed is there
            self.log.advance()
        log = self.log
        writer = BundleWriter(
            log.storage, log.keys, self.issuer, log.origin, selection, personal, tuple(continues)
        )
        target.writelines(writer.lines(self.published.key_list(), log.clock.now(), progress))
        return writer

    def compare(self, stream: BinaryIO) -> tuple[BundleReport | None, Comparison | None]:
        """Hold a bundle of this log against the database; no report for what is no bundle.

        :raises StorageUnavailable: when the storage does not answer.
        """
        found = Comparison(self.log.storage, self.log.clock.now())
        report = check_file(stream, self.trusted(), found.add)
        if isinstance(report, ReceiptReport):
            return None, None
        found.settle()
        return report, found

    def trusted(self) -> TrustedKeys:
        """The keys of this log, to check what claims to come from it.

        :raises StorageError: when the store fails.
        """
        return listed(self.published.key_list()["keys"])  # type: ignore[arg-type]  # a list of objects

    @property
    def expected_events(self) -> int:
        """How many events there are about, to measure progress by."""
        with self.log.storage.reading() as uow:
            newest = uow.ledger.newest_checkpoint()
        return newest.size if newest else 0
