"""``consentcore webhooks``: what ISVs are told, and how to try it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from consentcore.cli.commands import Group, refuse
from consentcore.cli.state import State, pass_state, table
from consentcore.cli.webhook_endpoints import endpoint
from consentcore.cli.webhook_listen import fixtures, listen
from consentcore.domain.clock import DAY, HOUR, MINUTE, SECOND, from_iso
from consentcore.domain.errors import InvalidInput
from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice import DeliveryState
from consentcore.webhooks.choices import SENT_TYPES
from consentcore.webhooks.delivery_log import CAP, Filter, check_span
from consentcore.worker.probe import EndpointProbe
from consentcore.worker.unnamed_notifiers import discard_unnamed

if TYPE_CHECKING:
    from collections.abc import Callable

    from consentcore.domain.client import Client, WebhookEndpoint

PAGE = 1000
_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


@click.group(cls=Group, name="webhooks")
def command() -> None:
    """Endpoints, the delivery log, replays and tests of webhooks."""


command.add_command(endpoint)
command.add_command(listen)
command.add_command(fixtures)


def narrowing(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of :class:`Filter`."""
    for option in reversed(
        (
            click.option("--client", "client_id", default="", metavar="ID", help="Of this application."),
            click.option("--endpoint", "endpoint_id", default="", metavar="ID", help="To this endpoint."),
            click.option("--type", "kind", type=click.Choice(SENT_TYPES), help="Of this type."),
            click.option(
                "--since", default="", metavar="TIME", help="Made since: 2026-11-23T15:00:00Z, 90m, 2d."
            ),
            click.option("--until", default="", metavar="TIME", help="Made before; likewise."),
        )
    ):
        function = option(function)
    return function


@command.command("deliveries")
@narrowing
@click.option("--state", "wanted", type=click.Choice([one.value for one in DeliveryState]))
@click.option("--failed", is_flag=True, help="Only what did not arrive: dead, gone and held.")
@click.option("--after", default="", metavar="ID", help="Those behind this one, for the next page.")
@click.option("--limit", type=click.IntRange(1, PAGE), default=50, show_default=True)
@pass_state
def deliveries(
    state: State, /, *, wanted: str | None, failed: bool, after: str, limit: int, **which: Any
) -> None:
    """List deliveries, newest first: webhooks and mails."""
    chosen = _filter(state, which, state_name=wanted, failed=failed)
    log = state.runtime.delivery_log
    found = log.list(chosen, after=after, limit=limit)
    facts = log.summary(found)
    rows = [
        (
            one["delivery_id"],
            one["type"],
            one["notifier"],
            one["target"],
            one["state"],
            str(one["attempts"]),
            str(one["last_status"] or "-"),
            one["last_error"],
        )
        for one in facts
    ]
    headings = ("DELIVERY", "TYPE", "BY", "TO", "STATE", "TRIES", "STATUS", "LAST ERROR")
    state.answer(facts, table(rows, headings))
    if len(found) == limit:
        state.say(f"there may be more: --after {found[-1].delivery_id}")


@command.command("show")
@click.argument("delivery_id")
@pass_state
def show(state: State, delivery_id: str) -> None:
    """Show one delivery: its payload and every try."""
    data = state.runtime.delivery_log.detail(delivery_id)
    facts = {key: value for key, value in data.items() if key not in {"body", "log"}}
    rows = [
        (
            str(one["number"]),
            one["at"],
            one["trigger"],
            one["outcome"],
            str(one["status"] or "-"),
            f"{one['latency_ms']} ms",
            one["error"] or "-",
            " ".join(one["answer"].split())[:100],
        )
        for one in data["log"]
    ]
    headings = ("TRY", "AT", "TRIGGER", "OUTCOME", "STATUS", "TOOK", "ERROR", "ANSWER")
    lines = [f"{key}: {value}" for key, value in facts.items() if value not in {None, ""}]
    body = [f"body: {data['body']}"] if data["body"] else []
    state.answer(data, [*lines, *body, *table(rows, headings).splitlines()])


