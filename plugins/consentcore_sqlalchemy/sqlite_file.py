"""Which file a ``sqlite:///`` URL names, how it is made, and that nobody writes into another one."""

from __future__ import annotations

import errno
import logging
import os
import re
import sqlite3
import stat
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Engine, event, exc, make_url

from consentcore.api import (
    ConfigurationError,
    StorageNotMigrated,
    StorageUnavailable,
    make_folder,
    private_file,
)
from consentcore_sqlalchemy.errors import NOT_MIGRATED

if TYPE_CHECKING:
    from sqlalchemy.pool import ConnectionPoolEntry

log = logging.getLogger("consentcore.sqlalchemy")

_SQLITE = re.compile(r"sqlite(?:\+pysqlite)?:///(.*)", re.DOTALL)
_OPTION = re.compile(
    r"(?:cached_statements|detect_types)=[0-9]{1,9}|timeout=[0-9]{1,9}(?:\.[0-9]{1,9})?"
    r"|check_same_thread=(?:true|false|yes|no|on|off|0|1)|isolation_level=[A-Za-z ]*"
)
_FILE = "consentcore_file"
EXPECTED = "expected sqlite:////absolute/path/of/a/file"


def url_of(text: str) -> URL | None:
    """The URL of a SQLite database as SQLAlchemy takes it; None when the text is no such URL.

    What stands behind ``sqlite:///`` is the path of the file, letter by letter, so that ``%(here)s`` may be any
    folder: percent signs, question marks and blanks are themselves. Only options of the driver behind the last
    question mark are none of it.

    :raises ConfigurationError: when it names no file.
    """
    match = _SQLITE.fullmatch(text)
    if match is None:
        return None
    name, query = _taken_apart(match[1])
    if not name or name == ":memory:" or "\0" in name:
        raise ConfigurationError([f"a SQLite database needs the path of a file; {EXPECTED}"])
    if name.startswith("file:") and "uri=" in name:
        raise ConfigurationError([f"a SQLite database needs a path, not a file: URI; {EXPECTED}"])
    before = _as_it_was_read(text)
    if before is not None and before != name and _is_the_one(Path(before), Path(name)):
        log.warning("the database is %s and not %s: write the path in the URL as it is", before, name)
        name = before
    return URL.create("sqlite", database=name, query=query)


def _taken_apart(rest: str) -> tuple[str, dict[str, str]]:
    name, mark, options = rest.rpartition("?")
    pairs = options.split("&")
    if mark and all(_OPTION.fullmatch(pair) for pair in pairs) and not os.path.lexists(rest):
        return name, dict(pair.split("=", 1) for pair in pairs)
    return rest, {}


def _as_it_was_read(text: str) -> str | None:
    """The path that SQLAlchemy reads, as this plugin did once: ``%20`` is a blank, and all behind ``?`` is no path."""
    try:
        return make_url(text).database
    except (exc.ArgumentError, ValueError):
        return None


def _is_the_one(before: Path, named: Path) -> bool:
    """Whether the database of before is what is meant: it is there, and nothing of where the two part ways is."""
    alike = list(takewhile(lambda pair: pair[0] == pair[1], zip(before.parts, named.parts, strict=False)))
    return before.is_file() and not os.path.lexists(Path(*named.parts[: len(alike) + 1]))


class Guard:
    """Never write into a file that is not the database any more: it was deleted, or a copy was put in its place.

    SQLite itself would go on in the old file, which is gone when the last process lets go of it, and with it
    every consent that it confirmed. A file that this process has seen is not made anew either: an empty one in
    the way of a copy that is being brought back would spoil it.
    """

    def __init__(self, engine: Engine, path: Path) -> None:
        self._path = path
        self._seen = False
        event.listen(engine, "do_connect", self._prepare)
        event.listen(engine, "connect", self._remember)
        event.listen(engine, "checkout", self._compare)

    def demand(self) -> None:
        """Let only what migrates make the file: one that root made by the way would shut the service out.

        :raises StorageNotMigrated: when it was never there.
        """
        if self._seen:
            return
        try:
            self._path.stat()
        except FileNotFoundError:
            raise StorageNotMigrated(f"the database is {NOT_MIGRATED} (there is no {self._path})") from None
        except OSError:
            return  # connecting says it better

    def _prepare(self, *_arguments: object) -> None:
        try:
            self._look()
        except OSError as error:
            raise StorageUnavailable(
                f"the database cannot be used: {self._path}: {error.strerror}"
            ) from error

    def _look(self) -> None:
        try:
            mode = self._path.stat().st_mode
        except FileNotFoundError:
            if self._seen:
                raise StorageUnavailable(
                    f"the database cannot be used: there is no {self._path} any more"
                ) from None
            make_folder(self._path.parent, 0o700)
            # SQLite gives the -wal and -shm files beside it the owner and the mode of this one.
            private_file(self._path)
            return
        if not stat.S_ISREG(mode):
            raise StorageUnavailable(f"the database cannot be used: {self._path} is no file")
        if not os.access(self._path, os.R_OK):
            raise StorageUnavailable(
                f"the database cannot be used: {self._path}: {os.strerror(errno.EACCES)}"
            )
        if mode & 0o007 and not self._seen:
            log.warning("%s can be read by everybody on this machine; chmod 600 it", self._path)

    def _remember(self, _connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        record.info[_FILE] = _identity(self._path)
        self._seen = True

    def _compare(self, _connection: sqlite3.Connection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if record.info.get(_FILE) != _identity(self._path):
            raise exc.DisconnectionError


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - a third of the time, and it is on the hot path
    except OSError:
        return (0, 0)
    return found.st_dev, found.st_ino
