"""Pending authorization requests inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from consentcore.api import Interaction
from consentcore_sqlalchemy.rows.interactions import INTERACTIONS
from consentcore_sqlalchemy.tables import interaction
from consentcore_sqlalchemy.work import Work


class SqlInteractions:
    """:class:`consentcore.api.InteractionRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, interaction_hash: bytes) -> Interaction | None:
        row = self._work.first(select(interaction).where(interaction.c.interaction_hash == interaction_hash))
        return INTERACTIONS.read(row) if row else None

    def bind(
        self,
        interaction_hash: bytes,
        old_session: bytes,
        new_session: bytes,
        owner_id: str,
        *,
        seal: bytes = b"",
    ) -> bool:
        theirs = (
            update(interaction)
            .where(
                interaction.c.interaction_hash == interaction_hash, interaction.c.session_hash == old_session
            )
            .values(session_hash=new_session, owner_id=owner_id, seal=seal or None)
        )
        return self._work.write(theirs) > 0

    def consume(self, interaction_hash: bytes) -> bool:
        taken = delete(interaction).where(interaction.c.interaction_hash == interaction_hash)
        return self._work.write(taken) > 0

    def expired(self, now: int, limit: int) -> Sequence[Interaction]:
        over = (
            select(interaction)
            .where(interaction.c.expires_at <= now)
            .order_by(interaction.c.expires_at, interaction.c.interaction_hash)
            .limit(limit)
        )
        return [INTERACTIONS.read(row) for row in self._work.rows(over)]
