"""Exchanging a credential for tokens: one durable commit, made the database's own way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore_sqlalchemy import exchange_statements as sql
from consentcore_sqlalchemy.driver import Driver, Prepared
from consentcore_sqlalchemy.noting import note
from consentcore_sqlalchemy.rows.common import Values
from consentcore_sqlalchemy.statements import family_id

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from consentcore.api import OneUse


class Exchanger(ABC):
    """Runs an exchange of a credential for tokens as one durable commit."""

    @abstractmethod
    def run(self, values: Values) -> bool:
        """Store the tokens if the credential may be used; False when nothing was written."""


class OneStatement(Exchanger):
    """PostgreSQL: one data-modifying statement in autocommit."""

    def __init__(self, driver: Driver, exchange: sql.Exchange) -> None:
        self._driver = driver
        self._statement = driver.prepare(sql.one_statement(exchange))

    def run(self, values: Values) -> bool:
        return self._driver.change(self._statement, values) > 0


class OneTransaction(Exchanger):
    """SQLite: guarded statements in one transaction that is the only writer from its start."""

    def __init__(self, driver: Driver, exchange: sql.Exchange) -> None:
        self._driver = driver
        self._guarded = driver.prepare(exchange.guarded)
        family: ColumnElement[str] = family_id
        self._then: list[Prepared] = [driver.prepare(note())] if exchange.notes else []
        if exchange.follow is not None:
            self._then.append(driver.prepare(exchange.follow(family)))
        self._then.append(driver.prepare(sql.store_token("access")))
        if exchange.refresh:
            self._then.append(driver.prepare(sql.store_token("refresh")))

    def run(self, values: Values) -> bool:
        with self._driver.immediate() as steps:
            found = steps.rows(self._guarded, values)
            if found:
                family = {**values, "family_id": found[0][0]}
                for statement in self._then:
                    steps.change(statement, family)
                steps.keep = True
        return bool(found)


@dataclass(frozen=True)
class Ways:
    """One exchange in its two forms.

    :ivar plain: uses nothing else up.
    :ivar noting: uses something else up as well.
    """

    plain: Exchanger
    noting: Exchanger

    def run(self, values: Values, one_use: OneUse | None) -> bool:
        """See :meth:`Exchanger.run`."""
        return (self.plain if one_use is None else self.noting).run(values)
