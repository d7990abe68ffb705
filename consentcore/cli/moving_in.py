"""``consentcore import``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from consentcore.cli.commands import Command
from consentcore.cli.exit_codes import FOUND_A_PROBLEM
from consentcore.cli.progress import counting, progress
from consentcore.cli.state import State, pass_state
from consentcore.cli.verify import READABLE

SHOWN = 20


@click.command(cls=Command, name="import")
@click.argument("source", type=READABLE)
@click.pass_context
@pass_state
def command(state: State, ctx: click.Context, source: Path) -> None:
    """Read the file SOURCE, which `export` wrote, into a storage in which only `init` has written.

    Nothing is written before the whole file was checked. Broken off, it goes on when it is run again; until it has
    ended no serve and no worker starts. At the end what is stored is compared with the file, and the evidence is
    verified as by `audit verify`. Exit code 1: the file is not whole, the storage not empty, or something is not as it
    was.
    """
    moving_in = state.runtime.moving.importing(source)
    with (
        progress(state, "Checking the file", moving_in.size) as checked,
        counting(state, "Importing", "records written and read again") as written,
    ):
        found = moving_in.run(checked, written)
    report = state.runtime.evidence.verify()
    counts = found.counts
    state.answer(
        {
            "records": counts,
            "digests": found.digests,
            "evidence": {
                "ok": report.ok,
                "events": report.events,
                "problems": [asdict(problem) for problem in report.problems],
            },
        },
        [f"{kind:18} {count}" for kind, count in counts.items()],
    )
    state.say(f"imported {sum(counts.values())} records; what is stored is what is in the file")
    if report.ok:
        state.say(f"the evidence is intact: {report.grants} consents, {report.events} events")
        return
    for problem in report.problems[:SHOWN]:
        state.say(f"consent {problem.grant_id or '-'}: {problem.text}")
    state.say(
        f"the evidence is NOT INTACT: {len(report.problems)} problems. Everything is stored as it was in the file; "
        "look at audit verify where it comes from"
    )
    ctx.exit(FOUND_A_PROBLEM)
