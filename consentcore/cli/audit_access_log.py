"""``consentcore audit access-log``."""

from __future__ import annotations

import click

from consentcore.cli.commands import Command
from consentcore.cli.owner import find_owner
from consentcore.cli.state import State, pass_state, table
from consentcore.domain.clock import iso


@click.command("access-log", cls=Command)
@click.option(
    "--owner",
    "whose",
    default="",
    metavar="EMAIL",
    help="Looks at one person's data; or the id of the person, who may have been erased (owner list).",
)
@pass_state
def access_log(state: State, whose: str) -> None:
    """What operators have looked at and taken out by commands: when, who, whose data, and why.

    Without --owner: what was about everybody.
    """
    owner_id = _owner_id(state, whose) if whose else ""
    found = state.runtime.looks.at(owner_id)
    rows = [(iso(one.at), one.action, one.subject or "-", one.by or "-", one.reason or "-") for one in found]
    data = [one.facts(names=True) for one in found]
    state.answer(data, table(rows, ("AT", "COMMAND", "ABOUT", "BY", "REASON")))


def _owner_id(state: State, whose: str) -> str:
    """The id of an owner, by it or by their address; who was erased has no address."""
    with state.runtime.storage.reading() as uow:
        owner = uow.owners.get(whose)
    return (owner or find_owner(state, whose, "--owner")).owner_id
