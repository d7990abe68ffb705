"""What becomes of a person's data when they want it erased, and of old data when its time is over.

What proves a decision stays: events, chains and what was shown, without a name or an address in them. Personal values
beside them are forgotten, value and salt together, and leave tombstones, so that everything verifies as before.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from consentcore.consent.forgetting import ERASURE, make_tombstone
from consentcore.consent.personal import OPERATOR, digests_in
from consentcore.consent.reason import check_reason
from consentcore.domain.errors import InvalidTransition, NotFound
from consentcore.domain.event import Evidence
from consentcore.domain.grant_states import GrantState
from consentcore.domain.owner import ERASED_DOMAIN
from consentcore.domain.parties import Actor, ActorType
from consentcore.operators.looks import OperatorLooks
from consentcore.owners.links import Purpose
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.consent.service import ConsentService
    from consentcore.domain.clock import Clock
    from consentcore.domain.grant import Grant
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

PAGE = 100
TOGETHER = 200


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure has done, and what stays.

    :ivar ended: permissions that it ended; their applications are told.
    :ivar forgotten: personal values beside the evidence;
    :ivar pages: snapshots of older releases that went whole, because names stood in them.
    :ivar sessions: that were ended;
    :ivar identities: links to accounts at providers that were removed.
    :ivar events: that stay, without a name;
    :ivar old_texts: of these, those of older releases in which an operator's name or reason is chained.
    """

    owner_id: str
    ended: int
    forgotten: int
    pages: int
    sessions: int
    identities: int
    events: int
    old_texts: int


@dataclass(frozen=True)
class Erasure:
    """Erases people, and what is older than it may become. Every step is a transaction of its own; one that was
    interrupted is taken up by the next call."""

    storage: Storage
    keys: KeyRing
    clock: Clock
    consents: ConsentService

    def erase(self, owner_id: str, *, by: str, reason: str) -> Erased:
        """Erase a person.

        :param by: the operator, as the system knows them.
        :param reason: 1 to 1000 characters; kept with the permissions that end.
        :raises NotFound: when there is no such owner.
        :raises InvalidInput: field ``reason``, when it is none.
        """
        why = check_reason(reason, needed=True)
        with self.storage.reading() as uow:
            owner = uow.owners.get(owner_id)
        if owner is None:
            raise NotFound("data owner", owner_id)
        sessions = transact(self.storage, lambda uow: self._shut(uow, owner_id))
        ended = sum(self._end(grant, by, why) for grant in self._grants(owner_id, [GrantState.ACTIVE]))
        events = values = pages = old = 0
        for grant in self._grants(owner_id, tuple(GrantState)):
            found = self.forget_grant(grant, ERASURE)
            events, old = events + found.events, old + found.old_texts
            values, pages = values + found.values, pages + found.pages
        values += OperatorLooks(self.storage, self.keys, self.clock).forget_reasons(owner_id, ERASURE)
        identities = transact(self.storage, lambda uow: self._strip(uow, owner_id))
        return Erased(owner_id, ended, values, pages, sessions, identities, events, old)

    def forget_grant(self, grant: Grant, reason: str) -> Forgotten:
        """Forget what is personal beside the evidence of one permission.

        :param reason: :data:`~consentcore.consent.forgetting.ERASURE` or ``RETENTION``.
        """
        with self.storage.reading() as uow:
            found = _gather(uow, grant, reason)
        subjects = [*found.digests, *found.snapshots]
        together = self.storage.capabilities.fits(3 * TOGETHER) // 3
        for start in range(0, len(subjects), together):
            now = self.clock.now()
            some = [make_tombstone(self.keys, one, now, reason) for one in subjects[start : start + together]]
            transact(self.storage, lambda uow, some=some: uow.ledger.forget(some))  # type: ignore[misc]  # a default of a lambda has no type
        return Forgotten(len(found.digests), len(found.snapshots), found.events, found.old_texts)

    def _shut(self, uow: UnitOfWork, owner_id: str) -> int:
        uow.tickets.drop(owner_id, tuple(Purpose))
        return uow.owners.end_sessions(owner_id)

    def _end(self, grant: Grant, by: str, reason: str) -> bool:
        evidence = Evidence("owner:erase", reason_code=ERASURE, reason_text=reason)
        actor = Actor(ActorType.OPERATOR, by)
        with suppress(InvalidTransition, NotFound):  # somebody, or its date, was faster
            transact(
                self.storage,
                lambda uow: self.consents.revoke(uow, grant.grant_id, actor=actor, evidence=evidence),
            )
            return True
        return False

    def _strip(self, uow: UnitOfWork, owner_id: str) -> int:
        """Take from the account what says who it is; the row stays, because evidence names it by its random id."""
        owner = uow.owners.lock(owner_id)
        if owner is None:
            raise NotFound("data owner", owner_id)
        bare = replace(
            owner,
            email=f"{secrets.token_hex(16)}{ERASED_DOMAIN}",
            name="",
            locale="en",
            timezone="UTC",
            previous_email="",
            email_changed_at=self.clock.now(),
        )
        uow.owners.update(bare)
        uow.owners.set_password_hash(owner_id, "")
        uow.owners.end_sessions(owner_id)
        uow.tickets.drop(owner_id, tuple(Purpose))
        return uow.identities.drop(owner_id)

    def _grants(self, owner_id: str, states: Sequence[GrantState]) -> Iterator[Grant]:
        """Read whole before anything is changed: what ends moves in the list."""
        found: list[Grant] = []
        while True:
            after = found[-1].grant_id if found else ""
            with self.storage.reading() as uow:
                page = uow.grants.of_owner(owner_id, states, after=after, limit=PAGE)
            found += page
            if len(page) < PAGE:
                return iter(found)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What went of one permission, and how many of its events stay."""

    values: int
    pages: int
    events: int
    old_texts: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What is there to be forgotten, and how many events stay."""

    digests: list[str]
    snapshots: list[str]
    events: int
    old_texts: int


def _gather(uow: UnitOfWork, grant: Grant, reason: str) -> _Found:
    bodies = [json.loads(event.body) for event in uow.ledger.of_grant(grant.grant_id)]
    digests = dict.fromkeys(digest for body in bodies for digest in digests_in(body))
    whole: list[str] = []
    for shown in dict.fromkeys(body["evidence"]["snapshot_hash"] for body in bodies):
        kept = uow.ledger.snapshot(shown) if shown else None
        content = json.loads(kept.content) if kept is not None else {}
        digests.update(dict.fromkeys(digests_in(content)))
        if _names_somebody(content):
            whole.append(shown)
    known = uow.ledger.disclosures(list(digests)) if digests else {}
    # Who of the operator's people did something is not the data owner's to erase.
    staying = {OPERATOR} if reason == ERASURE else set()
    going = [one for one in digests if one in known and known[one].read()[0] not in staying]
    return _Found(going, whole, len(bodies), sum(map(_has_names, bodies)))


def _names_somebody(content: dict[str, Any]) -> bool:
    """Whether a snapshot of an older release holds labels of sites, or a panel of a plugin, in its text."""
    if content.get("schema"):
        return False
    return bool(content.get("resources")) or '<h2 dir="auto">' in str(content.get("html", ""))


def _has_names(body: dict[str, Any]) -> bool:
    """Whether the body of an older release's event holds a reason in somebody's words, or an operator's name."""
    actor = body.get("actor", {})
    named = actor.get("type") == ActorType.OPERATOR.value and actor.get("id")
    return bool(body["evidence"].get("reason_text") or named)
