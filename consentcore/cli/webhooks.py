"""``consentcore webhooks``: what ISVs are told, and how to try it."""

from __future__ import annotations

import json
import secrets
import signal
import threading
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from consentcore.cli.commands import Group, refuse
from consentcore.cli.state import State, pass_state, table
from consentcore.domain.clock import iso
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.notice import Audience, Delivered, DeliveryState, Notice, NoticeKind

if TYPE_CHECKING:
    from consentcore.outbox.envelope import Parcel
    from consentcore.outbox.listener import Received
    from consentcore.ports.notifier import Notifier

PAGE = 1000


@click.group(cls=Group, name="webhooks")
def command() -> None:
    """Listen to, replay and test webhooks."""


@command.command("listen")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=9000, show_default=True, help="0: any free one."
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--secret", "texts", multiple=True, required=True, metavar="whsec_…", help="The current one first."
)
@click.option(
    "--answer", type=click.IntRange(200, 599), default=204, show_default=True, help="To try retries."
)
@click.option("--count", type=click.IntRange(1), help="End after so many requests.")
@pass_state
def listen(
    state: State, /, *, port: int, host: str, texts: tuple[str, ...], answer: int, count: int | None
) -> None:
    """Receive webhooks on this machine, verify them and explain what fails. Needs no configuration."""
    from consentcore.outbox.listener import Listener, read_secret

    seen = 0
    done = threading.Event()

    def report(received: Received) -> None:
        nonlocal seen
        seen += 1
        _show(state, received)
        if count is not None and seen >= count:
            done.set()

    listener = Listener((host, port), [read_secret(text) for text in texts], report, answer=answer)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    thread = threading.Thread(target=listener.run, daemon=True)
    thread.start()
    state.say(f"listening on {listener.url} (Ctrl-C ends it)")
    while not done.wait(0.2):
        pass
    listener.stop()
    thread.join(5)


@command.command("deliveries")
@click.option("--client", "client_id", default="", metavar="ID")
@click.option("--state", "wanted", type=click.Choice([one.value for one in DeliveryState]))
@click.option("--limit", type=click.IntRange(1, PAGE), default=50, show_default=True)
@pass_state
def deliveries(state: State, client_id: str, wanted: str | None, limit: int) -> None:
    """List deliveries, newest first: webhooks and mails."""
    found = state.runtime.storage.outbox.deliveries(
        client_id=client_id, state=DeliveryState(wanted) if wanted else None, limit=limit
    )
    facts = [
        {
            "delivery_id": one.delivery_id,
            "notice_id": one.notice_id,
            "notifier": one.notifier,
            "target": one.target,
            "state": one.state.value,
            "attempts": one.attempts,
            "created_at": iso(one.created_at),
            "next_at": iso(one.next_at) if one.state is DeliveryState.PENDING else None,
            "last_error": one.last_error,
        }
        for one in found
    ]
    rows = [(one.delivery_id, one.notifier, one.target, one.state.value, str(one.attempts)) for one in found]
    state.answer(facts, table(rows, ("DELIVERY", "BY", "TO", "STATE", "TRIES")))


@command.command("replay")
@click.argument("delivery_id", required=False, default="")
@click.option(
    "--notice", "notice_id", default="", metavar="ID", help="Every delivery of this notice (event id)."
)
@click.option(
    "--client", "client_id", default="", metavar="ID", help="With --failed: of this application only."
)
@click.option("--failed", is_flag=True, help="Every delivery that was given up.")
@pass_state
def replay(state: State, delivery_id: str, notice_id: str, client_id: str, failed: bool) -> None:
    """Make deliveries due again: same id, same body, a fresh timestamp and today's secrets. The worker sends them."""
    if sum(map(bool, (delivery_id, notice_id, failed))) != 1:
        raise click.UsageError("give one of DELIVERY_ID, --notice and --failed")
    runtime = state.runtime
    outbox, now = runtime.storage.outbox, runtime.clock.now()
    if delivery_id:
        ids = [delivery_id]
    elif notice_id:
        ids = [one.delivery_id for one in outbox.deliveries(notice_id=notice_id, limit=PAGE)]
    else:
        dead = (DeliveryState.DEAD, DeliveryState.GONE)
        ids = [
            one.delivery_id
            for wanted in dead
            for one in outbox.deliveries(client_id=client_id, state=wanted, limit=PAGE)
        ]
    replayed = list(outbox.requeue(ids, now))
    state.answer({"replayed": replayed}, "")
    state.say(f"{len(replayed)} of {len(ids)} deliveries are due again")
    if not failed and not replayed:
        refuse("there is no such delivery, or it is being sent at this moment")


@command.command("test")
@click.argument("client_id")
@pass_state
def test(state: State, client_id: str) -> None:
    """Send a webhook.test event to every endpoint of an application, once, and show what it answered."""
    runtime = state.runtime
    parcel = _test_parcel(state, client_id)
    results = [
        _try(name, notifier, parcel, target)
        for name, notifier in runtime.notifiers.items()
        for target in notifier.targets(parcel)
    ]
    rows = [
        (one["target"], "ok" if one["ok"] else "FAILED", str(one["ms"]), one["result"]) for one in results
    ]
    state.answer(results, table(rows, ("ENDPOINT", "", "MS", "RESULT")))
    if not results:
        refuse(f"{client_id} has no enabled webhook endpoint, or no notifier that serves it")
    if not all(one["ok"] for one in results):
        refuse("not every endpoint took it")


def _test_parcel(state: State, client_id: str) -> Parcel:
    from consentcore.outbox.envelope import Packer

    runtime = state.runtime
    now = runtime.clock.now()
    with runtime.storage.reading() as uow:
        if uow.clients.get(client_id) is None:
            raise NotFound("client", client_id)
    notice = Notice(
        notice_id=f"test_{uuid.uuid4().hex}",
        kind=NoticeKind.TEST,
        grant_id="",
        client_id=client_id,
        owner_id="",
        audiences=(Audience.CLIENT,),
        occurred_at=now,
        data=json.dumps({"state": secrets.token_hex(8)}),
    )
    packer = Packer(runtime.storage, runtime.keys, issuer=runtime.settings.issuer, render=lambda *_: None)
    return packer.pack(notice, now)


def _try(name: str, notifier: Notifier, parcel: Parcel, target: str) -> dict[str, Any]:
    began = time.monotonic()
    try:
        outcome = notifier.send(replace(parcel, attempt=1, delivery_id=f"dlv_{uuid.uuid4().hex}"), target)
    except InvalidInput as error:
        raise click.ClickException(str(error)) from None
    return {
        "notifier": name,
        "target": target,
        "ok": isinstance(outcome, Delivered),
        "status": outcome.status,
        "ms": round((time.monotonic() - began) * 1000),
        "result": f"answered {outcome.status}" if isinstance(outcome, Delivered) else outcome.reason,
        "answer": outcome.answer,
    }


def _show(state: State, received: Received) -> None:
    if state.as_json:
        data = {
            "ok": received.ok,
            "notice_id": received.notice_id,
            "problem": received.problem,
            "hint": received.hint,
            "event": received.event,
        }
        click.echo(json.dumps(data, ensure_ascii=False))
        return
    verdict = "verified" if received.ok else f"NOT VERIFIED: {received.problem}"
    kind = received.event.get("type", "?") if isinstance(received.event, dict) else "no JSON"
    click.echo(f"{time.strftime('%H:%M:%S')}  {kind}  {received.notice_id or '-'}  {verdict}")
    if received.hint:
        click.echo(f"          {received.hint}")
    if received.event is not None:
        click.echo("          " + json.dumps(received.event, ensure_ascii=False))
