"""``consentcore audit access-log``."""

from __future__ import annotations

import click

from consentcore.cli.commands import Command
from consentcore.cli.owner import find_owner
from consentcore.cli.state import State, pass_state, table
from consentcore.domain.clock import iso


@click.command("access-log", cls=Command)
@click.option("--owner", "email", default="", metavar="EMAIL", help="Looks at one person's data.")
@pass_state
def access_log(state: State, email: str) -> None:
    """What operators have looked at and taken out by commands: when, who, whose data, and why.

    Without --owner: what was about everybody.
    """
    owner_id = find_owner(state, email, "--owner").owner_id if email else ""
    found = state.runtime.looks.at(owner_id)
    rows = [(iso(one.at), one.action, one.subject or "-", one.by or "-", one.reason or "-") for one in found]
    data = [one.facts(names=True) for one in found]
    state.answer(data, table(rows, ("AT", "COMMAND", "ABOUT", "BY", "REASON")))
