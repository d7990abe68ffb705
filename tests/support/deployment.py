"""An installation as an operator makes it: an INI that inherits development.ini, the real commands, real servers."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import requests
from aiosmtpd.controller import Controller

from consentcore.demo.serving import base_url, bind
from tests.support.command_line import call
from tests.support.patience import PATIENCE_S, eventually
from tests.support.ports import reserved_port

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("consentcore")
INI = """\
[app:main]
use = config:development.ini
consentcore.issuer = {issuer}
consentcore.notifiers = smtp webhook
consentcore.server.workers = 2
consentcore.plugin.sqlalchemy.url = {database}
consentcore.plugin.smtp.host = 127.0.0.1
consentcore.plugin.smtp.port = {smtp}
consentcore.plugin.smtp.tls = none
consentcore.plugin.smtp.sender = Your Energy Company <consent@energy.example>
{lines}
[server:main]
use = config:development.ini
listen = {listen}
"""


@dataclass
class Mailbox:
    """What an SMTP server of ours was given."""

    mails: list[EmailMessage] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    async def handle_DATA(self, _server, _session, envelope):
        with self.arrived:
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
            self.arrived.notify_all()
        return "250 kept"

    def subjects(self, to: str) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails if mail["To"] == to]

    def wait_for(self, subject: str, to: str, count: int = 1) -> None:
        with self.arrived:
            found = self.arrived.wait_for(lambda: self.subjects(to).count(subject) >= count, PATIENCE_S)
        assert found, f"{subject!r} to {to} did not come {count} times, only {self.subjects(to)}"


@contextmanager
def smtp_server() -> Iterator[tuple[Mailbox, int]]:
    """A real SMTP server on loopback."""
    mailbox = Mailbox()
    with reserved_port() as port:
        controller = Controller(mailbox, hostname="127.0.0.1", port=port)
        controller.start()
        try:
            yield mailbox, port
        finally:
            controller.stop()


@dataclass
class Deployment:
    """A folder with INI files, and a server as soon as it is started."""

    folder: Path
    issuer: str
    ini: Path
    held: socket.socket
    server: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def database(self) -> Path:
        return self.folder / "var" / "consentcore.sqlite"

    def run(self, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command of consentcore with the INI."""
        done = subprocess.run(
            [COMMAND, *arguments, "-c", self.ini],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE_S,
            check=False,
            env={**os.environ, **environment},
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def init(self) -> None:
        """Make keys and tables, in this process: a process for each command is most of what a set-up takes."""
        assert call("init", "-c", str(self.ini)).code == 0

    def json(self, *arguments: str, stdin: str = "") -> Any:
        """What a command answers with --json. It must succeed; it runs in this process, like :meth:`init`."""
        return call(*arguments, "--json", "-c", str(self.ini), stdin=stdin.encode()).json

    def typed(self, *arguments: str, stdin: str = "") -> Any:
        """The same by a process of its own, as an operator types it."""
        done = self.run(*arguments, "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self) -> None:
        """Start the server and wait until it says that it listens."""
        with self.log.open("ab") as log:
            earlier = log.tell()
            self.server = subprocess.Popen([COMMAND, "serve", "-c", self.ini], stdout=log, stderr=log)
        eventually(lambda: self._listens(earlier), self.log.read_text)

    def _listens(self, earlier: int) -> bool:
        assert self.server is not None
        assert self.server.poll() is None, self.log.read_text()
        said = self.log.read_text()[earlier:]
        return f"listening on {self.issuer}\n" in said or f'listening on {self.issuer}"' in said  # text, JSON

    def stop(self) -> int:
        """End the server in order; its exit code."""
        assert self.server is not None
        self.server.terminate()
        code = self.server.wait(PATIENCE_S)
        self.server = None
        return code

    def metadata(self) -> dict[str, Any]:
        """What a client finds out by itself (RFC 8414)."""
        return requests.get(
            f"{self.issuer}/.well-known/oauth-authorization-server", timeout=PATIENCE_S
        ).json()


@contextmanager
def deployment(folder: Path, *, smtp: int, database: str = "", lines: str = "") -> Iterator[Deployment]:
    """Write the INI files; the server is ended with the block.

    :param database: its URL; "": a SQLite file in the folder.
    :param lines: further ones for ``[app:main]``, such as those that choose another storage.
    """
    shutil.copy(ROOT / "development.ini", folder)
    with bind("127.0.0.1", 0, listen=False) as held:
        issuer = base_url(held)
        ini = folder / "own.ini"
        where = database or f"sqlite:///{folder}/var/consentcore.sqlite"
        ini.write_text(
            INI.format(
                issuer=issuer, listen=issuer.removeprefix("http://"), database=where, smtp=smtp, lines=lines
            )
        )
        made = Deployment(folder, issuer, ini, held)
        try:
            yield made
        finally:
            if made.server is not None:
                made.server.kill()
                made.server.wait(PATIENCE_S)
