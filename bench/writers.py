"""Consents of different people at once, on PostgreSQL: whether many writers get more done than one, and whether any of
them waits for another's lock."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.databases import Database
from bench.measure import Options, write_ini
from bench.servers import Failed, environment, run

CLI = "consentcore.cli.main"
WRITERS = 8
LOOK_S = 0.005
WAITS = """SELECT wait_event, left(query, 60) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'"""


@dataclass
class Writing:
    """What came out.

    :ivar one: consents a second of one writer, in each round.
    :ivar many: of :data:`WRITERS`.
    :ivar looks: how often the server was asked who waits for a lock while they wrote.
    :ivar waits: who did, by what for and in which statement.
    """

    one: list[float] = field(default_factory=list)
    many: list[float] = field(default_factory=list)
    looks: int = 0
    waits: Counter[str] = field(default_factory=Counter)

    @property
    def ratio(self) -> float:
        """Many to one: the median of the rounds."""
        return median(many / one for many, one in zip(self.many, self.one, strict=True))


def measure(database: Database, folder: Path, seconds: float, rounds: int) -> Writing:
    """One writer and many in turn, in an empty database.

    :raises Failed: when a writer ends before it should.
    """
    ini = write_ini(database, folder, Options(()))
    run(CLI, ["-c", str(ini), "init"])
    scopes, uri = "sites.read meters.read", "https://app.example/callback"
    names = ["--name", "Benchmark", "--redirect-uri", uri, "--scope", scopes]
    run(CLI, ["-c", str(ini), "client", "create", *names])
    found = Writing()
    for _ in range(rounds):
        found.one.append(_round(database, ini, 1, seconds, found))
        found.many.append(_round(database, ini, WRITERS, seconds, found))
    return found


def as_text(found: Writing) -> str:
    """Lines: throughput, the ratio, lock waits."""
    rates = ", ".join(f"{one:.0f} and {many:.0f}" for one, many in zip(found.one, found.many, strict=True))
    waits = "; ".join(f"{count} x {what}" for what, count in found.waits.most_common()) or "none"
    return (
        f"WRITERS: consents a second of one writer and of {WRITERS}: {rates}; ratio {found.ratio:.2f}\n"
        f"lock waits in {found.looks} looks at pg_stat_activity: {sum(found.waits.values())} ({waits})"
    )


def _round(database: Database, ini: Path, count: int, seconds: float, found: Writing) -> float:
    """Consents a second."""
    import psycopg

    writers = [_begin(ini) for _ in range(count)]
    try:
        for writer in writers:
            _said(writer, "ready")
        started = time.monotonic()
        for writer in writers:
            _tell(writer)
        with psycopg.connect(database.url, autocommit=True) as connection:
            while time.monotonic() - started < seconds:
                rows = connection.execute(WAITS).fetchall() if count > 1 else []
                found.looks += count > 1
                found.waits.update(f"{event}: {query}" for event, query in rows)
                time.sleep(LOOK_S)
        for writer in writers:
            if writer.stdin:
                writer.stdin.close()
        done = sum(int(_said(writer)) for writer in writers)
        return done / (time.monotonic() - started)
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()


def _begin(ini: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.writing", str(ini)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def _tell(writer: subprocess.Popen[str]) -> None:
    if writer.stdin:
        writer.stdin.write("go\n")
        writer.stdin.flush()


def _said(writer: subprocess.Popen[str], wanted: str = "") -> str:
    """Its next line.

    :raises Failed: when it says something else.
    """
    said = writer.stdout.readline().strip() if writer.stdout else ""
    if not said or wanted not in {"", said}:
        raise Failed(f"a writer ended before it should: {said!r}")
    return said
