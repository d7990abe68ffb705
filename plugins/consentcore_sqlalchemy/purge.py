"""Removing what has no more use. Evidence is not among the tables named here."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, delete, or_, select, update

from consentcore.api import DELIVERY_LOG_MS, DeliveryState
from consentcore_sqlalchemy.engine import Database
from consentcore_sqlalchemy.errors import translating
from consentcore_sqlalchemy.nonces import NonceSweep
from consentcore_sqlalchemy.statements import ACTIVE
from consentcore_sqlalchemy.tables import (
    code,
    consent_grant,
    counter,
    delivery,
    delivery_attempt,
    owner_session,
    owner_ticket,
    pushed_request,
    registration_token,
    token,
    used_once,
)
from consentcore_sqlalchemy.work import Mode, Work, transaction


def purge(database: Database, sweep: NonceSweep, now: int, limit: int) -> dict[str, int]:
    """Remove at most ``limit`` rows a kind, each kind in a transaction of its own; how many of each."""
    kinds = {
        "nonces": sweep.forget,
        "tokens": _tokens,
        "sessions": _sessions,
        "tickets": _tickets,
        "registration_tokens": _registration_tokens,
        "pushed": _pushed,
        "used_once": _reusable,
        "counters": _counters,
        "deliveries": _deliveries,
    }
    counts = {}
    for kind, remove in kinds.items():
        with transaction(database, Mode.WRITE) as work:
            counts[kind] = remove(work, now, limit)
    counts["codes"] = _codes(database, now, limit)
    if database.is_sqlite and any(counts.values()):
        _cut_log(database)
    return counts


def _cut_log(database: Database) -> None:
    """Fold SQLite's write-ahead log into the file and empty it: what was erased would stay readable in it.

    Waits for nobody, because everybody who writes would wait with it; the next purge tries again.
    """
    with translating(), closing(database.engine.raw_connection()) as connection:
        cursor = connection.cursor()
        (wait_ms,) = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute("PRAGMA busy_timeout=0")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout={wait_ms}")


def _tokens(work: Work, now: int, limit: int) -> int:
    return _remove(work, token, token.c.token_hash, token.c.expires_at <= now, limit)


def _sessions(work: Work, now: int, limit: int) -> int:
    return _remove(
        work, owner_session, owner_session.c.session_hash, owner_session.c.expires_at <= now, limit
    )


def _pushed(work: Work, now: int, limit: int) -> int:
    return _remove(
        work, pushed_request, pushed_request.c.request_hash, pushed_request.c.expires_at <= now, limit
    )


def _reusable(work: Work, now: int, limit: int) -> int:
    return _remove(work, used_once, used_once.c.key_hash, used_once.c.expires_at <= now, limit)


def _registration_tokens(work: Work, now: int, limit: int) -> int:
    of = registration_token.c
    return _remove(work, registration_token, of.token_hash, of.expires_at <= now, limit)


def _tickets(work: Work, now: int, limit: int) -> int:
    return _remove(work, owner_ticket, owner_ticket.c.ticket_hash, owner_ticket.c.expires_at <= now, limit)


def _counters(work: Work, now: int, limit: int) -> int:
    over = select(*counter.primary_key.columns).where(counter.c.ends_at <= now).limit(limit)
    doomed = [
        and_(*(column == value for column, value in zip(counter.primary_key.columns, row, strict=True)))
        for row in work.rows(over)
    ]
    return sum(work.write(delete(counter).where(one, counter.c.ends_at <= now)) for one in doomed)


def _codes(database: Database, now: int, limit: int) -> int:
    """Codes that ran out unused, and families of which no token can live any more.

    A row is looked at when its ``purge_at`` comes; a family that lives on is put off until its last token's end. At
    most ``limit`` are looked at, and locked, in one commit, those first that wait longest, whatever is to become of
    them: so nobody goes through all that wait to find a few, and no exchange waits for more than that.
    """
    removed, more = 0, True
    while more and removed < limit:
        with transaction(database, Mode.WRITE) as work:
            most = limit - removed
            these = [row[0] for row in work.rows(_to_look_at(work, now, most))]
            more, named = len(these) == most, code.c.code_hash.in_(these)
            if these:
                removed += work.write(delete(code).where(named, _useless(now)))
                work.write(update(code).where(named).values(purge_at=code.c.ends_at))
    return removed


def _to_look_at(work: Work, now: int, limit: int) -> Select[Any]:
    chosen = select(code.c.code_hash).where(code.c.purge_at <= now).order_by(code.c.purge_at).limit(limit)
    return chosen if work.is_sqlite else chosen.with_for_update(skip_locked=True)


def _useless(now: int) -> ColumnElement[bool]:
    alive = (
        select(consent_grant.c.grant_id)
        .where(
            consent_grant.c.grant_id == code.c.grant_id,
            consent_grant.c.state == ACTIVE,
            consent_grant.c.expires_at > now,
        )
        .exists()
    )
    return or_(
        and_(code.c.used_at.is_(None), code.c.expires_at <= now),
        code.c.ends_at <= now,
        code.c.killed_at.is_not(None),
        ~alive,
    )


def _deliveries(work: Work, now: int, limit: int) -> int:
    """Finished deliveries that are past the log's reach, with their attempts."""
    old = (delivery.c.created_at <= now - DELIVERY_LOG_MS, delivery.c.state != DeliveryState.PENDING.value)
    chosen = select(delivery.c.delivery_id).where(*old).order_by(delivery.c.created_at).limit(limit)
    if not work.is_sqlite:
        chosen = chosen.with_for_update(skip_locked=True)
    doomed = [row[0] for row in work.rows(chosen)]
    if not doomed:
        return 0
    work.write(delete(delivery_attempt).where(delivery_attempt.c.delivery_id.in_(doomed)))
    return work.write(delete(delivery).where(delivery.c.delivery_id.in_(doomed)))


def _remove(
    work: Work, table: Table, key: ColumnElement[Any], useless: ColumnElement[bool], limit: int
) -> int:
    return work.write(delete(table).where(key.in_(_some(work, select(key).where(useless), limit))))


def _some(work: Work, chosen: Select[Any], limit: int) -> Any:
    """A few of the rows; those that somebody else is at wait for the next time."""
    chosen = chosen.limit(limit)
    if not work.is_sqlite:
        chosen = chosen.with_for_update(skip_locked=True, of=chosen.selected_columns[0].table)
    return chosen.scalar_subquery()
