"""The command line in this process: what it prints and its exit code."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from consentcore.cli.main import run

INI = """\
[app:main]
use = egg:consentcore#main
consentcore.issuer = http://127.0.0.1:6543
consentcore.keys = %(here)s/var/keys
consentcore.storage = sqlalchemy
consentcore.login = login_local
consentcore.scopes = scopes_file
consentcore.notifiers = devmail webhook
consentcore.plugin.sqlalchemy.url = sqlite:///%(here)s/var/consentcore.sqlite
consentcore.plugin.devmail.dir = %(here)s/var/mail
consentcore.plugin.webhook.allow_networks = 127.0.0.0/8
consentcore.plugin.webhook.timeout_s = 30
consentcore.plugin.login_local.argon2_memory_kib = 64
consentcore.plugin.login_local.argon2_time_cost = 1
"""
NO_DIRECTORY = tuple(
    f"no resource directory has the kind {kind}, which {scopes} ask for: nobody is asked to choose one"
    for kind, scopes in (
        ("device", "device.control.setpoint, ev.schedule.write"),
        ("site", "alarms.acknowledge, alarms.read, comfort.read and 8 more"),
    )
)
"""What ``plugins check`` notes of :data:`INI`, which names no extensions."""


@dataclass
class Result:
    """What one call did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


class Bytes(io.TextIOWrapper):
    """Standard input that has a buffer."""


def call(*arguments: str, stdin: bytes = b"") -> Result:
    """Run ``consentcore`` with these words in this process."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.stdin = sys.stdin, Bytes(io.BytesIO(stdin))
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = run(list(arguments))
    finally:
        sys.stdin = before
    assert "Traceback" not in err.getvalue()
    return Result(code, out.getvalue(), err.getvalue())


@dataclass
class Cli:
    """Calls ``consentcore`` with the INI of ``folder``."""

    folder: Path
    ini: Path = field(init=False)

    def __post_init__(self) -> None:
        self.ini = self.folder / "test.ini"
        self.ini.write_text(INI)

    def __call__(self, *arguments: str, stdin: bytes = b"", ini: bool = True) -> Result:
        return call(*arguments, *(("-c", str(self.ini)) if ini else ()), stdin=stdin)

    def set(self, *lines: str) -> None:
        """Add lines to the INI."""
        self.ini.write_text(self.ini.read_text() + "".join(f"{line}\n" for line in lines))


def create_client(
    cli: Cli,
    *more: str,
    name: str = "App",
    uri: str = "https://app.example/callback",
    scope: str = "comfort.read sites.read",
) -> Result:
    """Register an application, with more options."""
    return cli("client", "create", "--name", name, "--redirect-uri", uri, "--scope", scope, "--json", *more)


def create_owner(
    cli: Cli, email: str = "ada@example.org", password: bytes = b"correct horse\n", *more: str
) -> Result:
    """Make a data owner with a password, with more options."""
    return cli("owner", "create", "--email", email, "--password-stdin", "--json", *more, stdin=password)
