"""``consentcore webhooks listen`` and ``fixtures``: for developers of receivers; they need no configuration."""

from __future__ import annotations

import json
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from consentcore.cli.commands import Command, refuse
from consentcore.cli.output import machine
from consentcore.cli.state import State, pass_state, table
from consentcore.domain.clock import LAST_SECOND
from consentcore.webhooks.signing import make_secret, read_public_key, read_secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consentcore.webhooks.verification import Examination, Trust


@click.command("listen", cls=Command)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=9000, show_default=True, help="0: any free one."
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--secret", "texts", multiple=True, metavar="whsec_…", help="The current one first.")
@click.option(
    "--old-secret",
    "old",
    multiple=True,
    metavar="whsec_…",
    help="One of before: what only it verifies is reported.",
)
@click.option(
    "--public-key", "public", multiple=True, metavar="whpk_…", help="For endpoints that sign by v1a."
)
@click.option(
    "--answer", type=click.IntRange(200, 599), default=204, show_default=True, help="To try retries."
)
@click.option(
    "--count", type=click.IntRange(1), help="End after so many requests; exit code 1 if one was not good."
)
@pass_state
def listen(
    state: State,
    /,
    *,
    port: int,
    host: str,
    texts: tuple[str, ...],
    old: tuple[str, ...],
    public: tuple[str, ...],
    answer: int,
    count: int | None,
) -> None:
    """Receive webhooks on this machine, verify them and explain what fails."""
    from consentcore.webhooks.receiver import Listener

    trust = _trust(texts, old, public)
    seen: list[bool] = []
    done = threading.Event()

    def report(received: Examination) -> None:
        seen.append(received.ok)
        _show(state, received)
        if count is not None and len(seen) >= count:
            done.set()

    try:
        listener = Listener((host, port), trust, report, answer=answer)
    except OSError as error:
        refuse(f"cannot listen on {host}:{port}: {error.strerror or error}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    thread = threading.Thread(target=listener.run, daemon=True)
    thread.start()
    state.say(f"listening on {listener.url} (Ctrl-C ends it)")
    while not done.wait(0.2):
        pass
    listener.stop()
    thread.join(5)
    if count is not None and not all(seen):
        refuse(f"{seen.count(False)} of {len(seen)} requests were not good")


def _trust(texts: Sequence[str], old: Sequence[str], public: Sequence[str]) -> Trust:
    from consentcore.webhooks.verification import Trust

    if not texts and not public:
        raise click.UsageError("give --secret or --public-key")
    return Trust(
        tuple(read_secret(text) for text in texts),
        tuple(read_secret(text, "--old-secret") for text in old),
        tuple(read_public_key(text) for text in public),
    )


@click.command("fixtures", cls=Command)
@click.option(
    "--out", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), metavar="DIR"
)
@click.option("--secret", "text", default="", metavar="whsec_…", help="Made up when not given.")
@click.option("--old-secret", "old", default="", metavar="whsec_…", help="Made up when not given.")
@click.option(
    "--at", type=click.IntRange(1, LAST_SECOND), help="Unix seconds of the requests; now when not given."
)
@pass_state
def fixtures(state: State, /, *, folder: Path, text: str, old: str, at: int | None) -> None:
    """Write signed requests for the tests of a receiver, good ones and bad ones, with what it should do with each."""
    from consentcore.webhooks.fixtures import make_fixtures

    secret, older = text or make_secret("v1"), old or make_secret("v1")
    read_secret(secret)
    read_secret(older, "--old-secret")
    made = make_fixtures(secret, older, at or int(time.time()))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in made["fixtures"]:
            _write(folder / f"{one['name']}.json", one)
        _write(folder / "index.json", made)
    except OSError as error:
        refuse(f"cannot write to {folder}: {error.strerror or error}")
    rows = [(one["name"], one["verdict"], one["why"]) for one in made["fixtures"]]
    state.answer(made, table(rows, ("FIXTURE", "VERDICT", "WHY")))
    state.say(f"{len(rows)} requests in {folder}; secret and time of verification are in index.json")


def _write(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _show(state: State, received: Examination) -> None:
    if state.as_json:
        data = {
            "ok": received.ok,
            "notice_id": received.notice_id,
            "problem": received.problem,
            "hint": received.hint,
            "event": received.event,
        }
        click.echo(machine(data, indent=None))
        return
    verdict = "verified" if received.ok else f"NOT VERIFIED: {received.problem}"
    kind = received.event.get("type", "?") if isinstance(received.event, dict) else "no JSON"
    lines = [f"{time.strftime('%H:%M:%S')}  {kind}  {received.notice_id or '-'}  {verdict}"]
    if received.hint:
        lines.append(f"          {received.hint}")
    if received.event is not None:
        lines.append("          " + machine(received.event, indent=None))
    state.answer(None, lines)
