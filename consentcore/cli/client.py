"""``consentcore client``: the applications of ISVs, and the APIs that introspect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from consentcore.cli.client_form import OPTIONS, describing, given, shown_name
from consentcore.cli.client_halt import COMMANDS, halt_facts, state_of
from consentcore.cli.commands import Group
from consentcore.cli.options import named_as
from consentcore.cli.state import State, pass_state, plain, table
from consentcore.clients.service import Form, register, revise
from consentcore.domain.client import (
    SECRET_METHODS,
    Client,
    ClientSecret,
    WebhookEndpoint,
)
from consentcore.domain.clock import HOUR, iso
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.secret import CLIENT_SECRET, digest, mint
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.ports.transactions import UnitOfWork

PAGE = 500


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
        made = register(runtime, Form(**form))

    def store(uow: UnitOfWork) -> None:
        if uow.clients.get(made.client.client_id) is not None:
            raise InvalidInput("--client-id", "expected one that is not taken")
        uow.clients.add(made.client)
        if made.endpoint:
            uow.clients.add_endpoint(made.endpoint)

    transact(runtime.storage, store)
    data = {
        "client_id": made.client.client_id,
        "client_secret": made.client_secret,
        "webhook_secret": made.webhook_secret,
    }
    lines = [f"{key}: {value}" for key, value in data.items() if value]
    state.answer(data, lines)
    if made.client_secret or made.webhook_secret:
        state.say("Keep the secrets now: they are not shown again.")
    if made.remark:
        state.say(made.remark)


@command.command("list")
@pass_state
def list_(state: State) -> None:
    """List every application and API."""
    clients = _all(state)
    rows = [(one.client_id, one.name, one.kind.value, state_of(one)) for one in clients]
    now = state.runtime.clock.now()
    state.answer([_facts(one, now) for one in clients], table(rows, ("CLIENT", "NAME", "KIND", "STATE")))


@command.command("show")
@click.argument("client_id")
@pass_state
def show(state: State, client_id: str) -> None:
    """Show one application, without its secrets."""
    with state.runtime.storage.reading() as uow:
        client = _found(uow, client_id)
        endpoints = uow.clients.endpoints(client_id)
    data = {
        **_facts(client, state.runtime.clock.now()),
        "webhooks": [_endpoint_facts(one) for one in endpoints],
    }
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
        client = _found(uow, client_id)
    with named_as(OPTIONS):
        revision = revise(runtime, client, changes)
    values = revision.values
    transact(runtime.storage, lambda uow: uow.clients.update(replace(_found(uow, client_id), **values)))
    data = {
        "client_id": client_id,
        "client_secret": revision.client_secret,
        "changed": sorted(map(shown_name, values)),
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
    now = state.runtime.clock.now()
    until = now + round(keep_hours * HOUR)
    secret = mint(CLIENT_SECRET)

    def store(uow: UnitOfWork) -> int:
        client = _found(uow, client_id)
        if client.auth_method not in SECRET_METHODS:
            method = "is public" if client.public else "authenticates itself by private_key_jwt"
            raise InvalidInput("CLIENT_ID", f"expected a client that has a secret; this one {method}")
        ending = _ending(client, now, until)
        uow.clients.update(replace(client, secrets=(ClientSecret(digest(secret), now), *ending)))
        return max((one.expires_at or until for one in ending), default=now)

    ends_at = transact(state.runtime.storage, store)
    data = {"client_id": client_id, "client_secret": secret, "old_secrets_expire_at": iso(ends_at)}
    state.answer(data, [f"{key}: {value}" for key, value in data.items()])
    state.say("Keep the secret now: it is not shown again.")


def _ending(client: Client, now: int, until: int) -> Sequence[ClientSecret]:
    """The newest live secret, ending at ``until`` or when it would have ended before: two are live at most."""
    live = client.live_secrets(now)
    if until <= now:
        return ()
    return [replace(one, expires_at=min(until, one.expires_at or until)) for one in live[:1]]


def _all(state: State) -> list[Client]:
    found: list[Client] = []
    with state.runtime.storage.reading() as uow:
        while page := uow.clients.list(after=found[-1].client_id if found else "", limit=PAGE):
            found += page
    return found


def _found(uow: UnitOfWork, client_id: str) -> Client:
    client = uow.clients.get(client_id)
    if client is None:
        raise NotFound("client", client_id)
    return client


def _facts(client: Client, now: int) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "name": client.name,
        "kind": client.kind.value,
        **halt_facts(client),
        "public": client.public,
        "auth_method": client.auth_method.value,
        "jwks": client.jwks,
        "jwks_uri": client.jwks_uri,
        "require_par": client.require_par,
        "assertion_audience": client.assertion_audience or "endpoint",
        "access_token_format": client.access_token_format.value,
        "resources": list(client.audiences),
        "require_pkce": client.require_pkce,
        "redirect_uris": list(client.redirect_uris),
        "scopes": list(client.scopes),
        "publisher": client.publisher,
        "website": client.website,
        "privacy_url": client.privacy_url,
        "purpose": client.purpose,
        "contact_email": client.contact_email,
        "created_at": iso(client.created_at),
        "secrets": [
            {"created_at": iso(one.created_at), "expires_at": iso(one.expires_at) if one.expires_at else None}
            for one in client.live_secrets(now)
        ],
    }


def _endpoint_facts(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "endpoint_id": endpoint.endpoint_id,
        "url": endpoint.url,
        "events": list(endpoint.events),
        "enabled": endpoint.disabled_at is None,
        "disabled_reason": endpoint.disabled_reason,
    }
