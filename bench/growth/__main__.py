"""``python -m bench.growth``: what each operation costs among many rows, divided by what it costs among few.

Exit code: 0 when no ratio is above the limit and no plan goes through a large table, 1 when not, 2 for wrong use, 75
when it cannot be measured here.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from bench.growth import disk, filling, plans
from bench.growth.operations import OPERATIONS, SEED, Call, House
from bench.stats import median, percentile
from consentcore.testing.factories import NOW
from tests.support.postgres import storage_at
from tests.support.postgres_server import Unavailable, running

LIMIT = 1.15
NOT_MEASURED = 75
WARM = 40
CALLS = 150
"""Of each side in a round."""
SERVER = ("shared_buffers=512MB", "jit=off", "max_wal_size=8GB", "checkpoint_timeout=30min", "autovacuum=off")


@dataclass(frozen=True)
class Cost:
    """One operation.

    :ivar few_us: median microseconds among few rows; ``many_us`` among many.
    :ivar cpu_us: microseconds of processor among many rows, of the server's process and of this one.
    :ivar ratio: of the processor's times, median over the rounds: on a machine that does other things besides, time
        by the clock says how busy that is.
    :ivar scans: large tables that it went through.
    """

    name: str
    few_us: float
    many_us: float
    cpu_us: float
    ratio: float
    scans: list[str]


@dataclass(frozen=True)
class Round:
    """Both sides in one round: the median by the clock, and the mean by the processor, in microseconds."""

    clock: tuple[float, float]
    cpu: tuple[float, float]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    chosen = _parser().parse_args(arguments)
    size = filling.Size(chosen.tokens, chosen.grants, chosen.events)
    try:
        return _run(size, chosen, chosen.dir or Path(tempfile.gettempdir()))
    except Unavailable as error:
        _say(f"NOT MEASURED: {error}")
        return NOT_MEASURED


def _run(size: filling.Size, chosen: argparse.Namespace, where: Path) -> int:
    with ExitStack() as stack:
        server = stack.enter_context(running(SERVER, where))
        few, _ = _filled(stack, server.url, "few", size.scaled(min(chosen.base, size.tokens)))
        many, connection = _filled(stack, server.url, "many", size)
        cost = disk.costs(connection, size)
        found = []
        for name in chosen.ops:
            found.append(_measure(name, few, many, connection, chosen.rounds))
            _say(f"{name}: {found[-1].ratio:.2f}")
        purge_ms = 1000 * _seconds(partial(many.storage.purge, NOW + 1, 1000))
    if chosen.json:
        facts = {"size": asdict(size), "few": chosen.base, "bytes": cost, "purge_of_nothing_ms": purge_ms}
        print(json.dumps({**facts, "operations": [asdict(one) for one in found]}, indent=1))
    else:
        print(_table(found, cost, size, purge_ms))
    return int(any(one.ratio > LIMIT or one.scans for one in found))


def _filled(
    stack: ExitStack, url: str, name: str, size: filling.Size
) -> tuple[House, psycopg.Connection[Any]]:
    """A database of that size, and a connection that watches it."""
    with psycopg.connect(url.format("postgres"), autocommit=True) as maintenance:
        maintenance.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    storage = storage_at(url.format(name))
    stack.callback(storage.close)
    storage.migrate()
    connection = stack.enter_context(psycopg.connect(url.format(name), autocommit=True))
    _say(f"{name}: {size.tokens:,} tokens, {size.grants:,} grants, {size.events:,} events")
    filling.fill(storage, connection, size, _say)
    return House(name, storage, size), connection


def _measure(name: str, few: House, many: House, connection: psycopg.Connection[Any], rounds: int) -> Cost:
    """Call after call in turn, so that both see the same machine."""
    calls = [OPERATIONS[name](house, random.Random(SEED)) for house in (few, many)]
    found: list[Round] = []
    work = partial(_extend, found, calls, Processors(connection, (few.name, many.name)), rounds)
    scanned = plans.read_through(connection, work, many.storage.close)
    with plans.recorded(many.storage) as statements:
        next(calls[1])()
    planned = {table for one in statements for table in plans.scans(connection, one)}
    return Cost(
        name,
        median(one.clock[0] for one in found),
        median(one.clock[1] for one in found),
        median(one.cpu[1] for one in found),
        median(one.cpu[1] / one.cpu[0] for one in found),
        sorted({*planned, *scanned}),
    )


def _extend(found: list[Round], calls: Sequence[Iterator[Call]], processors: Processors, rounds: int) -> None:
    for _ in range(WARM):
        for one in calls:
            next(one)()
    found += (_round(calls, processors) for _ in range(rounds))


def _round(calls: Sequence[Iterator[Call]], processors: Processors) -> Round:
    times: list[list[float]] = [[], []]
    used = [0.0, 0.0]
    before = processors.seconds()
    for number in range(CALLS):
        # who comes first finds a colder machine
        for side in (0, 1) if number % 2 else (1, 0):
            call, began = next(calls[side]), time.process_time()
            times[side].append(_seconds(call))
            used[side] += time.process_time() - began
    served = [after - earlier for after, earlier in zip(processors.seconds(), before, strict=True)]
    few, many = ((used[side] + served[side]) / CALLS * 1e6 for side in (0, 1))
    first, second = (percentile(sorted(side), 0.5) * 1e6 for side in times)
    return Round((first, second), (few, many))


class Processors:
    """What the server's processes of two databases have used; what is prepared between calls counts on both sides."""

    def __init__(self, connection: psycopg.Connection[Any], names: tuple[str, str]) -> None:
        self._connection = connection
        self._names = names

    def seconds(self) -> tuple[float, float]:
        """So far, of those that are connected."""
        few, many = (sum(map(_ran, self._pids(name))) for name in self._names)
        return few, many

    def _pids(self, name: str) -> list[int]:
        rows = self._connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", (name,)
        ).fetchall()
        return [pid for (pid,) in rows]


