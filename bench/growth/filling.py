"""A database with as many consents, tokens and events as one likes, made by PostgreSQL itself.

The rows are those that the product writes, in their sizes and with their states; only seals and chains do not fit,
which no statement looks at. What is measured with them (transitions of grants) is made by the product beside them.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from consentcore.domain.clock import DAY
from consentcore.testing import factories

if TYPE_CHECKING:
    import psycopg

    from consentcore.ports.storage import Storage

CLIENTS = 48
GRANTS_OF_AN_OWNER = 4
TOKENS_OF_A_FAMILY = 10
"""Access and refresh tokens in turn, all but the last refresh token rotated."""
PENDING = 2000
"""Deliveries that wait, for as many targets as there are endpoints, whatever the rest."""
TARGETS = 100
TABLES = ["consent_grant", "consent_event", "code", "token", "notice", "delivery", "delivery_attempt"]


@dataclass(frozen=True)
class Size:
    """How much there is.

    :ivar events: shared out among the grants; notices are as many.
    """

    tokens: int
    grants: int
    events: int

    def scaled(self, tokens: int) -> Size:
        """The same house when it was small."""
        share = tokens / self.tokens
        return Size(tokens, max(int(self.grants * share), 100), max(int(self.events * share), 500))

    @property
    def deliveries(self) -> int:
        """Of notices: most were delivered long ago."""
        return min(max(self.events // 5, PENDING), self.events)

    @property
    def families(self) -> int:
        """Codes that were exchanged."""
        return self.tokens // TOKENS_OF_A_FAMILY


def grant_id(number: int) -> str:
    """The id of the n-th grant, from 0."""
    return _uuid(f"g{number}")


def owner_id(number: int) -> str:
    """Whose the n-th grant is."""
    return _uuid(f"o{number // GRANTS_OF_AN_OWNER}")


def client_id(number: int) -> str:
    """For whom the n-th grant is."""
    return f"client-{number % CLIENTS}"


def family_id(number: int) -> str:
    """The id of the n-th family, from 0."""
    return _uuid(f"f{number}")


def grant_of_family(number: int, size: Size) -> int:
    """Which grant the n-th family is of."""
    return number % size.grants


def token_hash(number: int) -> bytes:
    """The hash of the n-th token, from 0; ten after another are a family."""
    return hashlib.sha256(f"t{number}".encode()).digest()


def _uuid(text: str) -> str:
    return str(uuid.UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()))


def fill(
    storage: Storage, connection: psycopg.Connection[Any], size: Size, say: Callable[[str], None]
) -> None:
    """Fill an empty, migrated database; then VACUUM and ANALYZE."""
    with storage.transaction() as uow:
        for number in range(CLIENTS):
            uow.clients.add(factories.client(client_id=client_id(number)))
    indexes = _without_indexes(connection)
    connection.execute("SET synchronous_commit = off")
    connection.execute("SET maintenance_work_mem = '512MB'")
    for name, statement in _statements(size):
        began = time.monotonic()
        connection.execute(statement)
        say(f"  {name}: {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    for definition in indexes:
        connection.execute(definition)
    connection.execute("RESET synchronous_commit")
    connection.execute("VACUUM ANALYZE")
    say(f"  indexes and statistics: {time.monotonic() - began:.0f} s")


def _without_indexes(connection: psycopg.Connection[Any]) -> list[str]:
    """Drop keys and indexes, which cost less when they are made at the end; the statements that make them."""
    keys = connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid::regclass::text = ANY(%s) AND contype IN ('p', 'u', 'f') "
        # what others refer to is made first, and dropped last
        "ORDER BY contype = 'f', contype = 'u'",
        (TABLES,),
    ).fetchall()
    made = [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for table, name, definition in keys]
    for table, name, _ in reversed(keys):
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    others = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)", (TABLES,)
    ).fetchall()
    for name, _ in others:
        connection.execute(f"DROP INDEX {name}")
    return [*(definition for _, definition in others), *made]


def _statements(size: Size) -> Iterator[tuple[str, str]]:
    """What fills each table, by the name of what it holds."""
    values = {
        "tokens": size.tokens,
        "grants": size.grants,
        "events": size.events,
        "families": size.families,
        "deliveries": size.deliveries,
        "each": TOKENS_OF_A_FAMILY,
        "clients": CLIENTS,
        "pairs": GRANTS_OF_AN_OWNER,
        "now": f"{factories.NOW}::bigint",
        "day": f"{DAY}::bigint",
        "pending": PENDING,
        "targets": TARGETS,
    }
    text = Path(__file__).with_name("fill.sql").read_text(encoding="utf-8")
    for part in text.split("\n\n-- ")[1:]:
        name, _, statement = part.partition("\n")
        yield name, Template(statement).substitute(values)
