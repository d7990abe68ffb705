"""A stranger's words on an operator's terminal: no command passes anything on that a terminal obeys.

ESC sequences (OSC 52 writes the clipboard), C1, line breaks that forge lines, Unicode TR 9 overrides. What is shown
comes from rows that say whatever they like, from answers, from headers, from plugins and from the command line.
"""

from __future__ import annotations

import json
import logging
import os
import pty
import re
import socket
import subprocess
import sys
import unicodedata
from contextlib import closing

import pytest

from consentcore.cli.output import Lines
from consentcore.config import load_ini
from consentcore.domain.event_kinds import EventType
from consentcore.domain.notice import DeliveryState
from consentcore.runtime import build_runtime
from consentcore.testing import factories
from consentcore.webhooks.signing import make_secret
from tests.support import tiny_plugins as tiny
from tests.support.command_line import Cli
from tests.support.commands import ENDING, words
from tests.support.patience import PATIENCE_S
from tests.support.sinks import Answer, http_sink

EVIL = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x9b31m\u202egnp.exe\u2066\r\nFORGED line\u2028FORGED\x7f\x85 Zoë שלום 👩\u200d👧"
KEPT = "Zoë שלום 👩\u200d👧"
CALL = [sys.executable, "-m", "consentcore.cli.main"]


def obeyed(text: str) -> list[str]:
    """What a terminal would not just show."""
    bad = [
        letter
        for letter in text
        if (unicodedata.category(letter) in ("Cc", "Zl", "Zp", "Cs") and letter != "\n")
        or unicodedata.bidirectional(letter)
        in ("RLO", "LRO", "RLE", "LRE", "LRI", "RLI", "FSI", "PDI", "PDF")
    ]
    return bad + re.findall(r"^\W*FORGED", text, re.MULTILINE)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """An installation whose rows are all of a stranger's making, even where no way leads them in today."""
    made = Cli(tmp_path_factory.mktemp("strange"))
    assert made("init").code == 0
    runtime = build_runtime(load_ini(str(made.ini)))
    with runtime.storage.transaction() as uow:
        client = factories.client(
            client_id="evil",
            name=EVIL,
            publisher=EVIL,
            website=EVIL,
            purpose=EVIL,
            contact_email=EVIL,
            jwks=EVIL,
        )
        uow.clients.add(client)
        uow.clients.add_endpoint(
            factories.endpoint(
                "evil", endpoint_id="ep_1", url=EVIL, disabled_at=1, disabled_reason=EVIL, events=(EVIL,)
            )
        )
        owner = factories.owner(email="ada@example.org", name=EVIL, locale=EVIL, timezone=EVIL)
        uow.owners.add(owner)
        grant = factories.grant(owner.owner_id, "evil", grant_id=EVIL, scopes=(f"{EVIL}@1",), key_id="none")
        uow.grants.add(grant)
        body = json.dumps({"grant_id": EVIL, "evidence": {"snapshot_hash": ""}})
        uow.ledger.append(factories.event(grant, event_id=EVIL, body=body, type=EventType.GRANTED))
        notice = factories.notice(grant)
        uow.notices.add(notice)
    outbox = runtime.storage.outbox
    delivery = factories.delivery(notice.notice_id, delivery_id="d1", target=EVIL, body=EVIL.encode())
    outbox.expand_all({notice.notice_id: [delivery]}, factories.NOW)
    claimed = outbox.claim_deliveries(factories.NOW, limit=1, lease_ms=1000, notifiers=["webhook"])[0]
    from consentcore.ports.deliveries import Settlement

    attempt = factories.attempt("d1", outcome=EVIL, error=EVIL, answer=EVIL)
    settled = Settlement(
        "d1", claimed.lease_token, DeliveryState.DEAD, factories.NOW, error=EVIL, attempt=attempt
    )
    assert outbox.settle_all([settled]) == [True]
    runtime.close()
    return made


SHOWING = [
    ("client", "list"),
    ("client", "show", "evil"),
    ("owner", "show", "ada@example.org"),
    ("consents", "list", "--owner", "ada@example.org", "--all"),
    ("consents", "export", "--owner", "ada@example.org"),
    ("audit", "verify"),
    ("webhooks", "deliveries"),
    ("webhooks", "show", "d1"),
    ("webhooks", "endpoint", "list", "evil"),
    ("webhooks", "endpoint", "show", "ep_1"),
    ("webhooks", "test", "evil"),
    ("webhooks", "test", "evil", "--endpoint", "ep_1"),
]


@pytest.mark.parametrize("call", SHOWING, ids=" ".join)
def test_what_stands_in_rows_is_shown_and_not_obeyed(house, call):
    text = house(*call)
    assert obeyed(text.out + text.err) == []
    if call[:2] != ("webhooks", "test"):
        assert KEPT in text.out + text.err
    told = house(*call, "--json")
    assert obeyed(told.out + told.err) == []
    if told.out:
        json.loads(told.out)


