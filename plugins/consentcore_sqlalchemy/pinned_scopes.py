"""What entries of the scope catalog said, inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from consentcore.api import PinnedScope
from consentcore_sqlalchemy.rows.pinned_scopes import PINNED_SCOPES
from consentcore_sqlalchemy.tables import pinned_scope
from consentcore_sqlalchemy.work import Work


class SqlPinnedScopes:
    """:class:`consentcore.api.PinnedScopeRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, pinned: PinnedScope) -> None:
        self._work.add(pinned_scope, PINNED_SCOPES.values(pinned))

    def all(self) -> Sequence[PinnedScope]:
        columns = pinned_scope.c.scope_id, pinned_scope.c.version, pinned_scope.c.revision
        return [PINNED_SCOPES.read(row) for row in self._work.rows(select(pinned_scope).order_by(*columns))]
