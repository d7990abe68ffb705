"""``consentcore webhooks endpoint``: where applications are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from consentcore.cli.commands import Group
from consentcore.cli.options import named_as
from consentcore.cli.state import State, pass_state, plain, table
from consentcore.domain.notice import DeliveryState
from consentcore.ports.storage import transact
from consentcore.webhooks.choices import OVERLAP_MS, TYPES
from consentcore.webhooks.service import EndpointUpdate
from consentcore.webhooks.signing import SCHEMES

if TYPE_CHECKING:
    from consentcore.domain.client import WebhookEndpoint
    from consentcore.ports.transactions import UnitOfWork
    from consentcore.webhooks.secrets import NewEndpoint

_OPTIONS = {
    "events": "--event",
    "signatures": "--signature",
    "client_id": "CLIENT_ID",
    "reason": "--reason",
}

_events = click.option(
    "--event",
    "events",
    multiple=True,
    metavar="TYPE",
    help=f"One of {', '.join(TYPES)}; all when not given.",
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
    type=click.Choice(list(OVERLAP_MS)),
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
        client = runtime.clients.find(uow, client_id)
    with named_as({**_OPTIONS, "url": "URL"}):
        new = runtime.webhooks.prepare(client, EndpointUpdate(url, events or None, schemes or None))
        transact(runtime.storage, lambda uow: runtime.webhooks.add(uow, new))
    _answer_new(state, new)


@endpoint.command("list")
@click.argument("client_id")
@pass_state
def list_(state: State, client_id: str) -> None:
    """List the endpoints of an application, disabled ones included."""
    runtime = state.runtime
    with runtime.storage.reading() as uow:
        endpoints = runtime.webhooks.list(uow, client_id)
    rows = [(one.endpoint_id, one.url, _state_of(one)) for one in endpoints]
    data = [runtime.webhooks.endpoint_json(one) for one in endpoints]
    state.answer(data, table(rows, ("ENDPOINT", "URL", "STATE")))


@endpoint.command("show")
@click.argument("endpoint_id")
@pass_state
def show(state: State, endpoint_id: str) -> None:
    """Show an endpoint, its public keys and how many deliveries there are to it in each state."""
    runtime = state.runtime
    with runtime.storage.reading() as uow:
        found = runtime.webhooks.find(uow, endpoint_id)
    counts = runtime.delivery_log.backlog(endpoint_id)
    data: dict[str, Any] = {**runtime.webhooks.endpoint_json(found), "deliveries": counts}
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
    with named_as({**_OPTIONS, "url": "--url"}):
        checked = runtime.webhooks.check(EndpointUpdate(url, events or None, schemes or None))

    def work(uow: UnitOfWork) -> NewEndpoint:
        return runtime.webhooks.update(uow, endpoint_id, checked, keep_ms=OVERLAP_MS[overlap])

    _answer_new(state, transact(runtime.storage, work))


@endpoint.command("rotate-secret")
@click.argument("endpoint_id")
@_overlap
@pass_state
def rotate_secret(state: State, endpoint_id: str, overlap: str) -> None:
    """Make new secrets. Until the old ones end every request is signed by each; at most two old ones stay."""
    runtime = state.runtime

    def work(uow: UnitOfWork) -> NewEndpoint:
        return runtime.webhooks.rotate_secrets(uow, endpoint_id, keep_ms=OVERLAP_MS[overlap])

    _answer_new(state, transact(runtime.storage, work))


@endpoint.command("disable")
@click.argument("endpoint_id")
@click.option("--reason", default="disabled by the operator", show_default=True)
@pass_state
def disable(state: State, endpoint_id: str, reason: str) -> None:
    """Send nothing to it any more; what is for it is kept for 30 days."""
    runtime = state.runtime
    with named_as(_OPTIONS):
        found = transact(
            runtime.storage, lambda uow: runtime.webhooks.disable(uow, endpoint_id, reason=reason)
        )
    _answer_switched(state, found)


@endpoint.command("enable")
@click.argument("endpoint_id")
@pass_state
def enable(state: State, endpoint_id: str) -> None:
    """Send to it again. What was kept meanwhile is sent by a replay."""
    runtime = state.runtime
    _answer_switched(state, transact(runtime.storage, lambda uow: runtime.webhooks.enable(uow, endpoint_id)))
    held = runtime.delivery_log.backlog(endpoint_id)[DeliveryState.HELD]
    if held:
        state.say(
            f"{held} deliveries were kept: consentcore webhooks replay --endpoint {endpoint_id} --failed"
        )


@endpoint.command("remove")
@click.argument("endpoint_id")
@pass_state
def remove(state: State, endpoint_id: str) -> None:
    """Remove it with its secrets, for good."""
    runtime = state.runtime
    transact(runtime.storage, lambda uow: runtime.webhooks.remove(uow, endpoint_id))
    state.answer({"endpoint_id": endpoint_id, "removed": True}, "")
    state.say(f"{endpoint_id} is removed")


def _answer_switched(state: State, found: WebhookEndpoint) -> None:
    state.answer(state.runtime.webhooks.endpoint_json(found), "")
    state.say(f"{found.endpoint_id} is {_state_of(found)}")


def _answer_new(state: State, new: NewEndpoint) -> None:
    data = state.runtime.webhooks.new_endpoint_json(new)
    state.answer(data, [f"{key}: {plain(value)}" for key, value in data.items() if value is not None])
    if new.secret:
        state.say("Keep the secret now: it is not shown again.")


def _state_of(found: WebhookEndpoint) -> str:
    if found.disabled_at is not None:
        return f"disabled: {found.disabled_reason}"
    return "failing" if found.health.failing_since is not None else "enabled"