@command.command("replay")
@click.argument("delivery_id", required=False, default="")
@click.option(
    "--notice", "notice_id", default="", metavar="ID", help="Every delivery of this notice (event id)."
)
@narrowing
@click.option("--failed", is_flag=True, help="Every delivery that did not arrive: dead, gone and held.")
@pass_state
def replay(state: State, /, *, delivery_id: str, notice_id: str, failed: bool, **which: Any) -> None:
    """Make deliveries due again, each for one try: same id, same body, a fresh timestamp and today's secrets.

    One by its id, those of a notice, all that failed, or the webhooks of a time (--since, --until). The worker sends
    them, to a disabled endpoint too; whether they arrive changes nothing about the endpoint.
    """
    span = bool(which["since"] or which["until"]) and not failed
    if sum(map(bool, (delivery_id, notice_id, failed, span))) != 1:
        raise click.UsageError("give one of DELIVERY_ID, --notice, --failed and --since/--until")
    if (delivery_id or notice_id) and any(which.values()):
        raise click.UsageError("--client, --endpoint and --type go with --failed, --since or --until")
    log, by = state.runtime.delivery_log, "the operator"
    if delivery_id:
        done = log.replay(delivery_id, by=by)
    else:
        done = log.replay_all(_filter(state, which, failed=failed, notice_id=notice_id), by=by)
    replayed = done.delivery_ids
    state.answer({"replayed": replayed}, "")
    count = "1 delivery is" if len(replayed) == 1 else f"{len(replayed)} deliveries are"
    state.say(f"{count} due again; a worker sends what is due")
    if done.has_more:
        state.say(
            f"there are more than {CAP:,}: call it again for the rest, or narrow it by --since and --until"
        )
    if not replayed and (delivery_id or notice_id):
        refuse(
            "there is no such delivery, it is being sent at this moment, or its notifier is not configured any more"
        )


@command.command("discard")
@click.argument("notifier")
@pass_state
def discard(state: State, notifier: str) -> None:
    """End what waits for a notifier that the configuration does not name any more (event:NAME for a plugin's events).

    Without it such deliveries wait until the notifier is named again. Nothing is sent; the delivery log keeps them.
    """
    runtime = state.runtime
    ended = discard_unnamed(runtime.storage, notifier, runtime.delivered_by, runtime.clock.now())
    state.answer({"discarded": ended}, "")
    state.say(f"{'1 delivery was' if ended == 1 else f'{ended} deliveries were'} discarded")


@command.command("test")
@click.argument("client_id")
@click.option(
    "--endpoint", "endpoint_id", default="", metavar="ID", help="Only this one, even when it is disabled."
)
@click.option(
    "--type",
    "kind",
    type=click.Choice(SENT_TYPES),
    default=NoticeKind.TEST.value,
    show_default=True,
    help="Events about consent are about a grant that does not exist, and say so.",
)
@pass_state
def test(state: State, client_id: str, endpoint_id: str, kind: str) -> None:
    """Send a test event to the endpoints of an application, once each, and show what they answered."""
    client, endpoints = _tested(state, client_id, endpoint_id)
    if not endpoints:
        refuse(f"{client_id} has no enabled webhook endpoint")
    results, probe = [], EndpointProbe.of(state.runtime)
    for one in endpoints:
        try:
            results.append(probe.send(client, one, NoticeKind(kind)).as_json)
        except InvalidInput as error:
            refuse(str(error))
    rows = [
        (
            one["endpoint_id"],
            "ok" if one["ok"] else "FAILED",
            f"{one['ms']} ms",
            one["result"],
            f"expected that {one['failed_check']}" if one["failed_check"] else "",
            " ".join(one["answer"].split())[:100],
        )
        for one in results
    ]
    state.answer(results, table(rows, ("ENDPOINT", "", "TOOK", "RESULT", "CHECK", "ANSWER")))
    if not all(one["ok"] for one in results):
        refuse("not every endpoint took it")


def _tested(state: State, client_id: str, endpoint_id: str) -> tuple[Client, list[WebhookEndpoint]]:
    runtime = state.runtime
    with runtime.storage.reading() as uow:
        client = runtime.clients.find(uow, client_id)
        if endpoint_id:
            return client, [runtime.webhooks.find(uow, endpoint_id, client_id)]
        return client, [one for one in runtime.webhooks.list(uow, client_id) if one.disabled_at is None]


def _filter(
    state: State, which: dict[str, Any], *, state_name: str | None = None, failed: bool = False, **more: Any
) -> Filter:
    now = state.runtime.clock.now()
    since, until = moment("--since", which["since"], now), moment("--until", which["until"], now)
    check_span(since, until, "--until")
    return Filter(
        client_id=which["client_id"],
        endpoint_id=which["endpoint_id"],
        kind=NoticeKind(which["kind"]) if which["kind"] else None,
        state=DeliveryState(state_name) if state_name else None,
        undelivered=failed,
        since=since,
        until=until,
        **more,
    )


def moment(option: str, text: str, now: int) -> int | None:
    """A time as it is typed: ISO 8601, or how long ago (``90m``, ``2d``).

    :raises InvalidInput: naming the option.
    """
    if not text:
        return None
    ago = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    if ago:
        return now - int(ago[1]) * _UNITS[ago[2]]
    try:
        return from_iso(text)
    except ValueError:
        raise InvalidInput(option, "expected a time such as 2026-11-23T15:00:00Z, or 90m, 2d") from None
