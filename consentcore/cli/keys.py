"""``consentcore keys``: master keys. No command ever prints one."""

from __future__ import annotations

from pathlib import Path

import click

from consentcore.cli.commands import Group, refuse
from consentcore.cli.state import State, pass_state, table


@click.group(cls=Group, name="keys")
def command() -> None:
    """List, make and rotate master keys."""


@command.command("list")
@pass_state
def list_(state: State) -> None:
    """List the key ids, newest first."""
    from consentcore.keys import key_file, read_key_file
    from consentcore.runtime import key_ring

    ring = key_ring(state.config)
    setting = state.config.settings.keys
    created: dict[str, str] = {}
    if not setting.startswith(("env:", "provider:")):
        file = key_file(setting, state.config.source.entries["consentcore.keys"].folder)
        created = {key_id: at for key_id, _, at in read_key_file(file)}
    rows = [
        {"key_id": key_id, "current": key_id == ring.current_id, "created_at": created.get(key_id) or None}
        for key_id in ring.ids
    ]
    lines = [
        (str(row["key_id"]), "current" if row["current"] else "old", str(row["created_at"] or "-"))
        for row in rows
    ]
    state.answer(rows, table(lines, ("KEY", "USE", "MADE")))


@command.command("rotate")
@pass_state
def rotate(state: State) -> None:
    """Add a new master key to the key file; the old ones stay, to verify and to read.

    Restart server and worker afterwards: they read the file when they start.
    """
    from consentcore.keys import key_file, rotate_key_file

    folder = state.config.source.entries["consentcore.keys"].folder
    path = key_file(state.config.settings.keys, folder)
    fresh = rotate_key_file(path)
    state.say(
        f"{path} has a new key {fresh}; restart server and worker, and copy the file to every machine first"
    )
    state.answer({"key_id": fresh, "file": str(path)}, "")


@command.command("create")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@pass_state
def create(state: State, file: Path) -> None:
    """Make a key ring with one key in FILE, readable by its owner only; needs no configuration.

    For `consentcore.keys = FILE`, or as the value of the variable that `consentcore.keys = env:NAME` names.
    """
    from consentcore.keys import create_key_file

    if not create_key_file(file):
        refuse(f"{file} exists already, and keys are never overwritten")
    state.say(f"made {file}; keep a copy of it in a safe place")
    state.answer({"file": str(file)}, "")
