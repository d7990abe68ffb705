"""What operators do with the log of evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.consent.checkpoint import advance
from consentcore.consent.evidence.upgrade import needs_upgrade, take_over
from consentcore.consent.verify import verify_all

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.domain.event import Checkpoint
    from consentcore.ports.extension import Anchor
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage


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
            return "", [f"the evidence of before is not intact, so it was not taken over ({found})"]
        take_over(self.storage, self.keys, self.clock, self.origin)
        return f"verified {report.events} events of before and signed a digest of them", []
