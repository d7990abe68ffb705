"""What can be set under ``consentcore.plugin.sqlalchemy``."""

from __future__ import annotations

from dataclasses import dataclass

from consentcore.api import Secret, setting


@dataclass(frozen=True)
class SqlSettings:
    """Settings of the SQL storage."""

    url: Secret = setting(
        "Where the database is: postgresql://user:password@host/name or sqlite:////absolute/path, the path letter by "
        "letter (no %20). Of several PostgreSQL hosts (first,second:5433) the one that takes writes is asked. "
        "Printed nowhere, because it may hold a password."
    )
    pool_size: int = setting("Connections kept open by each process.", default=5, minimum=1, maximum=500)
    pool_overflow: int = setting(
        "Further connections that a process may open under load.", default=10, minimum=0, maximum=500
    )
    pool_timeout_s: float = setting(
        "Seconds to wait for a free connection.", default=5.0, minimum=0.1, maximum=300
    )
    pool_recycle_s: float = setting(
        "Age in seconds at which a connection is replaced.", default=1800.0, minimum=1
    )
    connect_timeout_s: int = setting(
        "PostgreSQL: seconds to wait for a new connection.", default=3, minimum=1, maximum=300
    )
    statement_timeout_s: float = setting(
        "PostgreSQL: seconds a statement may take; 0 leaves it to the server (needed behind a PgBouncer "
        "that refuses startup options).",
        default=15.0,
        minimum=0,
        maximum=3600,
    )
    prepare_threshold: int = setting(
        "PostgreSQL: uses after which a statement is prepared; 0 never prepares (needed behind a PgBouncer "
        "in transaction mode that does not track prepared statements).",
        default=5,
        minimum=0,
    )
    busy_timeout_s: float = setting(
        "SQLite: seconds to wait for another writer.", default=5.0, minimum=0, maximum=300
    )
