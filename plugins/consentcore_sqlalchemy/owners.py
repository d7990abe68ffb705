"""Owners and their browser sessions inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete, select, update

from consentcore.api import Owner, OwnerSession
from consentcore_sqlalchemy.rows.owners import OWNER, OWNERS, SESSIONS
from consentcore_sqlalchemy.tables import owner as owner_table
from consentcore_sqlalchemy.tables import owner_session
from consentcore_sqlalchemy.work import Work

TOGETHER = 500
"""Names in one statement."""


class SqlOwners:
    """:class:`consentcore.api.OwnerRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, owner_id: str) -> Owner | None:
        row = self._work.first(select(*OWNER).where(owner_table.c.owner_id == owner_id))
        return OWNERS.read(row) if row else None

    def lock(self, owner_id: str) -> Owner | None:
        row = self._work.first(select(*OWNER).where(owner_table.c.owner_id == owner_id), lock=True)
        return OWNERS.read(row) if row else None

    def several(self, owner_ids: Collection[str]) -> Mapping[str, Owner]:
        wanted = list(owner_ids)
        found: dict[str, Owner] = {}
        for start in range(0, len(wanted), TOGETHER):
            some = owner_table.c.owner_id.in_(wanted[start : start + TOGETHER])
            rows = self._work.rows(select(*OWNER).where(some))
            found.update((one.owner_id, one) for one in map(OWNERS.read, rows))
        return found

    def by_email(self, email: str) -> Owner | None:
        row = self._work.first(select(*OWNER).where(owner_table.c.email == email))
        return OWNERS.read(row) if row else None

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Owner]:
        page = (
            select(*OWNER).where(owner_table.c.owner_id > after).order_by(owner_table.c.owner_id).limit(limit)
        )
        return [OWNERS.read(row) for row in self._work.rows(page)]

    def add(self, owner: Owner) -> None:
        self._work.add(owner_table, OWNERS.values(owner))

    def update(self, owner: Owner) -> None:
        self._work.write(
            update(owner_table).where(owner_table.c.owner_id == owner.owner_id).values(OWNERS.values(owner))
        )

    def password_hash(self, owner_id: str) -> str | None:
        found: str | None = self._work.scalar(
            select(owner_table.c.password_hash).where(owner_table.c.owner_id == owner_id)
        )
        return found

    def passwords(self, owner_ids: Collection[str]) -> Mapping[str, str]:
        wanted, owner = list(owner_ids), owner_table.c
        found: dict[str, str] = {}
        for start in range(0, len(wanted), TOGETHER):
            theirs = owner.owner_id.in_(wanted[start : start + TOGETHER]), owner.password_hash.is_not(None)
            rows = self._work.rows(select(owner.owner_id, owner.password_hash).where(*theirs))
            found.update((row.owner_id, row.password_hash) for row in rows)
        return found

    def set_password_hash(self, owner_id: str, encoded: str) -> None:
        self._work.write(
            update(owner_table).where(owner_table.c.owner_id == owner_id).values(password_hash=encoded)
        )

    def add_session(self, session: OwnerSession) -> None:
        self._work.add(owner_session, SESSIONS.values(session))

    def session(self, session_hash: bytes, now: int) -> OwnerSession | None:
        row = self._work.first(
            select(owner_session).where(
                owner_session.c.session_hash == session_hash, owner_session.c.expires_at > now
            )
        )
        return SESSIONS.read(row) if row else None

    def signed_in(self, session_hash: bytes, now: int) -> tuple[OwnerSession, Owner] | None:
        theirs = owner_session.join(owner_table, owner_table.c.owner_id == owner_session.c.owner_id)
        both = select(owner_session, *OWNER).select_from(theirs)
        live = owner_session.c.session_hash == session_hash, owner_session.c.expires_at > now
        row = self._work.first(both.where(*live))
        count = len(owner_session.c)
        return (SESSIONS.read(row[:count]), OWNERS.read(row[count:])) if row else None

    def sessions(self, owner_id: str, now: int) -> Sequence[OwnerSession]:
        live = (
            select(owner_session)
            .where(owner_session.c.owner_id == owner_id, owner_session.c.expires_at > now)
            .order_by(owner_session.c.created_at.desc(), owner_session.c.session_hash.desc())
        )
        return [SESSIONS.read(row) for row in self._work.rows(live)]

    def touch_session(self, session_hash: bytes, seen_at: int) -> None:
        same = owner_session.c.session_hash == session_hash
        self._work.write(update(owner_session).where(same).values(seen_at=seen_at))

    def end_session(self, session_hash: bytes) -> bool:
        return self._work.write(delete(owner_session).where(owner_session.c.session_hash == session_hash)) > 0

    def end_sessions(self, owner_id: str, *, keep: bytes = b"") -> int:
        theirs = owner_session.c.owner_id == owner_id
        return self._work.write(delete(owner_session).where(theirs, owner_session.c.session_hash != keep))
