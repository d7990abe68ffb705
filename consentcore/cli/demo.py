"""``consentcore demo``."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from consentcore.cli.commands import Command
from consentcore.cli.state import State, pass_state


@click.command(cls=Command, name="demo")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where it keeps its data; by default a folder of its own among the temporary ones.",
)
@click.option(
    "--port", type=click.IntRange(0, 65000), default=6543, show_default=True, help="First port to try."
)
@pass_state
def command(state: State, folder: Path | None, port: int) -> int:
    """Run everything on this machine only, with a demo application to click through."""
    try:
        from consentcore.demo.run import DemoOptions, run_demo
    except ModuleNotFoundError as error:
        raise click.ClickException(f"the demo needs {error.name}: pip install 'consentcore[demo]'") from None
    place = folder or Path(tempfile.gettempdir()) / f"consentcore-demo-{os.getuid()}"
    options = DemoOptions(folder=place.absolute(), port=port)
    state.say("starting …")
    return run_demo(options)
