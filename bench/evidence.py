"""What a long ledger costs: to sequence, to verify, to hand out, to check; and how much it takes on the disk.

Filled to a tenth of the size first and then to all of it: what grows with the ledger shows in the second beside the
first. The commands run as an operator runs them, each a process of its own whose memory is watched.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bench.evidence_fill import Filler
from bench.measure import Options, write_ini
from bench.processes import peak_mb
from bench.servers import Failed, environment, run
from consentcore.config import load_ini
from consentcore.runtime import build_runtime

if TYPE_CHECKING:
    from bench.databases import Database
    from consentcore.runtime import Runtime

Say = Callable[[str], None]
CLI = "consentcore.cli.main"
READING, SEQUENCING, VERIFYING = "reading each row once", "sequencing", "audit verify"
EXPORTING, CHECKING = "audit export", "consentcore verify"
KINDS = {
    "grant": ("consent_grant",),
    "event": ("consent_event", "disclosure", "notice_snapshot"),
    "notice": ("notice",),
    "leaf": ("log_object", "checkpoint"),
}
"""Tables that grow with each of these."""
LOOK_S = 0.02
POSTGRES_SIZES = (
    "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relname = ANY(:names)"
)
SQLITE_SIZES = """SELECT s.tbl_name, SUM(d.pgsize) FROM dbstat d JOIN sqlite_schema s ON s.name = d.name
GROUP BY s.tbl_name"""


@dataclass(frozen=True)
class Step:
    """Something that was done with a ledger.

    :ivar events: of the ledger, or of the backlog that was sequenced.
    :ivar cpu_s: of the process alone, its start included.
    :ivar server_s: of the database's own processes; None where it has none on this machine.
    :ivar peak_mb: most memory that was resident at once; 0 where it was not a process of its own.
    """

    what: str
    events: int
    cpu_s: float
    wall_s: float
    server_s: float | None = None
    peak_mb: float = 0.0

    @property
    def us(self) -> float:
        """Microseconds of CPU an event."""
        return self.cpu_s / max(self.events, 1) * 1e6


@dataclass
class Evidence:
    """What came out for one database.

    :ivar sizes: of the whole ledger: bytes for each kind of row, indexes included, and for all of them; None where the
        engine does not say.
    :ivar bundle: bytes of the bundle of everything, for an event.
    """

    title: str
    steps: list[Step] = field(default_factory=list)
    sizes: dict[str, float | None] = field(default_factory=dict)
    bundle: float = 0.0

    def step(self, what: str, size: int = -1) -> Step:
        """The step at one of the sizes, by default the last."""
        return [one for one in self.steps if one.what == what][size]


def measure(database: Database, folder: Path, events: int, say: Say) -> Evidence:
    """Fill an empty database with so many events and measure.

    :raises Failed: when a command says that something is wrong.
    """
    ini = write_ini(database, folder, Options(()))
    run(CLI, ["-c", str(ini), "init"])
    found = Evidence(database.title)
    done = 0
    for size in (max(events // 10, 1), events):
        with _runtime(ini) as runtime:
            say(f"{database.title}: filling up to {size} events")
            added = Filler(runtime).add(size - done)
            done += added
            say(f"{database.title}: sequencing {added} events")
            found.steps.append(_timed(SEQUENCING, added, database, runtime.evidence.advance))
        look_at(found, ini, done, database, say)
    found.sizes = sizes(database.url, done)
    return found


def look_at(found: Evidence, ini: Path, events: int, database: Database, say: Say) -> None:
    """Read, verify, export and check a ledger of so many events; adds to ``found``."""
    bundle = ini.with_name(f"bundle-{events}.jsonl")
    commands = {
        READING: ["bench.evidence_reading", str(ini)],
        VERIFYING: [CLI, "-c", str(ini), "audit", "verify"],
        EXPORTING: [CLI, "-c", str(ini), "audit", "export", str(bundle)],
        CHECKING: [CLI, "verify", str(bundle)],
    }
    for what, arguments in commands.items():
        say(f"{database.title}: {what}, {events} events")
        found.steps.append(_command(what, arguments, events, database))
    found.bundle = bundle.stat().st_size / events
    bundle.unlink()


def sizes(url: str, events: int) -> dict[str, float | None]:
    """Bytes for each kind of row, by its name, and ``all`` for an event with what comes with it."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:", 1), poolclass=sa.NullPool)
    names = [name for some in KINDS.values() for name in some]
    try:
        with engine.connect() as connection:
            said = SQLITE_SIZES if engine.dialect.name == "sqlite" else POSTGRES_SIZES
            values = {} if engine.dialect.name == "sqlite" else {"names": names}
            rows = connection.execute(sa.text(said), values)
            by_table = {str(row[0]): int(row[1]) for row in rows if row[0] in names}
            grants = connection.execute(sa.text("SELECT count(*) FROM consent_grant")).scalar_one()
    except sa.exc.OperationalError:  # SQLite is built without dbstat
        return dict.fromkeys([*KINDS, "all"])
    finally:
        engine.dispose()
    counts = {"grant": grants}
    found: dict[str, float | None] = {
        kind: sum(by_table.get(name, 0) for name in some) / counts.get(kind, events)
        for kind, some in KINDS.items()
    }
    return {**found, "all": sum(by_table.values()) / events}


