"""Creating and upgrading the tables, with Alembic."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy import select

from consentcore.api import KeyRing, StorageConflict, StorageError
from consentcore_sqlalchemy.engine import Database
from consentcore_sqlalchemy.errors import translating
from consentcore_sqlalchemy.schema import (
    HEAD,
    ask_for_oldest,
    current_version,
    newer,
    oldest_on,
    suffices,
    version_on,
)
from consentcore_sqlalchemy.sealing import SINCE, seal_rows
from consentcore_sqlalchemy.tables import checkpoint

if TYPE_CHECKING:
    from sqlalchemy import Connection

FOLDER = Path(__file__).parent / "migrations"
_ATTEMPTS = 20
_ALEMBIC = threading.Lock()
"""Alembic keeps its context in module globals: one migration at a time in a process."""


def migrate(database: Database, keys: KeyRing) -> Sequence[str]:
    """Bring the database to the newest version; safe to repeat and to run from two processes at once.

    Everything happens in one transaction. Of two that start together one fails, having changed nothing, looks
    again and finds the work done; so no lock outlives a process that is killed in the middle.

    A database that newer code has added to is left as it is, where it says that this code may use it.

    :param keys: seals what was written before records were sealed.
    :returns: one line for each step done.
    :raises StorageError: when it is not possible.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return _upgrade(database, keys)
        except StorageError as error:
            last = attempt == _ATTEMPTS - 1
            # "Table exists already" is no conflict by its code, but it is one if the other has finished meanwhile.
            if last or not (isinstance(error, StorageConflict) or current_version(database) == HEAD):
                raise
            time.sleep(random.random() * min(0.5, 0.02 * 2**attempt))  # noqa: S311 - spreads two processes
    raise AssertionError("the last attempt returns or raises")


def configuration(connection: Connection, steps: list[str] | None = None) -> Config:
    """Alembic's configuration for our migrations on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["steps"] = steps if steps is not None else []
    return config


def _upgrade(database: Database, keys: KeyRing) -> Sequence[str]:
    steps: list[str] = []
    with _ALEMBIC, translating(), database.transactions.connect() as connection, connection.begin():
        current = version_on(connection)
        if current is not None and current > HEAD:
            oldest = oldest_on(connection)
            if suffices(oldest):
                return []
            raise StorageError(f"the database was {newer(current, oldest)}")
        command.upgrade(configuration(connection, steps), "head")
        ask_for_oldest(connection)
        if current is not None and current < SINCE:
            _check_not_turned_back(connection)
            steps.append(f"{seal_rows(connection, keys)} records of before sealed")
    return [f"sqlalchemy: {step}" for step in steps]


def _check_not_turned_back(connection: Connection) -> None:
    """An upgrade seals what was there before it, so nobody may have it done once more to what they have put there.

    :raises StorageError: when the log of evidence was signed as no release without seals could do it.
    """
    if connection.scalar(select(checkpoint.c.size).where(checkpoint.c.note != "").limit(1)) is not None:
        raise StorageError(
            "the tables are said to be of a release that sealed no records, but a later one has signed the log: "
            "somebody changed them by hand; bring a backup back"
        )
