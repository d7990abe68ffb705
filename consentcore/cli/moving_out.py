"""``consentcore export``."""

from __future__ import annotations

from pathlib import Path

import click

from consentcore.cli.commands import Command
from consentcore.cli.progress import counting
from consentcore.cli.state import State, pass_state
from consentcore.cli.writing import naming


@click.command(cls=Command, name="export")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@pass_state
def command(state: State, target: Path) -> None:
    """Write everything that the storage keeps into the file TARGET, to move to another storage.

    Stop every serve and worker first: what changes meanwhile is found at the end, and nothing is written then (exit
    code 1). Broken off, it goes on when it is run again. The file holds what the storage holds, personal data too, and
    only its owner may read it; the key ring is not in it.
    """
    with naming(target), counting(state, "Exporting", "records read and written") as advance:
        found = state.runtime.moving.export(target, advance)
    state.say(f"wrote {target}: {sum(found.counts.values())} records; nothing changed meanwhile")
    state.answer(
        {"records": found.counts, "digests": found.digests},
        [f"{kind:18} {count}" for kind, count in found.counts.items()],
    )
