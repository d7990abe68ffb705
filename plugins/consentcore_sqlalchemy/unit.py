"""The store inside one transaction."""

from __future__ import annotations

from functools import cached_property

from sqlalchemy import literal

from consentcore.api import Code
from consentcore_sqlalchemy import statements
from consentcore_sqlalchemy.evidence import SqlGrants, SqlLedger
from consentcore_sqlalchemy.feed import SqlFeed
from consentcore_sqlalchemy.outbox import SqlNotices
from consentcore_sqlalchemy.people import SqlClients, SqlIdentities, SqlInteractions, SqlOwners, SqlTickets
from consentcore_sqlalchemy.rows.tokens import code_values
from consentcore_sqlalchemy.tables import code
from consentcore_sqlalchemy.work import Work


class SqlCodes:
    """:class:`consentcore.api.CodeRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, item: Code) -> None:
        self._work.add(code, code_values(item))


class SqlFamilies:
    """:class:`consentcore.api.FamilyRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def kill(self, family_id: str, now: int) -> bool:
        return self._work.write(statements.kill_family(literal(family_id), literal(now))) > 0


class SqlUnit:
    """:class:`consentcore.api.UnitOfWork` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    @cached_property
    def clients(self) -> SqlClients:
        return SqlClients(self._work)

    @cached_property
    def owners(self) -> SqlOwners:
        return SqlOwners(self._work)

    @cached_property
    def tickets(self) -> SqlTickets:
        return SqlTickets(self._work)

    @cached_property
    def identities(self) -> SqlIdentities:
        return SqlIdentities(self._work)

    @cached_property
    def interactions(self) -> SqlInteractions:
        return SqlInteractions(self._work)

    @cached_property
    def grants(self) -> SqlGrants:
        return SqlGrants(self._work)

    @cached_property
    def ledger(self) -> SqlLedger:
        return SqlLedger(self._work)

    @cached_property
    def codes(self) -> SqlCodes:
        return SqlCodes(self._work)

    @cached_property
    def families(self) -> SqlFamilies:
        return SqlFamilies(self._work)

    @cached_property
    def notices(self) -> SqlNotices:
        return SqlNotices(self._work)

    @cached_property
    def feed(self) -> SqlFeed:
        return SqlFeed(self._work)
