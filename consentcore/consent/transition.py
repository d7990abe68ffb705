"""The one place where a grant changes: row, event, snapshot and notice together, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from consentcore.consent.event_body import Action, describe
from consentcore.consent.ledger import LedgerEntry, chain
from consentcore.consent.notice import make_notice
from consentcore.consent.personal import apart, committed, values_of
from consentcore.consent.recorded_row import is_sound
from consentcore.consent.snapshot import ShownNotice
from consentcore.domain.clock import Clock
from consentcore.domain.controller import Controller
from consentcore.domain.disclosure import Disclosure
from consentcore.domain.errors import InvalidTransition
from consentcore.domain.event import ConsentEvent, NoticeSnapshot
from consentcore.domain.event_kinds import event_kind
from consentcore.domain.grant import Grant
from consentcore.domain.owner import Owner
from consentcore.domain.parties import ActorType
from consentcore.domain.scope import Catalog
from consentcore.ports.keys import KeyRing
from consentcore.ports.transactions import UnitOfWork


@dataclass(frozen=True, slots=True)
class GrantChange:
    """A grant after something happened to it, and the evidence of that."""

    grant: Grant
    event: ConsentEvent


class Transitions:
    """Applies an :class:`~consentcore.consent.event_body.Action` to a grant."""

    def __init__(self, keys: KeyRing, clock: Clock, catalog: Catalog, controller: Controller) -> None:
        self._keys = keys
        self._clock = clock
        self._catalog = catalog
        self._controller = controller

    def apply(
        self,
        uow: UnitOfWork,
        action: Action,
        before: Grant | None,
        after: Grant,
        *,
        snapshot: NoticeSnapshot | None = None,
        had_grant_before: bool = False,
    ) -> GrantChange:
        """Store the change, its event, the snapshot, what is personal in them, and the notice in the transaction of
        ``uow``.

        :param before: the grant as it stands, locked by this transaction; None for a new one.
        :param after: the grant as it shall be; state, chain fields and ``changed_at`` are set here.
        :raises InvalidTransition: when the grant's state does not allow it, or ``before`` is not as it was written and
            this does not end it.
        :raises InvalidInput: when the record of a consent lacks a member that has to be there.
        :raises StorageConflict: when somebody else was faster; run the whole transaction again.
        """
        now = self._clock.now()
        at = now if action.effective_at is None else action.effective_at
        row = _row(action, before, after, at)
        if before is not None and not event_kind(action.type).ends:
            self._check_sound(before, row)
        client, owner = uow.clients.get(row.client_id), _owner(uow, action, row)
        beside = apart(values_of(action, owner, row.resources))
        zone = owner.timezone if owner else ""
        content = describe(
            action, before, row, client, self._catalog, controller=self._controller, owner_timezone=zone
        )
        content.update(committed(beside))
        grant, event = chain(self._keys, before, row, LedgerEntry(action.type, at, now, content))
        if before is None:
            uow.grants.add(grant)
        else:
            uow.grants.update(grant, expected_sequence=before.sequence)
        _record(uow, event, snapshot, beside)
        notice = make_notice(
            event,
            action,
            before,
            grant,
            client_name=client.name if client else "",
            recorded_at=now,
            had_grant_before=had_grant_before,
            deletion_days=self._controller.deletion_days,
        )
        if notice is not None:
            uow.notices.add(notice)
        return GrantChange(grant, event)

    def _check_sound(self, before: Grant, after: Grant) -> None:
        """What nobody with the keys has written is not written on; it can be ended."""
        if not is_sound(self._keys, before):
            raise InvalidTransition(before.grant_id, "not as it was recorded", after.state)


def _row(action: Action, before: Grant | None, after: Grant, at: int) -> Grant:
    """The grant as it shall be.

    :param at: when it takes effect, in milliseconds since the epoch.
    :raises InvalidTransition: when the grant's state does not allow it.
    """
    state = before.state if before else None
    kind = event_kind(action.type)
    wanted = after.state if kind.state_after is None else kind.state_after
    if state not in kind.follows:
        raise InvalidTransition(after.grant_id, state or "not there", wanted)
    return replace(after, state=wanted, changed_at=after.changed_at if kind.state_after is None else at)


def _owner(uow: UnitOfWork, action: Action, row: Grant) -> Owner | None:
    """Whose own action it is; whoever else ends a grant, or a clock, says nothing of the person."""
    if action.actor.type is not ActorType.OWNER:
        return None
    return action.owner or uow.owners.get(row.owner_id)


def _record(
    uow: UnitOfWork,
    event: ConsentEvent,
    snapshot: NoticeSnapshot | None,
    beside: Sequence[Disclosure],
) -> None:
    """Store an event with what was shown and what is personal in both.

    :param beside: what is personal in the event.
    """
    if snapshot is not None:
        beside = [*beside, *(snapshot.disclosures if isinstance(snapshot, ShownNotice) else ())]
        uow.ledger.put_snapshot(NoticeSnapshot(snapshot.snapshot_hash, snapshot.content, snapshot.created_at))
    if beside:
        uow.ledger.put_disclosures(beside)
    uow.ledger.append(event)
