"""What is known to be ours by something else than its seal, beside what chains vouch for: owners by their latest
decision, deliveries by their notice, the words of scopes by the catalog."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consentcore.consent.ledger import canonical
from consentcore.domain.notice import Delivery, Notice
from consentcore.keys.seals import is_sealed
from consentcore.ports.keys import pairwise_subject
from consentcore.ports.seals import SealedKind
from consentcore.webhooks.payload import webhook_body

if TYPE_CHECKING:
    from consentcore.consent.vouching import Vouching
    from consentcore.domain.past_scopes import PinnedScope
    from consentcore.domain.scope import Catalog
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork


@dataclass(frozen=True)
class Judges:
    """Says of records whether they are known to be ours.

    :ivar issuer: as payloads of webhooks name it.
    """

    keys: KeyRing
    vouching: Vouching
    catalog: Catalog
    issuer: str

    def vouched(self, uow: UnitOfWork, kind: SealedKind, records: Sequence[Any]) -> list[bool]:
        """For each record, in their order; False where nothing is known."""
        if kind is SealedKind.OWNER:
            return [self.vouching.owner(uow, one) for one in records]
        if kind is SealedKind.WORDS:
            return [self._words(one) for one in records]
        if kind is SealedKind.DELIVERY and records:
            notices = uow.notices.several([one.notice_id for one in records])
            return [self._delivery(uow, one, notices.get(one.notice_id)) for one in records]
        return [False] * len(records)

    def _words(self, pinned: PinnedScope) -> bool:
        entries = [*self.catalog, *self.catalog.unasked.values()]
        return any(
            (one.scope_id, one.version, one.revision) == (pinned.scope_id, pinned.version, pinned.revision)
            and canonical(one.facts) == pinned.content
            for one in entries
        )

    def _delivery(self, uow: UnitOfWork, delivery: Delivery, notice: Notice | None) -> bool:
        """Whether it says what a notice does that is ours: what has no body is made of the notice when it is sent."""
        if notice is None or not is_sealed(self.keys, notice):
            return False
        if not delivery.body:
            return delivery.target in {*(one.value for one in notice.audiences), "event", "?"}
        subject = pairwise_subject(self.keys, notice.client_id, notice.owner_id)
        try:
            said = json.loads(delivery.body)
            wanted = json.loads(webhook_body(notice, subject=subject, issuer=self.issuer))
            checkpoint = said.pop("checkpoint", "")
        except (ValueError, AttributeError, TypeError):
            return False
        return said == wanted and (not checkpoint or self._stands(uow, checkpoint))

    def _stands(self, uow: UnitOfWork, checkpoint: str) -> bool:
        """Whether the log has that head: no receiver is given an anchor that is none."""
        lines = checkpoint.split("\n")
        if len(lines) < 3 or not lines[1].isdecimal():
            return False
        size = int(lines[1])
        found = uow.ledger.checkpoints(after=size - 1, limit=1)
        return bool(found) and found[0].size == size and found[0].note.split("\n")[:3] == lines[:3]