@pytest.mark.parametrize("path", ENDING)
def test_what_is_typed_is_quoted_and_not_obeyed(house, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    calls = [words(path, tmp_path, EVIL), [*path.split(), EVIL, EVIL], [*path.split(), f"--{EVIL}"]]
    if path in ("consents revoke", "webhooks replay", "webhooks endpoint remove", "client update"):
        calls = calls[1:]  # these would change what the others show
    for call in calls:
        for more in ((), ("--json",)):
            result = house(*call, *more, stdin=EVIL.encode())
            assert obeyed(result.out + result.err) == [], call


def test_a_command_and_a_configuration_that_are_none_are_quoted(tmp_path):
    cli = Cli(tmp_path)
    for call in ([EVIL], ["client", EVIL], ["-c", EVIL, "client", "list"], ["plugins", "show", EVIL]):
        result = cli(*call, ini=False)
        assert result.code in (1, 2, 78)
        assert obeyed(result.out + result.err) == []
    cli.set("consentcore.\x1b[31m\u202e = \x9b\u202e", "consentcore.oauth.code_ttl_s = \x1b]0;x\x07\u202e")
    result = cli("client", "list")
    assert result.code == 78
    assert obeyed(result.out + result.err) == []


def test_answers_to_a_test_event_are_shown_and_not_obeyed(cli):
    given = ("--name", "App", "--redirect-uri", "https://app.example/cb", "--scope", "comfort.read")
    with http_sink() as sink:
        sink.answer = Answer(500, body=EVIL.encode(), headers={"X": "y"})
        cli("client", "create", *given, "--client-id", "one", "--webhook-url", sink.url())
        results = [cli("webhooks", "test", "one"), cli("webhooks", "test", "one", "--json")]
    for result in results:
        assert result.code == 1
        assert obeyed(result.out + result.err) == []
    assert "52;c;" in results[0].out


def test_the_receiver_for_developers_shows_headers_and_bodies_and_obeys_neither():
    command = [*CALL, "webhooks", "listen", "--port", "0", "--count", "2", "--secret", make_secret("v1")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            port = int(re.search(r":([0-9]+)", process.stderr.readline())[1])
            for body in (
                json.dumps({"type": EVIL}, ensure_ascii=False).encode(),
                b'{"type": "\\ud800", "n": 1e400}',
            ):
                head = b"POST / HTTP/1.1\r\nHost: x\r\nwebhook-id: \x1b]52;c;eA==\x07\x9b31m\r\n"
                head += b"webhook-timestamp: " + b"9" * 5000 + b"\r\nwebhook-signature: v1,\x1b[2J\r\n"
                with closing(socket.create_connection(("127.0.0.1", port), PATIENCE_S)) as peer:
                    peer.sendall(head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                    assert peer.recv(100).startswith(b"HTTP/1.")
            out, err = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert process.returncode == 1
    assert "52;c;" in out
    assert obeyed(out + err) == []
    assert "Traceback" not in err


STRANGE_PLUGIN = """
    import click
    from consentcore.api import PluginInfo, PluginKind, hookimpl

    EVIL = {evil!r}

    @hookimpl
    def consentcore_plugin():
        return PluginInfo("strange", PluginKind.EXTENSION, EVIL)

    @hookimpl
    def consentcore_cli(group):
        @group.command("strange", help=EVIL)
        @click.argument("way")
        def strange(way):
            if way == "echo":
                click.echo(EVIL)
            if way == "print":
                print(EVIL)
            if way == "error":
                raise click.ClickException(EVIL)
            if way == "bug":
                raise ValueError(EVIL)
            if way == "styled":
                click.echo(click.style("good", fg="green") + click.style("one", bold=True), color=True)
            if way == "lines":
                click.get_current_context().obj.answer(None, "one\\ntwo")
"""


@pytest.fixture
def foreign(cli, tmp_path, monkeypatch):
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    tiny.install(site, "strange", "1.0", code=STRANGE_PLUGIN.format(evil=EVIL), strange="tiny_strange")
    cli.set("consentcore.extensions = strange")
    return cli


@pytest.mark.parametrize(
    "call",
    [
        ("plugins", "list"),
        ("plugins", "show", "strange"),
        ("plugins", "check", "strange"),
        ("--help",),
        ("strange", "--help"),
    ],
    ids=" ".join,
)
def test_what_a_plugin_says_of_itself_is_not_obeyed(foreign, call):
    result = foreign(*call)
    assert [one for one in obeyed(result.out + result.err) if not one.endswith("FORGED")] == []


@pytest.mark.parametrize("way", ["echo", "print", "error", "bug"])
def test_what_a_plugins_command_prints_is_not_obeyed(foreign, way):
    result = foreign("strange", way)
    # Its lines and colours are its own affair; nothing else goes through.
    rest = re.sub(r"\x1b\[[0-9;]*m", "", result.out + result.err)
    assert [one for one in obeyed(rest) if not one.endswith("FORGED")] == []


def test_what_a_plugins_command_may_do_it_may_still(foreign):
    assert "\x1b[32mgood\x1b[0m" in foreign("strange", "styled").out
    assert foreign("strange", "lines").out == "one\ntwo\n"


def test_on_a_terminal(house):
    """The same where standard output is one, as click looks."""
    ours, theirs = pty.openpty()
    command = [*CALL, "client", "list", "-c", str(house.ini)]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        try:
            while part := os.read(ours, 65536):
                seen += part
        except OSError:  # how a terminal says that everybody has gone
            pass
        process.wait(PATIENCE_S)
    os.close(ours)
    text = seen.decode().replace("\r\n", "\n")  # by the terminal's driver
    assert KEPT in text
    assert obeyed(text) == []


def test_an_output_without_letters_beyond_ascii_is_no_traceback(house):
    for encoding in ("ascii", "latin-1"):
        done = subprocess.run(
            [*CALL, "client", "list", "-c", str(house.ini)],
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"evil" in done.stdout


def test_a_log_line_is_one_line_and_obeys_nobody():
    try:
        raise ValueError(EVIL)
    except ValueError:
        record = logging.makeLogRecord(
            {"name": "x", "levelname": "ERROR", "msg": "said %s", "args": (EVIL,), "exc_info": sys.exc_info()}
        )
    text = Lines("%(levelname)s: %(message)s").format(record)
    assert obeyed(text.replace("\n  ", " ")) == []
    assert KEPT in text
    first, *rest = text.split("\n")
    assert "said" in first
    assert all(line.startswith("  ") for line in rest)
