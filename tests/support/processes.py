"""Processes: finds children, stops the worker for a while, sees them gone."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A running process.

    :ivar state: the letter of ``ps``; Z is dead and not yet collected.
    :ivar threads: how many there are, its first one among them.
    """

    pid: int
    parent: int
    state: str
    command: str
    threads: int = 1

    @property
    def lives(self) -> bool:
        """Whether anything is left of it: one whose first thread is dead keeps its sockets until the last one is."""
        return self.state != "Z" or self.threads > 1


def children_of(parent: int) -> list[Process]:
    """The processes that ``parent`` has started and that are still alive."""
    return [process for process in _processes() if process.parent == parent and process.lives]


def all_gone(pids: list[int]) -> bool:
    """Whether none of these lives."""
    return not [process for process in _processes() if process.pid in pids and process.lives]


def stop_worker(worker: int, database: Path | None, tries: int = 50) -> None:
    """Stop a worker (SIGSTOP) at a moment when it holds no lock of the SQLite file.

    :param database: None where nobody holds a lock while others wait, as in DynamoDB.
    :raises TimeoutError: when it held one at every try.
    """
    for _ in range(tries):
        os.kill(worker, signal.SIGSTOP)
        if database is None or _is_unlocked(database):
            return
        os.kill(worker, signal.SIGCONT)
        time.sleep(0.02)
    raise TimeoutError("the worker holds a lock all the time")


def _is_unlocked(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=0.1, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        connection.execute("ROLLBACK")
    return True


def _processes() -> list[Process]:
    folder = Path("/proc")
    if (folder / "self" / "stat").exists():
        found = (_from_proc(entry) for entry in folder.iterdir() if entry.name.isdigit())
        return [process for process in found if process is not None]
    listing = subprocess.run(
        ["/bin/ps", "-A", "-o", "pid=,ppid=,stat=,command="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 3) for line in listing.stdout.splitlines()]
    return [Process(int(row[0]), int(row[1]), row[2][0], row[3]) for row in rows if len(row) == 4]


def _from_proc(entry: Path) -> Process | None:
    try:
        # The name in parentheses may hold blanks and parentheses of its own.
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
        command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return None
    return Process(int(entry.name), int(fields[1]), fields[0], command, int(fields[17]))
