"""Grants inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Select, Subquery, and_, select, tuple_, union, update

from consentcore.api import Client, Grant, GrantState
from consentcore_sqlalchemy.rows.clients import client_from
from consentcore_sqlalchemy.rows.grants import GRANTS
from consentcore_sqlalchemy.statements import ACTIVE
from consentcore_sqlalchemy.tables import client, consent_grant
from consentcore_sqlalchemy.work import Work

_grant = consent_grant.c
TOGETHER = 500
"""Owners in one statement."""


def _names(states: Iterable[GrantState]) -> list[str]:
    return sorted(state.value for state in states)


class SqlGrants:
    """:class:`consentcore.api.GrantRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, grant_id: str, *, lock: bool = False) -> Grant | None:
        row = self._work.first(select(consent_grant).where(_grant.grant_id == grant_id), lock=lock)
        return GRANTS.read(row) if row else None

    def active_of(self, owner_id: str, client_id: str, *, lock: bool = False) -> Grant | None:
        active = select(consent_grant).where(
            _grant.owner_id == owner_id, _grant.client_id == client_id, _grant.state == ACTIVE
        )
        row = self._work.first(active, lock=lock)
        return GRANTS.read(row) if row else None

    def asked(self, owner_id: str, client_id: str) -> tuple[Client | None, Grant | None]:
        theirs = and_(
            _grant.client_id == client.c.client_id, _grant.owner_id == owner_id, _grant.state == ACTIVE
        )
        both = select(client, consent_grant).select_from(client.outerjoin(consent_grant, theirs))
        row = self._work.first(both.where(client.c.client_id == client_id))
        if not row:
            return None, self.active_of(owner_id, client_id)
        count = len(client.c)
        return client_from(row[:count]), GRANTS.read(row[count:]) if row[count] is not None else None

    def add(self, grant: Grant) -> None:
        self._work.add(consent_grant, GRANTS.values(grant))

    def update(self, grant: Grant, *, expected_sequence: int) -> None:
        same = (_grant.grant_id == grant.grant_id, _grant.sequence == expected_sequence)
        if not self._work.write(update(consent_grant).where(*same).values(GRANTS.values(grant))):
            raise self._work.conflict(f"grant {grant.grant_id} has changed meanwhile")

    def of_owner(
        self,
        owner_id: str,
        states: Iterable[GrantState],
        *,
        client_id: str = "",
        after: str = "",
        limit: int = 100,
    ) -> Sequence[Grant]:
        wanted = _names(states)
        # As a literal, so that the index of those that stand is used: whoever has a long past has few of them.
        alone = wanted == [GrantState.ACTIVE.value]
        of_them = _grant.state == ACTIVE if alone else _grant.state.in_(wanted)
        page = select(consent_grant).where(_grant.owner_id == owner_id, of_them)
        if client_id:
            page = page.where(_grant.client_id == client_id)
        if after:
            last = consent_grant.alias("last")
            place = select(last.c.changed_at).where(last.c.grant_id == after).scalar_subquery()
            page = page.where(tuple_(_grant.changed_at, _grant.grant_id) < tuple_(place, after))
        # A sum is in no index: the few are sorted instead of found among the many by the order of time.
        changed_at = _grant.changed_at + 0 if alone else _grant.changed_at
        page = page.order_by(changed_at.desc(), _grant.grant_id.desc()).limit(limit)
        return self._grants(page)

    def active_of_owners(self, owner_ids: Collection[str]) -> Sequence[Grant]:
        wanted = list(owner_ids)
        found: list[Grant] = []
        for start in range(0, len(wanted), TOGETHER):
            theirs = _grant.owner_id.in_(wanted[start : start + TOGETHER])
            found += self._grants(select(consent_grant).where(theirs, _grant.state == ACTIVE))
        return found

    def all(
        self,
        *,
        client_id: str = "",
        states: Iterable[GrantState] | None = None,
        after: str = "",
        limit: int = 500,
    ) -> Sequence[Grant]:
        page = select(consent_grant).where(_grant.grant_id > after).order_by(_grant.grant_id).limit(limit)
        if client_id:
            page = page.where(_grant.client_id == client_id)
        if states is not None:
            page = page.where(_grant.state.in_(_names(states)))
        return self._grants(page)

    def ending(self, behind: tuple[int, str], until: int, limit: int) -> Sequence[Grant]:
        page = select(consent_grant).where(
            _grant.state == ACTIVE,
            _grant.expires_at.between(behind[0], until),  # what the index is over
            tuple_(_grant.expires_at, _grant.grant_id) > tuple_(*behind),
        )
        return self._grants(page.order_by(_grant.expires_at, _grant.grant_id).limit(limit))

    def due(self, now: int, limit: int) -> Sequence[Grant]:
        # Two halves, so that each finds its rows by an index of its own.
        active = select(_grant.grant_id).where(_grant.state == ACTIVE)
        over = _first(active.where(_grant.expires_at <= now), limit)
        off = select(client.c.client_id).where(~client.c.enabled)
        stranded = _first(active.where(_grant.client_id.in_(off)), limit)
        ids = union(select(over.c.grant_id), select(stranded.c.grant_id)).subquery()
        due = select(consent_grant).where(_grant.grant_id.in_(select(ids.c.grant_id)))
        return self._grants(due.order_by(_grant.expires_at, _grant.grant_id).limit(limit))

    def _grants(self, statement: Select[Any]) -> Sequence[Grant]:
        return [GRANTS.read(row) for row in self._work.rows(statement)]


def _first(statement: Select[Any], limit: int) -> Subquery:
    return statement.order_by(_grant.expires_at, _grant.grant_id).limit(limit).subquery()
