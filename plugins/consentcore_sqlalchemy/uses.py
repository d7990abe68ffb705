"""When grants were last used, inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select

from consentcore_sqlalchemy.tables import grant_use
from consentcore_sqlalchemy.work import Work


class SqlUses:
    """:class:`consentcore.api.UseRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def note(self, used: Mapping[str, int]) -> None:
        if not used:
            return
        # In the order of their ids, or two processes that note the same ones would wait for each other.
        rows = [{"grant_id": grant_id, "used_at": used[grant_id]} for grant_id in sorted(used)]
        new = self._work.upsert(grant_use).values(rows)
        self._work.write(
            new.on_conflict_do_update(
                index_elements=["grant_id"],
                set_={"used_at": new.excluded.used_at},
                where=grant_use.c.used_at < new.excluded.used_at,
            )
        )

    def last(self, grant_ids: Collection[str]) -> Mapping[str, int]:
        if not grant_ids:
            return {}
        wanted = grant_use.c.grant_id.in_(list(grant_ids))
        rows = self._work.rows(select(grant_use.c.grant_id, grant_use.c.used_at).where(wanted))
        return {row.grant_id: row.used_at for row in rows}
