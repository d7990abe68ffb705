"""The one place where a grant changes: row, event, snapshot and notice together, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from consentcore.consent.event_body import Action, describe
from consentcore.consent.ledger import LedgerEntry, chain
from consentcore.consent.notice import make_notice
from consentcore.domain.clock import Clock
from consentcore.domain.errors import InvalidTransition
from consentcore.domain.event import ConsentEvent, NoticeSnapshot
from consentcore.domain.event_kinds import event_kind
from consentcore.domain.grant import Grant
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

    def __init__(self, keys: KeyRing, clock: Clock, catalog: Catalog) -> None:
        self._keys = keys
        self._clock = clock
        self._catalog = catalog

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
        """Store the change, its event, the snapshot and the notice in the transaction of ``uow``.

        :param before: the grant as it stands, locked by this transaction; None for a new one.
        :param after: the grant as it shall be; state, chain fields and ``changed_at`` are set here.
        :raises InvalidTransition: when the grant's state does not allow it.
        :raises StorageConflict: when somebody else was faster; run the whole transaction again.
        """
        state = before.state if before else None
        kind = event_kind(action.type)
        wanted = after.state if kind.state_after is None else kind.state_after
        if state not in kind.follows:
            raise InvalidTransition(after.grant_id, state or "not there", wanted)
        now = self._clock.now()
        at = now if action.effective_at is None else action.effective_at
        changed_at = after.changed_at if kind.state_after is None else at
        row = replace(after, state=wanted, changed_at=changed_at)
        client = uow.clients.get(row.client_id)
        content = describe(action, before, row, client, self._catalog)
        grant, event = chain(self._keys, before, row, LedgerEntry(action.type, at, now, content))
        if before is None:
            uow.grants.add(grant)
        else:
            uow.grants.update(grant, expected_sequence=before.sequence)
        if snapshot is not None:
            uow.ledger.put_snapshot(snapshot)
        uow.ledger.append(event)
        name = client.name if client else ""
        notice = make_notice(
            event, action, before, grant, client_name=name, recorded_at=now, had_grant_before=had_grant_before
        )
        if notice is not None:
            uow.notices.add(notice)
        return GrantChange(grant, event)
