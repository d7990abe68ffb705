"""What operators do with bundles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from consentcore.consent.bundle.comparing import Comparison
from consentcore.consent.bundle.file_check import ReceiptReport, check_file
from consentcore.consent.bundle.trust import TrustedKeys, listed
from consentcore.consent.bundle.writing import BundleWriter, Selection
from consentcore.consent.chain_check import WRONG_KIND
from consentcore.consent.evidence.errors import AnchorsSilent
from consentcore.consent.evidence.log_check import unseen
from consentcore.domain.address import network_of
from consentcore.domain.clock import MINUTE, window_left_s
from consentcore.domain.errors import StorageConflict, StorageError, StorageNotMigrated, StorageUnavailable
from consentcore.domain.secret import digest

if TYPE_CHECKING:
    from consentcore.consent.bundle.report import BundleReport
    from consentcore.consent.evidence.publication import LogPublication
    from consentcore.consent.evidence.service import EvidenceLog


FILES_A_MINUTE = 20
"""From one network address."""
UNPACKED = 32_000_000
"""Bytes of a bundle that is checked for anybody."""


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
        progress: Callable[[int], object] = unseen,
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

    def check(self, brought: bytes) -> BundleReport | ReceiptReport:
        """Check what somebody has brought, with the keys of this log.

        :raises InvalidInput: field ``file``, when it is larger than what is checked here.
        :raises StorageError: when the keys cannot be told.
        """
        return check_file(BytesIO(brought), self.trusted(), most=UNPACKED)

    def waits(self, remote_addr: str, now: int) -> int:
        """Count a file that somebody from a network address has brought; 0, or the seconds until there may be more.

        :param now: milliseconds since the epoch.
        """
        who = digest(f"verify\x1f{network_of(remote_addr)}").hex()[:32]
        full = self.log.storage.counters.hit(f"verify:{who}", now, MINUTE) > FILES_A_MINUTE
        return window_left_s(now, MINUTE) if full else 0

    def trusted(self) -> TrustedKeys:
        """The keys of this log, to check what claims to come from it.

        :raises StorageError: when the store fails.
        """
        return listed(self.published.key_list()["keys"])

    @property
    def expected_events(self) -> int:
        """How many events there are about, to measure progress by; 0 where that cannot be told.

        :raises StorageUnavailable, StorageNotMigrated, StorageConflict: when there is nothing to ask.
        """
        try:
            with self.log.storage.reading() as uow:
                newest = uow.ledger.newest_checkpoint()
        except (StorageUnavailable, StorageNotMigrated, StorageConflict):
            raise
        except (StorageError, *WRONG_KIND):  # whoever reads on finds out what is wrong
            return 0
        return newest.size if newest else 0
