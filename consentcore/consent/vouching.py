"""What the ledger vouches for: records that are ours by something else than their own seal.

When a key has leaked, whoever has it can seal what they like, of whatever date. They cannot put an event of theirs
before the place at which the log says that the key is over; so an event that stands there is ours, and with it what
follows from it word for word: the row of the grant, the notice, the page that was shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from consentcore.consent import ledger
from consentcore.consent.chain_check import WRONG_KIND, ChainCheck
from consentcore.consent.deletion import days_of
from consentcore.consent.event_body import Action
from consentcore.consent.notice import make_notice
from consentcore.consent.personal import OWNER_EMAIL, OWNER_NAME, REASON_TEXT, digests_in, values_in
from consentcore.consent.snapshot import hash_of
from consentcore.domain.authorization_detail import texts_of
from consentcore.domain.clock import MINUTE, from_iso
from consentcore.domain.errors import InvalidInput, KeyUnavailable
from consentcore.domain.event import Evidence
from consentcore.domain.event_kinds import EventType
from consentcore.domain.grant import Grant
from consentcore.domain.grant_states import GrantState
from consentcore.domain.notice_facts import ConsentFacts, says_no_more
from consentcore.domain.parties import Actor, ActorType

if TYPE_CHECKING:
    from consentcore.domain.event import ConsentEvent, NoticeSnapshot
    from consentcore.domain.notice import Notice
    from consentcore.domain.owner import Owner
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork

SHOWN_WITHIN_MS = 5 * MINUTE
"""Between the page that a decision was made on, as it is dated, and the event of it."""
_UNSAID = frozenset({"had_grant_before"})
"""What a notice says and no event: whether a denial tells the application of somebody whom it knows already."""
_CHANGES = frozenset({"extended", "narrowed", "renewed"})
"""What a change of a standing grant is called: other resources and another end were ``renewed`` in older releases."""


class Vouching:
    """Judges by the ledger. Says no where it cannot tell.

    :param ended: from which place of the log on each key seals nothing any more.
    """

    def __init__(self, keys: KeyRing, ended: Mapping[str, int]) -> None:
        self._keys = keys
        self._ended = ended

    def grant(self, uow: UnitOfWork, grant: Grant, events: Sequence[ConsentEvent]) -> Grant | None:
        """The row of a grant under the seal of the current key; None where its chain does not say all of it.

        :param events: its chain.
        """
        try:
            fits = compare_digest(ledger.seal_of(self._keys, grant), grant.seal)
            anew = replace(grant, key_id=self._keys.current_id)
            anew = replace(anew, seal=ledger.seal_of(self._keys, anew))
            chains = ChainCheck(self._keys, self._ended)
            if not fits or next(chains.findings(uow, anew, events), None) is not None:
                return None
            said = all(any(json.dumps(one) in event.body for event in events) for one in grant.declined)
            dated = any(event.occurred_at == grant.changed_at for event in events)
        except (KeyUnavailable, InvalidInput, *WRONG_KIND):
            return None
        return anew if said and dated else None

    def notice(self, uow: UnitOfWork, notice: Notice, events: Sequence[ConsentEvent]) -> bool:
        """Whether a notice says nothing but what its event does.

        :param events: the chain of its grant, which is sound.
        """
        at = next((at for at, one in enumerate(events) if one.event_id == notice.notice_id), None)
        if at is None:
            return False
        try:
            wanted = _notice_of(events[at], events[at - 1] if at else None, _reason(uow, events[at]))
            if wanted is None or replace(wanted, data="") != replace(notice, data=""):
                return False
            besides = (
                _UNSAID | {"change"} if _CHANGES.issuperset(map(_change_of, (notice, wanted))) else _UNSAID
            )
            return says_no_more(notice, wanted, besides=besides)
        except WRONG_KIND:
            return False

    def page(self, shown: NoticeSnapshot, events: Sequence[ConsentEvent]) -> bool:
        """Whether a page is the one that an event of a sound chain names, and of its time."""
        if hash_of(shown.content) != shown.snapshot_hash:
            return False
        return any(
            abs(ledger.recorded_at(event) - shown.created_at) <= SHOWN_WITHIN_MS
            for event in events
            if json.loads(event.body)["evidence"]["snapshot_hash"] == shown.snapshot_hash
        )

    def owner(self, uow: UnitOfWork, owner: Owner) -> bool:
        """Whether an owner has the address and the name that they had at their latest decision."""
        if owner.previous_email or owner.email_changed_at is not None:
            return False
        for event in uow.ledger.of_owner(owner.owner_id, limit=20):
            said = _disclosed(uow, event)
            if OWNER_EMAIL in said:
                same = (said[OWNER_EMAIL], said.get(OWNER_NAME, "")) == (owner.email, owner.name)
                return same and self._is_ours(event)
        return False

    def _is_ours(self, event: ConsentEvent) -> bool:
        try:
            genuine = ledger.record_hash(self._keys, event.body, event.key_id)
        except KeyUnavailable:
            return False
        ended = self._ended.get(event.key_id)
        stands = ended is None or (event.leaf_index is not None and event.leaf_index < ended)
        return stands and compare_digest(genuine, event.record_hash)


def _change_of(notice: Notice) -> str:
    return ConsentFacts.from_json(notice.data).change


def _notice_of(event: ConsentEvent, previous: ConsentEvent | None, reason_text: str) -> Notice | None:
    """The notice that belongs to an event, made once more from the event alone."""
    body = json.loads(event.body)
    evidence = body["evidence"]
    action = Action(
        EventType(body["type"]),
        Actor(ActorType(body["actor"]["type"]), body["actor"]["id"]),
        Evidence(
            evidence["indication_method"],
            evidence["locale"],
            reason_code=evidence["reason_code"],
            reason_text=reason_text,
        ),
        requested=tuple(body["scopes_requested"]),
        details_requested=texts_of(body.get("authorization_details_requested", ())),
    )
    return make_notice(
        event,
        action,
        _grant_of(json.loads(previous.body), event.occurred_at)
        if previous and body["state_before"]
        else None,
        _grant_of(body, event.occurred_at),
        client_name=body["client_name"],
        recorded_at=ledger.recorded_at(event),
        deletion_days=days_of(event),
    )


def _grant_of(body: dict[str, Any], changed_at: int) -> Grant:
    """The grant as it was behind an event."""
    return Grant(
        grant_id=body["grant_id"],
        owner_id=body["owner_id"],
        client_id=body["client_id"],
        state=GrantState(body["state_after"]),
        scopes=tuple(body["scopes_after"]),
        created_at=from_iso(body["validity"]["from"]),
        changed_at=changed_at,
        expires_at=from_iso(body["validity"]["until"]),
        resources=tuple(body["resources_after"]),
        authorization_details=texts_of(body.get("authorization_details_after", ())),
    )


def _reason(uow: UnitOfWork, event: ConsentEvent) -> str:
    return str(_disclosed(uow, event).get(REASON_TEXT, ""))


def _disclosed(uow: UnitOfWork, event: ConsentEvent) -> dict[str, object]:
    """The personal values beside an event that are what it commits to."""
    digests = digests_in(json.loads(event.body))
    return values_in(uow.ledger.disclosures(digests), digests)
