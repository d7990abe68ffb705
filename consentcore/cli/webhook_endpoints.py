"""``consentcore webhooks endpoint``: where applications are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from consentcore.cli.commands import Group
from consentcore.cli.state import State, pass_state, plain, table
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.notice import DeliveryState
from consentcore.ports.storage import transact
from consentcore.text_fields import line
from consentcore.webhooks import service as desk
from consentcore.webhooks.signing import SCHEMES

if TYPE_CHECKING:
    from consentcore.domain.client import WebhookEndpoint
    from consentcore.ports.transactions import UnitOfWork
    from consentcore.webhooks.secrets import Minted

MAX_REASON = 200
_OPTIONS = {"events": "--event", "signatures": "--signature", "client_id": "CLIENT_ID"}

_events = click.option(
    "--event",
    "events",
    multiple=True,
    metavar="TYPE",
    help=f"One of {', '.join(desk.TYPES)}; all when not given.",
)
_schemes = click.option(
    "--signature",
    "schemes",
    multiple=True,
    type=click.Choice(SCHEMES),
    help="v1: HMAC with a shared secret; v1a: Ed25519 with a public key. May be given twice.",
)
_overlap = click.option(
    "--overlap",
    type=click.Choice(list(desk.KEEP_MS)),
    default="24h",
    show_default=True,
    help="How long the secrets of before go on signing.",
)


@click.group(cls=Group, name="endpoint")
def endpoint() -> None:
    """Add, list, change and switch the webhook endpoints of applications."""


@endpoint.command("add")
@click.argument("client_id")
@click.argument("url")
@_events
@_schemes
@pass_state
def add(state: State, client_id: str, url: str, events: tuple[str, ...], schemes: tuple[str, ...]) -> None:
    """Add an endpoint; its secret is shown once. The worker sends it a webhook.test."""
    runtime = state.runtime
    with runtime.storage.reading() as uow:
        client = uow.clients.get(client_id)
    if client is None:
        raise NotFound("client", client_id)
    with _as_options():
        made = desk.prepare(runtime, client, desk.Change(url, events or None, schemes or None))
        transact(runtime.storage, lambda uow: desk.store(uow, made.endpoint))
    _answer_minted(state, made)


@endpoint.command("list")
@click.argument("client_id")
@pass_state
def list_(state: State, client_id: str) -> None:
    """List the endpoints of an application, disabled ones included."""
    runtime = state.runtime
    with runtime.storage.reading() as uow:
        if uow.clients.get(client_id) is None:
            raise NotFound("client", client_id)
        endpoints = uow.clients.endpoints(client_id)
    rows = [(one.endpoint_id, one.url, _standing(one)) for one in endpoints]
    state.answer([desk.facts(runtime, one) for one in endpoints], table(rows, ("ENDPOINT", "URL", "STATE")))


@endpoint.command("show")
@click.argument("endpoint_id")
@pass_state
def show(state: State, endpoint_id: str) -> None:
    """Show an endpoint, its public keys and how many deliveries there are to it in each state."""
    runtime = state.runtime
    with runtime.storage.reading() as uow:
        found = desk.find(uow, endpoint_id)
    backlog = runtime.storage.outbox.backlog(endpoint_id)
    counts = {one.value: backlog.get(one, 0) for one in DeliveryState}
    data: dict[str, Any] = {**desk.facts(runtime, found), "deliveries": counts}
    state.answer(data, [f"{key}: {plain(value)}" for key, value in data.items()])


@endpoint.command("update")
@click.argument("endpoint_id")
@click.option("--url", help="The new address.")
@_events
@_schemes
@_overlap
@pass_state
def update(
    state: State,
    /,
    *,
    endpoint_id: str,
    url: str | None,
    events: tuple[str, ...],
    schemes: tuple[str, ...],
    overlap: str,
) -> None:
    """Change address, types or signatures. A new way of signing comes with new secrets, shown once."""
    runtime = state.runtime
    if url is None and not events and not schemes:
        raise click.UsageError("give at least one of --url, --event and --signature")
    with _as_options():
        wanted = desk.check_change(runtime, desk.Change(url, events or None, schemes or None))

    def work(uow: UnitOfWork) -> Minted:
        locked = desk.lock(uow, endpoint_id)
        return desk.change(runtime, uow, locked, wanted, keep_ms=desk.KEEP_MS[overlap])

    _answer_minted(state, transact(runtime.storage, work))


@endpoint.command("rotate-secret")
@click.argument("endpoint_id")
@_overlap
@pass_state
def rotate_secret(state: State, endpoint_id: str, overlap: str) -> None:
    """Make new secrets. Until the old ones end every request is signed by each; at most two old ones stay."""
    runtime = state.runtime

    def work(uow: UnitOfWork) -> Minted:
        locked = desk.lock(uow, endpoint_id)
        return desk.rotate(runtime, uow, locked, keep_ms=desk.KEEP_MS[overlap])

    _answer_minted(state, transact(runtime.storage, work))


@endpoint.command("disable")
@click.argument("endpoint_id")
@click.option("--reason", default="disabled by the operator", show_default=True)
@pass_state
def disable(state: State, endpoint_id: str, reason: str) -> None:
    """Send nothing to it any more; what is for it is kept for 30 days."""
    _switch(state, endpoint_id, on=False, reason=reason)


@endpoint.command("enable")
@click.argument("endpoint_id")
@pass_state
def enable(state: State, endpoint_id: str) -> None:
    """Send to it again. What was kept meanwhile is sent by a replay."""
    _switch(state, endpoint_id, on=True, reason="")
    held = state.runtime.storage.outbox.backlog(endpoint_id).get(DeliveryState.HELD, 0)
    if held:
        state.say(
            f"{held} deliveries were kept: consentcore webhooks replay --endpoint {endpoint_id} --failed"
        )


@endpoint.command("remove")
@click.argument("endpoint_id")
@pass_state
def remove(state: State, endpoint_id: str) -> None:
    """Remove it with its secrets, for good."""

    def work(uow: UnitOfWork) -> None:
        desk.lock(uow, endpoint_id)
        uow.clients.remove_endpoint(endpoint_id)

    transact(state.runtime.storage, work)
    state.answer({"endpoint_id": endpoint_id, "removed": True}, "")
    state.say(f"{endpoint_id} is removed")


def _switch(state: State, endpoint_id: str, *, on: bool, reason: str) -> None:
    runtime = state.runtime
    now = runtime.clock.now()
    reason = line("--reason", reason, MAX_REASON)

    def work(uow: UnitOfWork) -> WebhookEndpoint:
        return desk.switch(uow, desk.lock(uow, endpoint_id), now, on=on, reason=reason)

    found = transact(runtime.storage, work)
    state.answer(desk.facts(runtime, found), "")
    state.say(f"{endpoint_id} is {_standing(found)}")


def _answer_minted(state: State, made: Minted) -> None:
    data = desk.minted_facts(state.runtime, made)
    state.answer(data, [f"{key}: {plain(value)}" for key, value in data.items() if value is not None])
    if made.secret:
        state.say("Keep the secret now: it is not shown again.")


@contextmanager
def _as_options() -> Iterator[None]:
    """Let an InvalidInput name what was typed."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(_OPTIONS.get(error.field, error.field), error.expected) from None


def _standing(found: WebhookEndpoint) -> str:
    if found.disabled_at is not None:
        return f"disabled: {found.disabled_reason}"
    return "failing" if found.health.failing_since is not None else "enabled"
