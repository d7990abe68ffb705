"""``consentcore init``: everything that has to be there before the first request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.cli.commands import Command, answers, refuse
from consentcore.cli.exit_codes import FOUND_A_PROBLEM, NOT_NOW
from consentcore.cli.state import State, pass_state

if TYPE_CHECKING:
    from pathlib import Path

import click

from consentcore.domain.errors import ConfigurationError, StorageError


@click.command(cls=Command, name="init")
@pass_state
def command(state: State) -> None:
    """Create or migrate the storage; safe to repeat.

    Where `consentcore.keys` names a file that does not exist yet, a key ring is made there.
    """
    steps = []
    fresh = _make_keys(state)
    if fresh is not None:
        steps.append(f"made the key ring {fresh}; keep a copy of it in a safe place")
        state.say(steps[0])
    state.runtime.check()
    migrated = state.runtime.storage.migrate()
    problems = list(state.runtime.storage.check())
    steps += migrated
    for step in migrated if steps else ["nothing to do, everything is there"]:
        state.say(step)
    state.answer({"steps": steps, "problems": problems}, "")
    if problems:
        refuse(*problems, code=FOUND_A_PROBLEM if answers(state.runtime.storage) else NOT_NOW)


def _make_keys(state: State) -> Path | None:
    """Make the key file that the configuration names, if it does; the path when one was made."""
    from consentcore.keys import create_key_file, key_file

    setting = state.config.settings.keys
    if setting.startswith(("env:", "provider:")):
        return None
    entry = state.config.source.entries["consentcore.keys"]
    path = key_file(setting, entry.folder)
    if path.exists() or not create_key_file(path):
        return None
    if _has_evidence(state):
        path.unlink()
        problem = f"there is no file {path}, but the storage holds consents made with it; bring it back from its copy"
        raise ConfigurationError([f"{entry.origin}: consentcore.keys: {problem}"])
    return path


def _has_evidence(state: State) -> bool:
    """Whether the storage holds something that only the lost keys can verify."""
    try:
        with state.runtime.storage.reading() as uow:
            return bool(uow.grants.all(limit=1))
    except StorageError:  # there is none yet, or it has no tables
        return False
