"""What rows cost on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    from bench.growth.filling import Size


def bytes_of(connection: psycopg.Connection[Any], tables: tuple[str, ...]) -> int:
    """Bytes of tables with their indexes."""
    total = 0
    for table in tables:
        row = connection.execute("SELECT pg_total_relation_size(%s::regclass)", (table,)).fetchone()
        assert row is not None
        total += int(row[0])
    return total


def costs(connection: psycopg.Connection[Any], size: Size) -> dict[str, int]:
    """Bytes of one of each, its indexes included."""
    return {
        "token": bytes_of(connection, ("token",)) // size.tokens,
        "family (code)": bytes_of(connection, ("code",)) // size.families,
        "grant": bytes_of(connection, ("consent_grant",)) // size.grants,
        "event": bytes_of(connection, ("consent_event",)) // size.events,
        "notice": bytes_of(connection, ("notice",)) // size.events,
        "delivery with its attempt": bytes_of(connection, ("delivery", "delivery_attempt"))
        // size.deliveries,
    }
