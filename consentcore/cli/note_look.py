"""Noting what the operator who runs a command looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from consentcore.cli.options import named_as
from consentcore.cli.state import operator
from consentcore.domain.errors import StorageError

if TYPE_CHECKING:
    from consentcore.cli.state import State

REASON = click.option(
    "--reason",
    default="",
    help="Why you look: kept with your name in the log of evidence; 1000 characters.",
)


def note_look(state: State, action: str, *, owner_id: str = "", subject: str = "", reason: str = "") -> None:
    """Note it before anything is shown; where the storage cannot be written, say so and go on.

    :param action: the command.
    """
    try:
        with named_as({"reason": "--reason"}):
            state.runtime.looks.note(action, by=operator(), owner_id=owner_id, subject=subject, reason=reason)
    except StorageError as error:
        state.say(f"that you look at this could not be noted: {error}")
