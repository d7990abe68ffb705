"""Results as tables for people and as JSON."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from bench.count import Cost
from bench.delivery import Deliveries
from bench.measure import Options, Result
from bench.operations import FLOORS, MEASURED, Operation
from bench.stats import SLOW_DISK_MS, Point, median, ratio, sound

# Least share of the requests/s of the floor, see docs/performance.md.
FLOOR_GOALS = {"authorize": 0.70, "code": 0.65, "refresh": 0.70, "introspect": 0.75, "revoke": 0.90}

RATE_GOALS = {(0, 1): ">= 1000/s", (100, 2): ">= 1.70"}
"""By the milliseconds that a receiver takes, and the number of workers."""

BOUND_GOAL = 1.35
"""What a refresh with a proof of possession may cost, in refreshes without."""

HEADINGS = (
    "operation", "req/s", "p50 ms", "p95 ms", "p99 ms", "CPU us", "db CPU us", "errors",
    "SQL r+w", "commits", "WAL B", "x floor", "goal", "x bare", "CPU/floor", "CPU/bare", "fsync ms",
)  # fmt: skip


def as_json(
    results: Sequence[Result],
    options: Options,
    absent: Sequence[str],
    on: dict[str, Any],
    delivered: Sequence[Deliveries] = (),
) -> dict[str, Any]:
    """Everything, with each round's points; figures that do not exist are null.

    :param on: what :func:`machine` said before.
    :param absent: what could not be measured.
    """
    databases = [
        {
            "database": result.title,
            "errors": result.errors,
            "problems": result.problems,
            "rss_mb": [{"start": start, "end": end} for start, end in result.rss_mb],
            "requests": result.requests,
            "driver_us": result.driver_us,
            "sql": {name: asdict(cost) for name, cost in result.costs.items()},
            "operations": {name: summary(result, name) for name in _names(result)},
            "bound_of_plain_refresh": bound_cost(result),
            "rounds": [{name: asdict(each) for name, each in points.items()} for points in result.rounds],
        }
        for result in results
    ]
    report = {
        "machine": on,
        "options": asdict(options),
        "absent": list(absent),
        "databases": databases,
        "deliveries": [asdict(each) for each in delivered],
    }
    found: dict[str, Any] = _without_nan(report)
    return found


def summary(result: Result, name: str) -> dict[str, float]:
    """Medians over the rounds that count, and ratios taken within each round."""
    kind = _kind(name)
    rounds = [result.rounds[number] for number in _sound(result, name)]

    def middle(figure: Callable[[Point], float | None]) -> float:
        values = (figure(points[name]) for points in rounds)
        return median(math.nan if value is None else value for value in values)

    def against(other: str, figure: Callable[[Point], float]) -> float:
        return median(ratio(figure(points[name]), figure(points[other])) for points in rounds)

    return {
        "requests_s": middle(lambda each: each.requests_s),
        "p50_ms": middle(lambda each: each.p50_ms),
        "p95_ms": middle(lambda each: each.p95_ms),
        "p99_ms": middle(lambda each: each.p99_ms),
        "cpu_us": middle(lambda each: each.cpu_us),
        "database_cpu_us": middle(lambda each: each.database_cpu_us),
        "client_cpu_us": middle(lambda each: each.client_cpu_us),
        "errors": sum(points[name].errors for points in result.rounds),
        "of_floor": against(kind.floor, lambda each: each.requests_s),
        "of_bare": against("bare", lambda each: each.requests_s),
        "cpu_of_floor": against(kind.floor, lambda each: each.cpu_us),
        "cpu_of_bare": against("bare", lambda each: each.cpu_us),
        "fsync_ms": middle(lambda each: each.fsync_ms),
    }


def as_text(result: Result, options: Options) -> str:
    """A table for one database."""
    rows = [_row(result, name) for name in _names(result)]
    what = (
        f"{result.title}: {options.rounds} rounds of {options.seconds:g} s a point, c={options.connections}, "
        f"{options.workers} web workers x {options.threads} threads, mode {options.mode}"
    )
    return "\n".join([what, *_aligned([HEADINGS, *rows]), *_notes(result)])


def deliveries_as_text(found: Deliveries) -> str:
    """The table of the workers."""
    one = found.rates[0]
    headings = (
        "answer ms", "workers", "webhooks/s", "x one", "goal", "CPU us", "db CPU us", "receiver CPU us",
    )  # fmt: skip
    alone = {each.wait_ms: each.per_s for each in found.rates if each.workers == 1}
    rows = [
        (
            str(each.wait_ms), str(each.workers), f"{each.per_s:.0f}", f"{each.per_s / alone[each.wait_ms]:.2f}",
            RATE_GOALS.get((each.wait_ms, each.workers), ""), f"{each.worker_us:.0f}",
            _number(each.database_us, 0), f"{each.receiver_us:.0f}",
        )
        for each in found.rates
    ]  # fmt: skip
    whole = one.worker_us + (0 if math.isnan(one.database_us) else one.database_us) + one.receiver_us
    processors = os.cpu_count() or 1
    most = processors * 1e6 / whole
    claims = ", ".join(f"{each.ms:.1f} ms with {each.backlog} due for a dead target" for each in found.claims)
    wake = found.wake
    lines = [
        f"deliveries on {found.title}: 6 endpoints of a receiver on loopback, from the notice to the settlement"
    ]
    lines += _aligned([headings, *rows])
    per = f"{processors} processors make {most:.0f}/s at most, {most / one.per_s:.2f} x one"
    waking = f"p50 {wake.p50_ms:.0f} ms, p95 {wake.p95_ms:.0f} ms, most {wake.most_ms:.0f} ms"
    idle = f"a worker with nothing to do: {wake.idle_cpu_percent:.1f} % of a processor"
    lines += [
        f"a webhook costs {whole:.0f} us of CPU in all: {per}",
        f"a claim of 64: {claims}",
        f"from a commit to the last of 6 arrivals: {waking}; {idle}",
    ]
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """What it runs on, and how busy that is at the moment."""
    return {
        "processors": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 2),
    }


def machine_line(on: dict[str, Any]) -> str:
    """The same as a line of text."""
    busy = on["load_average"] > (on["processors"] or 1) / 2
    return (
        f"{on['processors']} processors, {on['system']}, Python {on['python']}; "
        f"load average before: {on['load_average']}"
        + (" (others are at work here: look at the ratios only)" if busy else "")
    )


def _row(result: Result, name: str) -> tuple[str, ...]:
    figures = summary(result, name)
    cost = result.costs.get(name)
    measured = name in MEASURED
    goal = f">= {FLOOR_GOALS[name]:.2f}" if name in FLOOR_GOALS else ""
    return (
        name if measured else f"({name})",
        f"{figures['requests_s']:.0f}",
        *(_number(figures[key], 2) for key in ("p50_ms", "p95_ms", "p99_ms")),
        _number(figures["cpu_us"], 0),
        _number(figures["database_cpu_us"], 0),
        str(figures["errors"]),
        *_sql(cost),
        _number(figures["of_floor"], 2) if measured else "",
        goal,
        _number(figures["of_bare"], 2),
        _number(figures["cpu_of_floor"], 2) if measured else "",
        _number(figures["cpu_of_bare"], 2),
        _number(figures["fsync_ms"], 2),
    )


def _sql(cost: Cost | None) -> tuple[str, str, str]:
    if cost is None:
        return "", "", ""
    statements = f"{cost.reads:g}+{cost.writes:g}" + (f"+{cost.other:g}" if cost.other else "")
    return statements, f"{cost.commits:g}", "" if cost.wal_bytes is None else f"{cost.wal_bytes:.0f}"


def _notes(result: Result) -> list[str]:
    driver = result.driver_us
    select, insert = driver["select"], driver["insert_commit"]
    memory = ", ".join(f"{start:.1f} -> {end:.1f}" for start, end in result.rss_mb)
    client = median(summary(result, name)["client_cpu_us"] for name in _names(result) if name in MEASURED)
    lines = [
        f"driver alone, one call after another (p50): select {select:.0f} us, insert+commit {insert:.0f} us",
        f"RSS of the web workers, MB: {memory} after {result.requests} measured requests",
        f"the load generator itself used {client:.0f} us of CPU an operation, on the same processors",
    ]
    lines += _bound_note(result)
    left_out = {name: len(result.rounds) - len(_sound(result, name)) for name in _names(result)}
    slow = ", ".join(f"{name} {number}" for name, number in left_out.items() if number)
    if slow:
        lines.append(
            f"rounds left out of the medians, because fsync took more than {SLOW_DISK_MS} ms: {slow}"
        )
    early = [name for name in _names(result) if any(points[name].exhausted for points in result.rounds)]
    lines += [f"{name}: a point ended early, because everything seeded was used up" for name in early]
    lines += [f"ERROR {problem}" for problem in result.problems]
    return lines


def bound_cost(result: Result) -> dict[str, float]:
    """What a refresh with a proof costs, in refreshes without: medians of each round's own ratio, {} without both.

    ``cpu`` is the server's, ``all_cpu`` has the database's besides, ``requests_s`` is the other way round: of
    requests/s, those without divided by those with a proof.
    """
    pairs = [
        (points["dpop"], points["refresh"]) for points in result.rounds if {"dpop", "refresh"} <= set(points)
    ]
    if not pairs:
        return {}
    return {
        "cpu": median(ratio(bound.cpu_us, plain.cpu_us) for bound, plain in pairs),
        "all_cpu": median(ratio(_all_cpu(bound), _all_cpu(plain)) for bound, plain in pairs),
        "requests_s": median(ratio(plain.requests_s, bound.requests_s) for bound, plain in pairs),
    }


def _all_cpu(point: Point) -> float:
    return point.cpu_us + (point.database_cpu_us or 0.0)


def _bound_note(result: Result) -> list[str]:
    cost = bound_cost(result)
    if not cost:
        return []
    told = f"CPU {cost['cpu']:.2f}, with the database's {cost['all_cpu']:.2f}, time {cost['requests_s']:.2f}"
    return [f"DPoP refresh / Bearer refresh: {told} (goal <= {BOUND_GOAL})"]


def _kind(name: str) -> type[Operation]:
    return MEASURED.get(name) or FLOORS[name]


def _sound(result: Result, name: str) -> list[int]:
    """The rounds that count for an operation: a slow disk says nothing about it or about its floor."""
    kind = _kind(name)
    if not kind.writes:
        return list(range(len(result.rounds)))
    compared = (name, kind.floor)
    return sound([[points[each].fsync_ms for each in compared] for points in result.rounds])


def _names(result: Result) -> list[str]:
    """The floor first."""
    names = list(result.rounds[0]) if result.rounds else []
    return [name for name in FLOORS if name in names] + [name for name in names if name in MEASURED]


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"


def _aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
