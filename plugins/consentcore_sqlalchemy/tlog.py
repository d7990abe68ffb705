"""The objects of the transparency log inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select

from consentcore.api import LogObject
from consentcore_sqlalchemy.rows.tlog import OBJECTS
from consentcore_sqlalchemy.tables import log_object
from consentcore_sqlalchemy.work import Work

_object = log_object.c
_BEHIND = "0"
"""The character after ``/``: whatever a folder holds lies between the two."""


class SqlTlog:
    """:class:`consentcore.api.TlogRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, path: str, *, lock: bool = False) -> LogObject | None:
        row = self._work.first(select(log_object).where(_object.path == path), lock=lock)
        return OBJECTS.read(row) if row else None

    def put(self, new: LogObject) -> None:
        values = OBJECTS.values(new)
        stored = self._work.upsert(log_object).values(values)
        self._work.write(stored.on_conflict_do_update(index_elements=["path"], set_={"data": values["data"]}))

    def list(self, folder: str, *, after: str = "", limit: int = 100) -> Sequence[LogObject]:
        inside = (_object.path > max(f"{folder}/", after), _object.path < folder + _BEHIND)
        page = select(log_object).where(*inside).order_by(_object.path).limit(limit)
        return [OBJECTS.read(row) for row in self._work.rows(page)]

    def remove(self, paths: Collection[str]) -> None:
        if paths:
            self._work.write(delete(log_object).where(_object.path.in_(list(paths))))
