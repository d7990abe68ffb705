"""``client disable|enable|suspend|resume``: keeping an application out, for good or for a while."""

from __future__ import annotations

import click

from consentcore.cli.commands import Command, refuse
from consentcore.cli.options import named_as
from consentcore.cli.state import State, can_be_asked, operator, pass_state
from consentcore.clients.client_json import access_json
from consentcore.consent.reason import check_reason
from consentcore.domain.client import Client, TokenFormat

ARGUMENTS = {"client_id": "CLIENT_ID", "reason": "--reason"}
"""What is typed for the members that a service names."""


@click.command("disable", cls=Command)
@click.argument("client_id")
@click.option(
    "--reason",
    default="",
    help="Goes into the evidence, to data owners and to the application; 1000 characters.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_state
def disable_command(state: State, /, client_id: str, reason: str, *, yes: bool) -> None:
    """Shut an application out for good: its tokens are dead at once, and each of its consents ends.

    On a terminal it asks first; with --json, with --yes and in scripts it does not. `client suspend` can be taken back.
    """
    access = state.runtime.client_access
    with named_as(ARGUMENTS):
        text = check_reason(reason)  # before anybody is asked
    consents = access.standing_consents(client_id)
    if not (yes or state.as_json) and can_be_asked():
        _ask(state, client_id, consents)
    done = access.disable(client_id, by=operator(), reason=text)
    ended = consents if done.changed else 0
    state.say(
        f"{client_id} is disabled; {_consents(ended)} ended with it"
        if done.changed
        else f"{client_id} was disabled before"
    )
    state.answer({"client_id": client_id, "enabled": False, "consents_ended": ended}, "")


@click.command("enable", cls=Command)
@click.argument("client_id")
@pass_state
def enable_command(state: State, client_id: str) -> None:
    """Let a disabled application in again; its consents stay ended."""
    done = state.runtime.client_access.enable(client_id)
    state.say(
        f"{client_id} is enabled" if done.changed else f"{client_id} was enabled before{_hint(done.client)}"
    )
    state.answer({"client_id": client_id, "enabled": True}, "")


@click.command("suspend", cls=Command)
@click.argument("client_id")
@click.option("--reason", default="", help="Kept with the application, for operators; 1000 characters.")
@pass_state
def suspend_command(state: State, client_id: str, reason: str) -> None:
    """Keep an application out for a while: its tokens are refused, its consents stand. `client resume` takes it back.

    Data owners see it, and can still revoke; webhooks about that go on.
    """
    access = state.runtime.client_access
    with named_as(ARGUMENTS):
        done = access.suspend(client_id, by=operator(), reason=reason)
    if done.changed:
        consents = access.standing_consents(client_id)
        state.say(f"{client_id} is suspended; what stands, {_consents(consents)}, gives nothing meanwhile")
        _warn_of_jwt(state, done.client)
    else:
        state.say(f"{client_id} was suspended before")
    state.answer({"client_id": client_id, **access_json(done.client)}, "")


@click.command("resume", cls=Command)
@click.argument("client_id")
@pass_state
def resume_command(state: State, client_id: str) -> None:
    """Let a suspended application go on: its consents, and tokens that have not run out, work as before."""
    done = state.runtime.client_access.resume(client_id)
    state.say(f"{client_id} goes on" if done.changed else f"{client_id} was not suspended")
    state.answer({"client_id": client_id, **access_json(done.client)}, "")


COMMANDS = (disable_command, enable_command, suspend_command, resume_command)


def _ask(state: State, client_id: str, consents: int) -> None:
    state.say(
        f"This ends {_consents(consents)} of {client_id} for good: only the people themselves can allow it again. "
        "`client suspend` keeps an application out and ends none."
    )
    if not click.confirm(f"Disable {client_id}?", err=True):
        refuse("nothing was changed")


def _warn_of_jwt(state: State, client: Client) -> None:
    if client.access_token_format is TokenFormat.JWT:
        seconds = state.runtime.settings.oauth.access_token_ttl_s
        state.say(
            f"APIs that check its JWT access tokens without asking take them until they expire, up to {seconds} s"
        )


def _hint(client: Client) -> str:
    return "; it is suspended, and `client resume` lets it go on" if client.suspended is not None else ""


def _consents(number: int) -> str:
    return "1 consent" if number == 1 else f"{number} consents"