def as_text(found: Evidence) -> str:
    """Tables: each step at both sizes, and what grows."""
    lines = [
        f"EVIDENCE ON {found.title}",
        f"{'':<24}{'events':>10}{'CPU us/event':>14}{'of server':>11}{'peak MB':>9}{'grown':>8}",
    ]
    for what in dict.fromkeys(one.what for one in found.steps):
        small = found.step(what, 0)
        for one in (small, found.step(what)):
            server = f"{one.server_s / max(one.events, 1) * 1e6:.0f}" if one.server_s is not None else "-"
            grown = one.peak_mb / small.peak_mb if small.peak_mb else one.us / small.us
            peak = f"{one.peak_mb:.0f}" if one.peak_mb else "-"
            lines.append(f"{what:<24}{one.events:>10}{one.us:>14.0f}{server:>11}{peak:>9}{grown:>8.2f}")
    ratio = found.step(VERIFYING).cpu_s / found.step(READING).cpu_s
    lines.append(
        f"audit verify takes {ratio:.2f} times the CPU of reading each of its rows once, bodies parsed"
    )
    told = ", ".join(f"{kind} {'?' if size is None else f'{size:.0f}'}" for kind, size in found.sizes.items())
    lines.append(f"bytes in the database, indexes included: {told}; in a bundle {found.bundle:.0f} an event")
    return "\n".join(lines)


@contextmanager
def _runtime(ini: Path) -> Iterator[Runtime]:
    runtime = build_runtime(load_ini(ini))
    try:
        yield runtime
    finally:
        runtime.close()


def _timed(what: str, events: int, database: Database, work: Callable[[], object]) -> Step:
    """Something in this process."""
    server = database.cpu() if database.cpu else 0.0
    wall, cpu = time.monotonic(), time.process_time()
    work()
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    return Step(what, events, cpu, wall, database.cpu() - server if database.cpu else None)


def _command(what: str, arguments: Sequence[str], events: int, database: Database) -> Step:
    """A command, which has to end well.

    :raises Failed: with what it said.
    """
    server = database.cpu() if database.cpu else 0.0
    wall = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    )
    peaks, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_S):
            peaks[0] = max(peaks[0], peak_mb(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    said = process.stdout.read() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    over.set()
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"{what} ended with {process.returncode}:\n{said}")
    wall, cpu = time.monotonic() - wall, used.ru_utime + used.ru_stime
    return Step(what, events, cpu, wall, database.cpu() - server if database.cpu else None, peaks[0])
