"""The store inside one transaction."""

from __future__ import annotations

from functools import cached_property

from consentcore_sqlalchemy.clients import SqlClients
from consentcore_sqlalchemy.feed import SqlFeed
from consentcore_sqlalchemy.grants import SqlGrants
from consentcore_sqlalchemy.identities import SqlIdentities
from consentcore_sqlalchemy.interactions import SqlInteractions
from consentcore_sqlalchemy.ledger import SqlLedger
from consentcore_sqlalchemy.notices import SqlNotices
from consentcore_sqlalchemy.owners import SqlOwners
from consentcore_sqlalchemy.pinned_scopes import SqlPinnedScopes
from consentcore_sqlalchemy.registration_tokens import SqlRegistrationTokens
from consentcore_sqlalchemy.seals import SqlSeals
from consentcore_sqlalchemy.tickets import SqlTickets
from consentcore_sqlalchemy.tlog import SqlTlog
from consentcore_sqlalchemy.tokens import SqlTokens
from consentcore_sqlalchemy.uses import SqlUses
from consentcore_sqlalchemy.work import Work


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
    def registration_tokens(self) -> SqlRegistrationTokens:
        return SqlRegistrationTokens(self._work)

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
    def tlog(self) -> SqlTlog:
        return SqlTlog(self._work)

    @cached_property
    def tokens(self) -> SqlTokens:
        return SqlTokens(self._work)

    @cached_property
    def notices(self) -> SqlNotices:
        return SqlNotices(self._work)

    @cached_property
    def pinned_scopes(self) -> SqlPinnedScopes:
        return SqlPinnedScopes(self._work)

    @cached_property
    def uses(self) -> SqlUses:
        return SqlUses(self._work)

    @cached_property
    def seals(self) -> SqlSeals:
        return SqlSeals(self._work)

    @cached_property
    def feed(self) -> SqlFeed:
        return SqlFeed(self._work)
