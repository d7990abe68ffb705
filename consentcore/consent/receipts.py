"""Receipts as they are found: by their address, out of the ledger."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consentcore.consent.chain_check import first_altered
from consentcore.consent.evidence.log_state import stands_in_log
from consentcore.consent.ledger import effective_at
from consentcore.consent.owner_grants import OwnerGrants
from consentcore.consent.receipt import key_set, receipt_document, signed
from consentcore.consent.receipt_record import record_of
from consentcore.domain.errors import NotFound
from consentcore.domain.event_kinds import event_kind
from consentcore.i18n.wording import confirmation_number
from consentcore.keys import EvidenceSigner
from consentcore.keys.seals import of_revoked
from consentcore.ports.keys import pairwise_subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consentcore.consent.receipt_link import ReceiptLinks
    from consentcore.consent.service import ConsentService
    from consentcore.consent.transition import GrantChange
    from consentcore.domain.event import ConsentEvent, Evidence, NoticeSnapshot
    from consentcore.domain.grant import Grant
    from consentcore.domain.scope import Catalog, Scope
    from consentcore.i18n import Languages
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork

log = logging.getLogger("consentcore.consent")


@dataclass(frozen=True)
class Receipt:
    """What somebody is given to keep of an event.

    :ivar name: the last part of its address.
    :ivar events: of the grant, up to this one, by sequence.
    :ivar record: see :mod:`consentcore.consent.receipt_record`.
    :ivar scopes: what it names, in the words and the language that were shown.
    :ivar language: tag of that language.
    """

    name: str
    events: Sequence[ConsentEvent]
    body: dict[str, Any]
    record: dict[str, Any]
    scopes: tuple[Scope, ...]
    language: str

    @property
    def event(self) -> ConsentEvent:
        """The event that it is of."""
        return self.events[-1]

    @property
    def number(self) -> str:
        """Its confirmation number."""
        return confirmation_number(self.event.event_id)

    @property
    def at(self) -> int:
        """When it took effect, in milliseconds since the epoch."""
        return effective_at(self.event)


@dataclass(frozen=True)
class Receipts:
    """Finds receipts and signs them, on units of work that the caller commits.

    :ivar issuer: base URL of the protocol, by which verifiers know who has signed.
    """

    keys: KeyRing
    catalog: Catalog
    languages: Languages
    links: ReceiptLinks
    issuer: str

    def find(self, uow: UnitOfWork, name: str) -> Receipt:
        """The receipt of that address.

        :raises NotFound: when there is none; why is not told apart.
        """
        event = uow.ledger.get(self.links.event_id(name))
        if event is None or not _has_receipt(event):
            raise NotFound("receipt", name)
        chain = uow.ledger.of_grant(event.grant_id)
        return self._made(name, [one for one in chain if one.sequence <= event.sequence])

    def name_for(self, event: ConsentEvent) -> str:
        """The last part of the address of an event's receipt; "" where it has none, or is not written yet."""
        return self.links.name(event.event_id) if _has_receipt(event) else ""

    def grant(self, uow: UnitOfWork, receipt: Receipt) -> Grant | None:
        """The permission that it is about, as it stands in the storage."""
        return uow.grants.get(receipt.event.grant_id)

    def stands(self, uow: UnitOfWork, receipt: Receipt, now: int) -> bool:
        """Whether there is still something to revoke."""
        grant = self.grant(uow, receipt)
        return grant is not None and OwnerGrants(uow, grant.owner_id, now).standing(grant).active

    def revoke(
        self,
        uow: UnitOfWork,
        receipt: Receipt,
        service: ConsentService,
        evidence: Evidence,
        now: int,
        *,
        snapshot: NoticeSnapshot | None = None,
    ) -> GrantChange:
        """Withdraw the permission, for whoever has the address: the owner has got it.

        :param snapshot: the page that was confirmed; None where it was not ours, or not the one that stands now.
        :raises InvalidTransition: when it has ended.
        """
        grants = OwnerGrants(uow, receipt.event.owner_id, now)
        return grants.revoke(service, receipt.event.grant_id, evidence, snapshot)

    def file(self, uow: UnitOfWork, receipt: Receipt, now: int) -> str:
        """The signed JSON-LD, with the newest checkpoint of the log.

        Nothing is signed that is not as it was written: whoever changes a row of the ledger, and puts it back later,
        must not keep our word for what it said in between.

        :raises NotFound: where it is not.
        """
        event, newest = receipt.event, uow.ledger.newest_checkpoint()
        if wrong := self._doubt(uow, receipt.events):
            log.error("the receipt of event %s is not signed: %s", event.event_id, wrong)
            raise NotFound("receipt", receipt.name)
        document = receipt_document(
            receipt.events,
            subject=self._subject(event),
            number=receipt.number,
            issuer=self.issuer,
            scopes=receipt.scopes,
            checkpoint=newest.note if newest else "",
        )
        return signed(document, EvidenceSigner(self.keys), now)

    def _doubt(self, uow: UnitOfWork, events: Sequence[ConsentEvent]) -> str:
        if wrong := first_altered(self.keys, events):
            return wrong
        leaked = (one for one in events if self.keys.revoked_at(one.key_id))
        strange = next((one for one in leaked if not stands_in_log(uow, self.keys, one)), None)
        return of_revoked(strange.key_id) if strange else ""

    def key_set(self) -> dict[str, list[dict[str, object]]]:
        """The public keys that receipts are checked with."""
        return key_set(EvidenceSigner(self.keys))

    def _subject(self, event: ConsentEvent) -> str:
        return pairwise_subject(self.keys, event.client_id, event.owner_id)

    def _made(self, name: str, events: Sequence[ConsentEvent]) -> Receipt:
        event = events[-1]
        body, record = json.loads(event.body), record_of(events, self._subject(event))
        language = self.languages.lookup((record["language"],)) or self.languages.default
        named = record["scopes"] or body.get("scopes_before", [])
        scopes = self.catalog.in_language(language.ranges).as_of(
            named, at=effective_at(event), revisions=body.get("scope_revisions")
        )
        return Receipt(name, events, body, record, scopes, language.tag)


def _has_receipt(event: ConsentEvent) -> bool:
    """What nobody is told of, and what tells of an attack on tokens, is nothing to keep."""
    kind = event_kind(event.type)
    return kind.notice is not None and not kind.security
