"""``consentcore registration-token``: what lets applications register themselves."""

from __future__ import annotations

import click

from consentcore.cli.commands import Group
from consentcore.cli.options import named_as
from consentcore.cli.state import State, pass_state, table
from consentcore.clients.registration_tokens import LONGEST_DAYS, MOST_USES
from consentcore.domain.clock import iso
from consentcore.ports.storage import transact

_OPTIONS = {name: f"--{name}" for name in ("note", "days", "uses")}


@click.group(cls=Group, name="registration-token")
def command() -> None:
    """Let applications register themselves (RFC 7591)."""


@command.command("create")
@click.option("--note", default="", help="Whom it is for, at most 100 characters.")
@click.option(
    "--days",
    type=click.IntRange(1, LONGEST_DAYS),
    default=7,
    show_default=True,
    help="How long it lets applications in.",
)
@click.option(
    "--uses", type=click.IntRange(1, MOST_USES), default=1, show_default=True, help="How many it lets in."
)
@pass_state
def create(state: State, /, *, note: str, days: int, uses: int) -> None:
    """Make an initial access token; it is shown once."""
    runtime = state.runtime
    with named_as(_OPTIONS):
        made = runtime.registration_tokens.prepare(note=note, days=days, uses=uses)
    transact(runtime.storage, lambda uow: runtime.registration_tokens.add(uow, made))
    data = {
        "token_id": made.token.token_id,
        "initial_access_token": made.secret,
        "expires_at": iso(made.token.expires_at),
    }
    state.answer(data, [f"{key}: {value}" for key, value in data.items()])
    state.say("Keep the token now: it is not shown again.")
    if runtime.settings.registration.endpoint == "off":
        state.say("Nobody can register with it while consentcore.registration.endpoint is off.")


@command.command("list")
@pass_state
def list_(state: State) -> None:
    """List the tokens whose time is not over."""
    runtime = state.runtime
    with runtime.storage.reading() as uow:
        found = runtime.registration_tokens.list(uow)
    data = [
        {
            "token_id": one.token_id,
            "note": one.note,
            "created_at": iso(one.created_at),
            "expires_at": iso(one.expires_at),
            "uses": one.uses,
            "used": one.used,
        }
        for one in found
    ]
    rows = [
        (one.token_id, f"{one.used} of {one.uses}", iso(one.expires_at), one.note or "-") for one in found
    ]
    state.answer(data, table(rows, ("TOKEN", "USED", "UNTIL", "NOTE")))


@command.command("end")
@click.argument("token_id")
@pass_state
def end(state: State, token_id: str) -> None:
    """Let a token let in nobody any more; who has registered with it stays."""
    runtime = state.runtime
    transact(runtime.storage, lambda uow: runtime.registration_tokens.end(uow, token_id))
    state.answer({"token_id": token_id}, f"ended {token_id}")
