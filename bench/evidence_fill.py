"""Fills a storage with many people's consents: through the port, each record as the product makes it.

A few lives are made by the product itself, one for each way that a permission goes; of each, others are made by
exchanging what belongs to the person: ids, times, the address with its salt, hashes and seals. What comes out verifies.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, cycle, islice
from typing import TYPE_CHECKING

from consentcore.consent import drafts, ledger
from consentcore.consent.event_body import Action
from consentcore.consent.personal import OWNER_EMAIL
from consentcore.consent.snapshot import make_snapshot
from consentcore.consent.transition import Transitions
from consentcore.domain.client import Client
from consentcore.domain.clock import DAY, MINUTE, iso
from consentcore.domain.disclosure import SALT_BYTES, disclose
from consentcore.domain.event import Evidence
from consentcore.domain.event_kinds import EventType
from consentcore.domain.owner import Owner
from consentcore.domain.parties import Actor, ActorType
from consentcore.domain.scope import Scope, ScopeType
from consentcore.testing.fakes import ManualClock

if TYPE_CHECKING:
    from consentcore.domain.disclosure import Disclosure
    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.grant import Grant
    from consentcore.domain.notice import Notice
    from consentcore.ports.transactions import UnitOfWork
    from consentcore.runtime import Runtime

_GRANTED, _AMENDED, _WITHDRAWN = EventType.GRANTED, EventType.AMENDED, EventType.WITHDRAWN
LIVES = (
    (_GRANTED,),
    (_GRANTED, _AMENDED),
    (_GRANTED, _WITHDRAWN),
    (_GRANTED, _AMENDED, _AMENDED, _AMENDED, _AMENDED, _WITHDRAWN),
    (_GRANTED, _AMENDED, _AMENDED, _WITHDRAWN),
)
"""What happens to permissions: three events each on average."""
APPLICATIONS = 10
GRANTS_OF_OWNER = 2
TOGETHER = 300
"""Owners in one transaction."""
PAGE = "May this application read what you allow here, and for how long? " * 60
"""4 kB of text, about what a consent page shows."""


@dataclass(frozen=True)
class Life:
    """A permission as the product wrote it, and its texts in parts that can be exchanged."""

    owner: Owner
    grant: Grant
    events: Sequence[ConsentEvent]
    notices: Mapping[str, Notice]
    bodies: Sequence[Sequence[str]]
    data: Mapping[str, Sequence[str]]
    digests: Sequence[str]

    @classmethod
    def of(cls, uow: UnitOfWork, owner: Owner, grant_id: str) -> Life:
        """Read a life back."""
        grant, events = uow.grants.get(grant_id), uow.ledger.of_grant(grant_id)
        assert grant is not None
        notices = uow.notices.several([one.event_id for one in events])
        digests = [re.findall(r'"_sd":\["([^"]+)"\]', one.body)[0] for one in events]
        said = {owner.owner_id, grant_id, *digests, *(iso(one.occurred_at) for one in events)}
        said |= {one.event_id for one in events} | {one.record_hash.hex() for one in events}
        parts = re.compile("(" + "|".join(map(re.escape, sorted(said))) + ")")
        return cls(
            owner,
            grant,
            events,
            notices,
            [parts.split(one.body) for one in events],
            {name: parts.split(one.data) for name, one in notices.items()},
            digests,
        )

    def again(self, runtime: Runtime, uow: UnitOfWork, owner: Owner, later: int) -> list[Disclosure]:
        """Store the same life of another person; the values that stand apart, yet to be stored.

        :param later: milliseconds.
        """
        apart_ones = [
            disclose(OWNER_EMAIL, owner.email, secrets.token_bytes(SALT_BYTES)) for _ in self.events
        ]
        new = {self.owner.owner_id: owner.owner_id, self.grant.grant_id: str(uuid.uuid4())}
        new |= {one.event_id: str(uuid.uuid4()) for one in self.events}
        new |= {iso(one.occurred_at): iso(one.occurred_at + later) for one in self.events}
        new |= dict(zip(self.digests, (one.digest for one in apart_ones), strict=True))
        grant = replace(
            self.grant,
            grant_id=new[self.grant.grant_id],
            owner_id=owner.owner_id,
            created_at=self.grant.created_at + later,
            changed_at=self.grant.changed_at + later,
        )
        before, events = b"", []
        for event, parts in zip(self.events, self.bodies, strict=True):
            body = "".join([new.get(part, part) for part in parts])
            made = replace(
                event,
                event_id=new[event.event_id],
                grant_id=grant.grant_id,
                owner_id=owner.owner_id,
                occurred_at=event.occurred_at + later,
                body=body,
                prev_hash=before,
                record_hash=ledger.record_hash(runtime.keys, body, event.key_id),
                leaf_index=None,
            )
            before = made.record_hash
            new[event.record_hash.hex()] = before.hex()
            events.append(made)
        uow.grants.add(ledger.seal(runtime.keys, grant, events[-1]))
        for made, event in zip(events, self.events, strict=True):
            uow.ledger.append(made)
            notice = self.notices[event.event_id]
            uow.notices.add(
                replace(
                    notice,
                    notice_id=made.event_id,
                    grant_id=grant.grant_id,
                    owner_id=owner.owner_id,
                    occurred_at=made.occurred_at,
                    data="".join([new.get(part, part) for part in self.data[event.event_id]]),
                )
            )
        return apart_ones


class Filler:
    """Makes lives in the storage of a runtime. They began an hour ago."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._clock = ManualClock(runtime.clock.now() - 60 * MINUTE)
        self._transitions = Transitions(runtime.keys, self._clock, runtime.catalog, runtime.controller)
        self._lives = cycle([self._first(number) for number in range(APPLICATIONS)])
        self._later = count(1)

    def add(self, events: int) -> int:
        """Store about that many events, whole permissions; how many exactly."""
        done = 0
        while done < events:
            with self._runtime.storage.transaction() as uow:
                beside: list[Disclosure] = []
                for _ in range(TOGETHER):
                    owner = self._owner(uow)
                    for life in islice(self._lives, GRANTS_OF_OWNER if done < events else 0):
                        beside += life.again(self._runtime, uow, owner, next(self._later))
                        done += len(life.events)
                uow.ledger.put_disclosures(beside)
        return done

    def _owner(self, uow: UnitOfWork) -> Owner:
        made = Owner(str(uuid.uuid4()), f"{secrets.token_hex(8)}@example.org", self._clock.now())
        uow.owners.add(made)
        return made

    def _first(self, number: int) -> Life:
        """A life that the product makes."""
        runtime, what = self._runtime, LIVES[number % len(LIVES)]
        read = [one for one in runtime.catalog.scopes.values() if one.type is ScopeType.READ][:3]
        client = Client(
            client_id=str(uuid.uuid4()),
            name=f"Application {number}",
            created_at=self._clock.now(),
            redirect_uris=("https://app.example/callback",),
            scopes=tuple(one.scope_id for one in read),
        )
        with runtime.storage.transaction() as uow:
            uow.clients.add(client)
            owner = self._owner(uow)
            grant = drafts.without_permission(owner.owner_id, client.client_id, self._clock.now())
            before = None
            for kind, references in zip(what, _references(read), strict=False):
                action = self._action(kind, owner, references)
                end = self._clock.now() + 365 * DAY
                if kind is not _WITHDRAWN:
                    grant = replace(grant, scopes=references, expires_at=end)
                shown = make_snapshot({"text": PAGE, "application": client.name}, self._clock.now())
                evidence = replace(action.evidence, snapshot_hash=shown.snapshot_hash)
                action = replace(action, evidence=evidence)
                before = grant = self._transitions.apply(uow, action, before, grant, snapshot=shown).grant
                self._clock.advance(MINUTE)
        self._clock.advance(-MINUTE * len(what))
        with runtime.storage.reading() as uow:
            return Life.of(uow, owner, grant.grant_id)

    @staticmethod
    def _action(kind: EventType, owner: Owner, references: tuple[str, ...]) -> Action:
        evidence = Evidence("button:approve", ip_coarse="192.0.2.0/24", ua_family="Firefox")
        asked = () if kind is _WITHDRAWN else references
        return Action(
            kind,
            Actor(ActorType.OWNER, owner.owner_id),
            evidence,
            requested=asked,
            granted=asked,
            owner=owner,
        )


def _references(read: Sequence[Scope]) -> Iterator[tuple[str, ...]]:
    """One scope, then two, then one: each amendment changes something."""
    found = sorted(one.reference for one in read)
    return cycle([tuple(found[:1]), tuple(found[:2])])
