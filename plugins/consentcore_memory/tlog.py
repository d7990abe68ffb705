"""The objects of the transparency log inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from consentcore.api import LogObject
from consentcore_memory.engine import Session


class MemoryTlog:
    """:class:`consentcore.api.TlogRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, path: str, *, lock: bool = False) -> LogObject | None:
        state = self._session.draft if lock else self._session.state
        return state.log_objects.get(path)

    def put(self, new: LogObject) -> None:
        self._session.draft.log_objects.put(new.path, new)

    def list(self, folder: str, *, after: str = "", limit: int = 100) -> Sequence[LogObject]:
        rows = self._session.state.log_objects.values()
        found = (row for row in rows if row.path.startswith(folder + "/") and row.path > after)
        return sorted(found, key=lambda row: row.path)[:limit]

    def remove(self, paths: Collection[str]) -> None:
        self._session.draft.log_objects.drop(paths)
