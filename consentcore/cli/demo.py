"""``consentcore demo``."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from consentcore.cli.commands import Command
from consentcore.cli.state import State, pass_state
from consentcore.demo import STORAGES


@click.command(cls=Command, name="demo")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where it keeps its data; by default a folder of its own among the temporary ones.",
)
@click.option(
    "--port", type=click.IntRange(0, 65000), default=6543, show_default=True, help="First port to try."
)
@click.option(
    "--storage",
    type=click.Choice(STORAGES),
    default=STORAGES[0],
    show_default=True,
    help="Where it keeps its data: in a SQLite file, or in a table of DynamoDB.",
)
@click.option(
    "--dynamodb-endpoint",
    default="",
    help="An emulator that runs, such as http://127.0.0.1:8000; by default one is started (needs moto).",
)
@pass_state
def command(state: State, folder: Path | None, port: int, storage: str, dynamodb_endpoint: str) -> int:
    """Run everything on this machine only, with a demo application to click through."""
    try:
        from consentcore.demo.run import DemoOptions, run_demo
    except ModuleNotFoundError as error:
        raise click.ClickException(f"the demo needs {error.name}: pip install 'consentcore[demo]'") from None
    place = folder or Path(tempfile.gettempdir()) / f"consentcore-demo-{os.getuid()}"
    options = DemoOptions(place.absolute(), port, storage, dynamodb_endpoint)
    state.say("starting …")
    return run_demo(options)
