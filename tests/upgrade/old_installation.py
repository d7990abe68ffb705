"""What commit 26e6d57 wrote, put where the code of today can open it.

Time stands in the story's last moment and goes on from there by a clock of the test, so that live tokens are live in
whatever year the tests run.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from consentcore.app import app_from_runtime
from consentcore.config import load_ini
from consentcore.runtime import Runtime, build_runtime
from consentcore.testing import ManualClock
from tests.support.command_line import Cli
from tests.support.platform import Platform, sign_in

ROOT = Path(__file__).resolve().parent.parent.parent
OLD = Path(__file__).parent / "from_26e6d57"
PORT = 18080
"""Of the webhook endpoints in the databases; each test puts its own there."""
NOWHERE = 9
URL_COLUMN = "UPDATE webhook_endpoint SET url = replace(url, ':18080/', ':{}/')"


def install(folder: Path, *names: str) -> Path:
    """Install wheels of then into an empty folder, without a network, as an operator would with a target folder."""
    wheels = [str(next((OLD / "wheels").glob(f"consentcore_{name}-*.whl"))) for name in names]
    if (ROOT / ".uv" / "bin" / "uv").exists():
        pip = [
            "sh",
            str(ROOT / "scripts" / "uv.sh"),
            "pip",
            "install",
            "-q",
            "--offline",
            "--python",
            sys.executable,
        ]
    else:
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "--no-index", "--no-deps", "--target", str(folder), *wheels], check=True, cwd=folder.parent
    )
    return folder


@dataclass
class OldInstallation:
    """A folder with an old INI, key file and database, and the story's facts.

    :ivar lines: of the INI, beside those of the story.
    """

    folder: Path
    name: str
    storage: str
    lines: list[str]
    ports: tuple[int, int] = (NOWHERE, NOWHERE)
    facts: dict[str, Any] = field(default_factory=dict)
    _runtimes: list[Runtime] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.facts = json.loads((OLD / f"{self.name}.json").read_text())
        shutil.copyfile(OLD / "keys", self.folder / "keys")
        (self.folder / "keys").chmod(0o600)
        self.cli = Cli(self.folder)
        self.write_ini()

    def write_ini(self, *more: str, changes: dict[str, str] | None = None) -> Path:
        """Write the INI of then, with what only this place has, and with other values where a test wants them."""
        text = (OLD / "story.ini").read_text().replace("= sqlalchemy\n", f"= {self.storage}\n")
        for key, value in (changes or {}).items():
            kept = [line for line in text.splitlines() if not line.startswith(f"{key} =")]
            assert len(kept) < len(text.splitlines()), key
            text = "\n".join(kept)
            more += (f"{key} = {value}",)
        head, server, tail = text.partition("\n[server:main]")
        own = [*self.lines, f"consentcore.plugin.smtp.port = {self.ports[0]}", *more]
        self.cli.ini.write_text("\n".join([head, *own, server + tail]) + "\n")
        return self.cli.ini

    @property
    def now(self) -> int:
        """The moment at which the story stops."""
        return int(self.facts["now"])

    @cached_property
    def clock(self) -> ManualClock:
        """The test's time: a second after the story."""
        return ManualClock(self.now + 1000)

    @cached_property
    def platform(self) -> Platform:
        """The product of today on it, in the story's time."""
        return self.build()

    def build(self) -> Platform:
        """Put the product together, once more where a test has changed the INI."""
        runtime = build_runtime(load_ini(str(self.cli.ini)), clock=self.clock)
        self._runtimes.append(runtime)
        made = Platform(runtime, app_from_runtime(runtime))
        made.secrets = self.facts["secrets"]
        return made

    def close(self) -> None:
        for runtime in self._runtimes:
            runtime.close()

    def browser(self, cookies: dict[str, str] | None = None) -> Any:
        """A browser, with the cookies that one of then had."""
        browser = self.platform.browser()
        for name, value in (cookies or {}).items():
            browser.set_cookie(name, value)
        return browser

    def signed_in(self, email: str) -> Any:
        """A browser of somebody who signs in with the password of then."""
        browser = self.platform.browser()
        page = sign_in(browser, browser.get("/login"), email, self.facts["people"][email]["password"])
        assert page.status_int == 200
        assert "/consents" in page.request.url
        return browser


def sqlite_installation(folder: Path, ports: tuple[int, int]) -> OldInstallation:
    """The SQLite file."""
    path = folder / "consentcore.sqlite"
    shutil.copyfile(OLD / "consentcore.sqlite", path)
    with sqlite3.connect(path) as connection:
        connection.execute(URL_COLUMN.format(ports[1]))
    connection.close()
    return OldInstallation(
        folder,
        "sqlite",
        "sqlalchemy",
        ["consentcore.plugin.sqlalchemy.url = sqlite:///%(here)s/consentcore.sqlite"],
        ports,
    )


def load_dump(url: str) -> None:
    """Fill an empty database with the dump."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute((OLD / "postgresql.sql").read_text().encode())


def postgresql_installation(folder: Path, ports: tuple[int, int], url: str) -> OldInstallation:
    """A database with the dump in it."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(URL_COLUMN.format(ports[1]).encode())
    line = f"consentcore.plugin.sqlalchemy.url = {url.replace('%', '%%')}"
    return OldInstallation(folder, "postgresql", "sqlalchemy", [line], ports)


def shelf_installation(folder: Path, ports: tuple[int, int]) -> OldInstallation:
    """The file of the storage that somebody else wrote for the plugin API of then."""
    text = (OLD / "shelf.txt").read_text()
    (folder / "shelf.txt").write_text(text.replace(f":{PORT}/", f":{ports[1]}/"))
    return OldInstallation(
        folder, "shelf", "shelf", ["consentcore.plugin.shelf.path = %(here)s/shelf.txt"], ports
    )


@contextmanager
def closing(house: OldInstallation) -> Iterator[OldInstallation]:
    """Give connections back after a test."""
    try:
        yield house
    finally:
        house.close()
