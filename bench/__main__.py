"""``python -m bench``: what consentcore's protocol endpoints cost, as ratios. See docs/performance.md.

Exit code: 0 when every answer was a good one, 1 when not or when a server failed, 2 for wrong use, 75 when something
that was asked for could not be measured here (the rest is printed all the same).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import databases, report
from bench.measure import Options, Result, measure
from bench.more import DATABASES, More
from bench.operations import MEASURED
from bench.servers import Failed
from consentcore.domain.errors import ConsentcoreError

NOT_MEASURED = 75
"""EX_TEMPFAIL of sysexits.h, as in the product: it could not be done now."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    if not sys.platform.startswith("linux"):
        _say("NOT MEASURED: the benchmark reads /proc and needs Linux")
        return NOT_MEASURED
    chosen = _parser().parse_args(arguments)
    options = Options(
        operations=chosen.ops,
        rounds=chosen.rounds,
        seconds=chosen.seconds,
        connections=chosen.connections,
        workers=chosen.workers,
        threads=chosen.threads,
        mode=chosen.mode,
    )
    # An end from outside must end the servers too, which only unwinding does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    _forget_settings()
    machine = report.machine()
    results: list[Result] = []
    absent: list[str] = []
    if not chosen.json:
        print(report.machine_line(machine), end="\n\n", flush=True)
    try:
        for name in chosen.databases if options.operations else ():
            _measure(name, chosen.dir, options, results, absent)
            if results and not chosen.json and absent[-1:] != [name]:
                print(report.as_text(results[-1], options), end="\n\n", flush=True)
    except (Failed, ConsentcoreError) as error:
        _say(str(error))
        return 1
    besides = More(chosen, _say)
    try:
        besides.measure(absent)
    except (Failed, ConsentcoreError) as error:
        _say(str(error))
        return 1
    if chosen.json:
        found = report.as_json(results, options, absent, machine, besides.deliveries)
        print(json.dumps({**found, **besides.facts}, indent=1))
    if any(result.errors for result in results):
        return 1
    return NOT_MEASURED if absent else 0


def _measure(
    name: str, where: Path | None, options: Options, results: list[Result], absent: list[str]
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="ccbench", dir=where))
    try:
        with DATABASES[name](folder) as database:
            results.append(measure(database, folder, options, _say))
    except databases.Unavailable as error:
        absent.append(name)
        _say(f"NOT MEASURED: {name}: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _forget_settings() -> None:
    """Measure what is shipped, not what this shell overrides."""
    for name in list(os.environ):
        if name.startswith("CONSENTCORE_") and name != databases.NAMED:
            del os.environ[name]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument(
        "--ops",
        type=_operations,
        default=tuple(MEASURED),
        help=f"comma-separated, of {', '.join(MEASURED)}, or none (default: all)",
    )
    parser.add_argument("--rounds", type=_whole(1, 100), default=3, help="default 3; figures are medians")
    parser.add_argument("--seconds", type=_seconds, default=1.0, help="of each point; default 1")
    parser.add_argument("--connections", type=_whole(1, 256), default=8, help="requests in flight; default 8")
    parser.add_argument("--workers", type=_whole(1, 64), default=2, help="web processes; default 2")
    parser.add_argument("--threads", type=_whole(1, 64), default=4, help="of each web process; default 4")
    parser.add_argument("--mode", choices=("direct", "proxied"), default="direct")
    parser.add_argument(
        "--databases",
        type=_databases,
        default=tuple(DATABASES),
        help=f"comma-separated, of {', '.join(DATABASES)} (default: both)",
    )
    parser.add_argument(
        "--deliveries",
        type=_whole(0, 10**6),
        default=12_000,
        help="webhooks of each measurement; 0: none; default 12000",
    )
    parser.add_argument(
        "--backlog",
        type=_whole(0, 10**6),
        default=100_000,
        help="that claims are measured with; default 100000",
    )
    parser.add_argument(
        "--pages",
        type=_whole(0, 1),
        default=1,
        help="whether pages of owners are measured; 0: not; default 1",
    )
    parser.add_argument(
        "--writers",
        type=_whole(0, 600),
        default=5,
        help="seconds that one writer of consents, and then many, write on PostgreSQL; 0: not at all; default 5",
    )
    parser.add_argument(
        "--evidence",
        type=_whole(0, 10**8),
        default=0,
        help="events of a ledger to fill and to verify, export and check; 0: none; default 0",
    )
    parser.add_argument("--dir", type=Path, help="folder for temporary files, on the disk to measure")
    parser.add_argument("--json", action="store_true", help="JSON on stdout instead of tables")
    return parser


def _names(text: str, known: Sequence[str]) -> tuple[str, ...]:
    wanted = set(text.replace(",", " ").split())
    if not wanted or wanted - set(known):
        raise argparse.ArgumentTypeError(f"expected some of {', '.join(known)}, not {text!r}")
    return tuple(name for name in known if name in wanted)


def _operations(text: str) -> tuple[str, ...]:
    if text == "none":
        return ()
    return _names(text, list(MEASURED))


def _databases(text: str) -> tuple[str, ...]:
    return _names(text, list(DATABASES))


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"expected a number from {low} to {high}, not {text!r}")
        return int(text)

    return parse


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 600:
        raise argparse.ArgumentTypeError(f"expected seconds from 0.1 to 600, not {text!r}")
    return value


if __name__ == "__main__":
    sys.exit(main())