def _ran(pid: int) -> float:
    """Seconds that a process has run, to the nanosecond."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except FileNotFoundError:
        return 0.0


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _table(found: Sequence[Cost], cost: Mapping[str, int], size: filling.Size, purge_ms: float) -> str:
    lines = [
        f"among {size.tokens:,} tokens, {size.grants:,} grants and {size.events:,} events:",
        "  among few, among many, processor among many, and that beside the processor among few",
    ]
    for one in found:
        scans = f"  SCANS {', '.join(one.scans)}" if one.scans else ""
        over = "  OVER" if one.ratio > LIMIT else ""
        figures = f"{one.few_us:8.0f} us {one.many_us:8.0f} us {one.cpu_us:8.0f} us  x{one.ratio:.2f}"
        lines.append(f"  {one.name:16}{figures}{over}{scans}")
    lines.append(f"a purge that finds nothing: {purge_ms:.0f} ms")
    lines += [f"{name}: {number} bytes with its indexes" for name, number in cost.items()]
    return "\n".join(lines)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    many = partial(_whole, 1000, 10**9)
    parser.add_argument("--tokens", type=many, default=10_000_000)
    parser.add_argument("--grants", type=many, default=1_000_000)
    parser.add_argument("--events", type=many, default=5_000_000)
    parser.add_argument("--base", type=many, default=10_000, help="tokens of the small one; default 10000")
    parser.add_argument("--rounds", type=partial(_whole, 1, 100), default=5)
    parser.add_argument(
        "--ops", type=_operations, default=tuple(OPERATIONS), help="comma-separated; default all"
    )
    parser.add_argument("--dir", type=Path, help="folder for the databases, on the disk to measure")
    parser.add_argument("--json", action="store_true")
    return parser


def _whole(low: int, high: int, text: str) -> int:
    plain = text.replace("_", "")
    if not (plain.isascii() and plain.isdecimal()) or not low <= int(plain) <= high:
        raise argparse.ArgumentTypeError(f"expected a number from {low} to {high}, not {text!r}")
    return int(plain)


def _operations(text: str) -> tuple[str, ...]:
    wanted = tuple(name.strip() for name in text.split(","))
    if unknown := set(wanted) - set(OPERATIONS):
        raise argparse.ArgumentTypeError(f"expected some of {', '.join(OPERATIONS)}, not {unknown.pop()!r}")
    return wanted


if __name__ == "__main__":
    sys.exit(main())
