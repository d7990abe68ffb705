"""One database, measured: its servers, its rounds, and what came out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import count, floor, load
from bench.databases import Database
from bench.disk import fsync_ms
from bench.operations import FLOORS, MEASURED, Operation
from bench.processes import cpu_seconds, resident_mb
from bench.seed import Seeder, seed
from bench.servers import Server, run, serving
from bench.stats import Point, Sample, point

INI = """\
[app:main]
use = egg:consentcore#main
consentcore.issuer = http://127.0.0.1
consentcore.keys = %(here)s/keys
consentcore.storage = sqlalchemy
consentcore.login = login_local
consentcore.scopes = scopes_file
consentcore.oauth.code_ttl_s = 600
consentcore.server.mode = {mode}
consentcore.server.workers = {workers}
consentcore.server.threads = {threads}
consentcore.plugin.sqlalchemy.url = {url}

[server:main]
use = egg:consentcore#main
listen = 127.0.0.1:0
"""
WARM_S = 0.3

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """How to measure. ``operations`` are names; ``seconds`` is the time of one point."""

    operations: tuple[str, ...]
    rounds: int = 3
    seconds: float = 1.0
    connections: int = 8
    workers: int = 2
    threads: int = 4
    mode: str = "direct"


@dataclass
class Result:
    """What came out for one database.

    :ivar rounds: in each round the points by name, those of the floor included.
    :ivar costs: SQL by operation.
    :ivar driver_us: median microseconds of the driver's select and insert+commit, one after another.
    :ivar rss_mb: of each web worker before and after.
    :ivar problems: examples of bad answers.
    """

    title: str
    rounds: list[dict[str, Point]] = field(default_factory=list)
    costs: dict[str, count.Cost] = field(default_factory=dict)
    driver_us: dict[str, float] = field(default_factory=dict)
    rss_mb: list[tuple[float, float]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """Good answers of consentcore's server within the points."""
        return sum(points[name].operations for points in self.rounds for name in points if name in MEASURED)

    @property
    def errors(self) -> int:
        """Bad answers."""
        return sum(each.errors for points in self.rounds for each in points.values())


def measure(database: Database, folder: Path, options: Options, say: Say) -> Result:
    """Measure one empty database; its files and the servers' logs go to ``folder``.

    :raises Failed: a server did not start, one of its processes died, or statements cannot be counted.
    """
    result = Result(database.title)
    ini = write_ini(database, folder, options)
    run("consentcore.cli.main", ["-c", str(ini), "init"])
    result.driver_us = _prepare_floor(database, folder, options)
    with (
        _seeded(ini) as seeder,
        serving("consentcore.cli.main", ["-c", str(ini), "serve"], folder / "serve.log") as server,
        serving("bench.floor", [str(folder / "floor.json")], folder / "floor.log") as floor_server,
    ):
        bench = _Bench(database, folder, options, seeder, result)
        before = [resident_mb(pid) for pid in server.workers]
        for number in range(options.rounds):
            say(f"{database.title}: round {number + 1} of {options.rounds}")
            result.rounds.append(bench.round(server, floor_server))
        result.rss_mb = list(zip(before, (resident_mb(pid) for pid in server.workers), strict=True))
        say(f"{database.title}: counting statements")
        operations = [MEASURED[name](seeder.world) for name in options.operations]
        seeder.add_codes(5 * count.REPEATS)
        seeder.add_revocable(5 * count.REPEATS)
        seeder.make_proofs(5 * count.REPEATS)
        wal_url = "" if database.url.startswith("sqlite") else database.url
        result.costs = count.costs(seeder.runtime, operations, wal_url)
    return result


class _Bench:
    def __init__(
        self, database: Database, folder: Path, options: Options, seeder: Seeder, result: Result
    ) -> None:
        self._database = database
        self._folder = folder
        self._options = options
        self._seeder = seeder
        self._result = result

    def round(self, server: Server, floor_server: Server) -> dict[str, Point]:
        """Every operation once, and before each the floor that it is compared with, if not measured yet."""
        points: dict[str, Point] = {}
        world = self._seeder.world
        points["bare"] = self._point(floor_server, FLOORS["bare"](world))
        for name in self._options.operations:
            operation = MEASURED[name](world)
            if operation.floor not in points:
                points[operation.floor] = self._point(floor_server, FLOORS[operation.floor](world))
            points[name] = self._point(server, operation)
        return points

    def _point(self, server: Server, operation: Operation) -> Point:
        options = self._options
        self._seeder.top_up(operation, options.seconds + WARM_S)
        probe = fsync_ms(self._folder)
        connections = load.open_balanced(server.address, options.connections, server.workers)
        load.run(connections, operation, WARM_S)
        cpu, database_cpu = cpu_seconds(server.pids), self._database_cpu()
        sample = load.run(connections, operation, options.seconds)
        cpu = cpu_seconds(server.pids) - cpu
        database_cpu = self._database_cpu() - database_cpu
        for connection in connections:
            connection.sock.close()
        server.check()
        self._note(operation, sample)
        return point(sample, cpu, database_cpu if self._database.cpu else None, probe)

    def _database_cpu(self) -> float:
        return self._database.cpu() if self._database.cpu else 0.0

    def _note(self, operation: Operation, sample: Sample) -> None:
        for kind, times in sample.errors.items():
            self._result.problems.append(f"{operation.name}: {times} x {kind} {sample.example}".rstrip())


@contextmanager
def _seeded(ini: Path) -> Iterator[Seeder]:
    from consentcore.config import load_ini
    from consentcore.runtime import build_runtime

    runtime = build_runtime(load_ini(ini))
    try:
        yield seed(runtime)
    finally:
        runtime.close()


def write_ini(database: Database, folder: Path, options: Options) -> Path:
    """The configuration of what is measured, in ``folder``; the keys of its ring lie beside it."""
    ini = folder / "bench.ini"
    url = database.url.replace("%", "%%")
    ini.write_text(INI.format(mode=options.mode, workers=options.workers, threads=options.threads, url=url))
    return ini


def _prepare_floor(database: Database, folder: Path, options: Options) -> dict[str, float]:
    members = {
        "url": database.floor_url,
        "mode": options.mode,
        "workers": options.workers,
        "threads": options.threads,
    }
    (folder / "floor.json").write_text(json.dumps(members))
    driver = floor.driver(database.floor_url)
    driver.seed()
    return {"select": floor.driver_us(driver.select), "insert_commit": floor.driver_us(driver.insert)}
