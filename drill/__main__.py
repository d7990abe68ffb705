"""``python -m drill``: play every attack and print what found it; exit 1 when something was missed."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drill import EXPECTED
from drill.attack import Attack
from drill.judge import Outcome, play
from drill.stage import Stage, stage
from drill.table import line
from tests.support.postgres import running_server
from tests.support.postgres_server import NoServer

NOT_NOW = 75


def main() -> int:
    """Read the options, play, and say what was seen."""
    parser = argparse.ArgumentParser(prog="python -m drill", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--only", default="", help="a part of the words of the attacks to play")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    try:
        with installation(options.database) as made:
            outcomes = [_played(made, one) for one in EXPECTED if options.only in one.what]
    except NoServer as error:
        print(f"cannot be played: there is no PostgreSQL: {error}", file=sys.stderr)
        return NOT_NOW
    missed = [one for one in outcomes if one.missed]
    counts = Counter(", ".join(sorted(one.found)) or "nothing" for one in outcomes)
    print(f"\n{len(outcomes)} attacks on {options.database}; found by:")
    for found, count in counts.most_common():
        print(f"  {count:3} {found}")
    print(f"{len(missed)} are not as expected")
    return 1 if missed else 0


@contextmanager
def installation(database: str) -> Iterator[Stage]:
    """One of its own, in a temporary folder.

    :raises NoServer: when there is no PostgreSQL.
    """
    with tempfile.TemporaryDirectory(prefix="consentcore-drill-") as folder:
        if database == "sqlite":
            with stage(Path(folder)) as made:
                yield made
            return
        with running_server() as servers, stage(Path(folder), servers=servers) as made:
            yield made


def _played(made: Stage, attack: Attack) -> Outcome:
    outcome = play(made, attack)
    print(("MISSED " if outcome.missed else "       ") + line(attack, outcome.found), flush=True)
    for text in outcome.missed:
        print(f"         {text}", flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
