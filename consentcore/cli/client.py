"""``consentcore client``: the applications of ISVs, and the APIs that introspect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from consentcore.cli.client_access import ARGUMENTS, COMMANDS
from consentcore.cli.client_form import OPTIONS, describing, given, shown_name
from consentcore.cli.commands import Group
from consentcore.cli.options import named_as
from consentcore.cli.state import State, pass_state, plain, table
from consentcore.clients.client_json import access_state, client_details_json, client_json
from consentcore.clients.form import ClientForm
from consentcore.domain.clock import HOUR, iso
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.domain.client import Client


@click.group(cls=Group, name="client")
def command() -> None:
    """Register and manage applications."""


for _command in COMMANDS:
    command.add_command(_command)


@command.command("create")
@click.option("--name", required=True, help="What the consent page calls it, 1 to 100 characters.")
@describing
@click.option("--public", is_flag=True, help="It cannot keep a secret: native or in a browser.")
@click.option("--resource-server", is_flag=True, help="An API: may introspect tokens that carry its scopes.")
@click.option("--webhook-url", metavar="URL", help="Where it wants to be told of consents.")
@click.option("--client-id", help="Instead of a random one; 1 to 64 of A-Z a-z 0-9 _ -.")
@pass_state
def create(state: State, /, **typed: Any) -> None:
    """Register an application; its secrets are shown once."""
    runtime, form = state.runtime, given(typed)
    with named_as(OPTIONS):
        made = runtime.clients.prepare(ClientForm(**form))
        transact(runtime.storage, lambda uow: runtime.clients.add(uow, made))
    data = {
        "client_id": made.client.client_id,
        "client_secret": made.client_secret,
        "webhook_secret": made.webhook_secret,
    }
    lines = [f"{key}: {value}" for key, value in data.items() if value]
    state.answer(data, lines)
    if made.client_secret or made.webhook_secret:
        state.say("Keep the secrets now: they are not shown again.")


@command.command("list")
@pass_state
def list_(state: State) -> None:
    """List every application and API."""
    runtime = state.runtime
    with runtime.storage.reading() as uow:
        clients = list(runtime.clients.list(uow))
    rows = [(one.client_id, one.name, _kind(one), access_state(one)) for one in clients]
    now = runtime.clock.now()
    state.answer([client_json(one, now) for one in clients], table(rows, ("CLIENT", "NAME", "KIND", "STATE")))


def _kind(client: Client) -> str:
    """What it is, and whether nobody has checked who is behind it."""
    unchecked = client.self_registered is not None and client.verified_at is None
    return f"{client.kind.value}, registered itself" if unchecked else client.kind.value


@command.command("show")
@click.argument("client_id")
@pass_state
def show(state: State, client_id: str) -> None:
    """Show one application, without its secrets."""
    runtime = state.runtime
    with runtime.storage.reading() as uow:
        client = runtime.clients.find(uow, client_id)
        endpoints = uow.clients.endpoints(client_id)
    data = client_details_json(client, endpoints, runtime.clock.now())
    state.answer(data, [f"{key}: {plain(value)}" for key, value in data.items()])


@command.command("update")
@click.argument("client_id")
@click.option("--name", help="What the consent page calls it, 1 to 100 characters.")
@describing
@pass_state
def update(state: State, /, client_id: str, **typed: Any) -> None:
    """Change what is given, and leave the rest: a list takes the place of the one before, '' empties a text.

    With another --auth-method the secrets and keys of before end now. Consents and tokens stay as they are.
    """
    runtime, changes = state.runtime, given(typed)
    if not changes:
        raise click.UsageError("give at least one option that says what is to be different")
    if changes.get("audiences") == ("",):
        changes["audiences"] = ()
    with runtime.storage.reading() as uow:
        client = runtime.clients.find(uow, client_id)
    with named_as(OPTIONS):
        revision = runtime.clients.prepare_revision(client, changes)
    transact(runtime.storage, lambda uow: runtime.clients.revise(uow, client_id, revision))
    data = {
        "client_id": client_id,
        "client_secret": revision.client_secret,
        "changed": sorted(map(shown_name, revision.values)),
    }
    state.answer(data, [f"{key}: {plain(value)}" for key, value in data.items() if value])
    if revision.client_secret:
        state.say("Keep the secret now: it is not shown again.")


@command.command("rotate-secret")
@click.argument("client_id")
@click.option(
    "--keep-hours",
    type=click.FloatRange(0, 24 * 30),
    default=24.0,
    show_default=True,
    help="How long the secret of before stays valid; 0 ends it now.",
)
@pass_state
def rotate_secret(state: State, client_id: str, keep_hours: float) -> None:
    """Give an application a new secret; the one before stays valid for a while, so that nothing breaks.

    Two secrets are live at most: any older one ends now.
    """
    runtime, keep_ms = state.runtime, round(keep_hours * HOUR)
    with named_as(ARGUMENTS):
        new = transact(
            runtime.storage, lambda uow: runtime.clients.rotate_secret(uow, client_id, keep_ms=keep_ms)
        )
    ends_at = iso(new.old_secrets_expire_at)
    data = {"client_id": client_id, "client_secret": new.client_secret, "old_secrets_expire_at": ends_at}
    state.answer(data, [f"{key}: {value}" for key, value in data.items()])
    state.say("Keep the secret now: it is not shown again.")
