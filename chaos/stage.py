"""The installation under test: a server, two workers, a database, and what can be done to them."""

from __future__ import annotations

import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from bench.processes import children, tree
from chaos.hostile import MAIL_MODES, MODES, Hooks, Mails

ROOT = Path(__file__).parent.parent
COMMAND = Path(sys.executable).with_name("consentcore")
FAKETIME = "/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1"
RETRIES = " ".join(["0.3", "0.5", "1", "1", "2", "2", *["3"] * 60])
INI = """\
[app:main]
use = config:development.ini
consentcore.issuer = http://127.0.0.1:{port}
consentcore.notifiers = smtp webhook
consentcore.server.workers = 2
consentcore.worker.embedded = false
consentcore.worker.lease_s = 4
consentcore.worker.poll_max_s = 0.5
consentcore.worker.drain_s = 3
consentcore.plugin.sqlalchemy.url = {database}
consentcore.plugin.sqlalchemy.busy_timeout_s = 5
consentcore.plugin.login_local.argon2_time_cost = 1
consentcore.plugin.login_local.argon2_memory_kib = 8192
consentcore.plugin.webhook.timeout_s = 1
consentcore.plugin.webhook.retry_schedule_s = {retries}
consentcore.plugin.smtp.host = 127.0.0.1
consentcore.plugin.smtp.port = {smtp}
consentcore.plugin.smtp.tls = none
consentcore.plugin.smtp.timeout_s = 1
consentcore.plugin.smtp.sender = Your Energy Company <consent@energy.example>
consentcore.plugin.smtp.retry_schedule_s = {retries}

[server:main]
use = config:development.ini
listen = 127.0.0.1:{port}
"""


class Stage:
    """Owns every process. All chance comes from ``chance``, so that a seed says what was done.

    :param database: a PostgreSQL with ``start`` and ``stop`` (tests/support/postgres.py) and its URL; None and ""
        for SQLite.
    """

    def __init__(
        self, folder: Path, database: tuple[Any, str], hooks: Hooks, mails: Mails, chance: random.Random
    ) -> None:
        self._postgres, url = database
        self.folder = folder
        self.hooks = hooks
        self.mails = mails
        self.done: Counter[str] = Counter()
        self._chance = chance
        self._server: subprocess.Popen[bytes] | None = None
        self._workers: list[subprocess.Popen[bytes] | None] = [None, None]
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            self.port = sock.getsockname()[1]
        shutil.copy(ROOT / "development.ini", folder)
        self.database = folder / "var" / "consentcore.sqlite"
        self.ini = folder / "own.ini"
        self.ini.write_text(
            INI.format(
                port=self.port, smtp=mails.port, retries=RETRIES, database=url or f"sqlite:///{self.database}"
            )
        )
        self.clock = folder / "clock"
        self.clock.write_text("+0s\n")

    @property
    def url(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def faketime(self) -> Path | None:
        """The library that lies about the time, if it is installed."""
        found = Path(FAKETIME.format(os.uname().machine))
        return found if found.exists() else None

    def command(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of ours."""
        return subprocess.run(
            [COMMAND, *arguments, "-c", self.ini],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def json(self, *arguments: str, stdin: str = "") -> Any:
        """Run a command of ours that must succeed; what it answers.

        :raises RuntimeError: when it does not.
        """
        done = self.command(*arguments, "--json", stdin=stdin)
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stderr}")
        return json.loads(done.stdout)

    def start(self) -> None:
        """Start what does not run."""
        if self._server is None or self._server.poll() is not None:
            self._server = self._run("serve")
        for number, process in enumerate(self._workers):
            if process is None or process.poll() is not None:
                self._workers[number] = self._run("worker", lie=number == 0)

    def wait(self, seconds: float = 120) -> None:
        """Wait until the server answers.

        :raises RuntimeError: it does not.
        """
        deadline = time.monotonic() + seconds
        while True:
            with suppress(requests.RequestException):
                if requests.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return
            if time.monotonic() > deadline:
                raise RuntimeError(f"the server does not come up: {self.log[-2000:]}")
            self.start()
            time.sleep(0.1)

    def stop(self) -> list[int]:
        """End everything in order; the exit codes."""
        running = [one for one in (self._server, *self._workers) if one is not None and one.poll() is None]
        for process in running:
            process.terminate()
        return [process.wait(30) for process in running]

    def kill(self) -> None:
        """End everything at once."""
        for process in (self._server, *self._workers):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()

    @property
    def log(self) -> str:
        """What the server and the workers have said."""
        return (self.folder / "log").read_text(errors="replace")

    # --- what goes wrong ---

    def faults(self) -> dict[str, Any]:
        """By name, each done at once and over when it returns."""
        found: dict[str, Any] = {
            "kill server": self._kill_server,
            "kill web process": self._kill_web,
            "kill worker": self._kill_worker,
            "restart worker": self._restart_worker,
            **{f"receiver {mode}": lambda mode=mode: self._hostile(self.hooks, mode) for mode in MODES},
            **{f"SMTP {mode}": lambda mode=mode: self._hostile(self.mails, mode) for mode in MAIL_MODES},
        }
        if self._postgres is not None:
            found["database restarted"] = self._restart_database
        else:
            found["database locked"] = self._lock_database
            found["disk full"] = self._fill_disk
        if self.faketime is not None:
            found["clock jump"] = self._jump
        return found

    def has_seen_everything(self) -> bool:
        """Whether every fault has happened."""
        return set(self.done) >= set(self.faults())

    def _kill_server(self) -> None:
        assert self._server is not None
        self._server.kill()
        self._server.wait()
        self.start()

    def _kill_web(self) -> None:
        assert self._server is not None
        for pid in self._chance.sample(found := children(self._server.pid), min(1, len(found))):
            os.kill(pid, signal.SIGKILL)

    def _kill_worker(self) -> None:
        process = self._chance.choice(self._workers)
        if process is not None:
            process.kill()
            process.wait()
        self.start()

    def _restart_worker(self) -> None:
        process = self._chance.choice(self._workers)
        if process is not None:
            process.terminate()
            process.wait(30)
        self.start()

    def _hostile(self, who: Hooks | Mails, mode: str) -> None:
        who.mode = mode
        time.sleep(self._chance.uniform(0.3, 1.5))
        who.mode = ""

    def _restart_database(self) -> None:
        self._postgres.stop(signal.SIGQUIT)
        time.sleep(self._chance.uniform(0.0, 0.7))
        self._postgres.start()

    def _lock_database(self) -> None:
        with sqlite3.connect(self.database, timeout=5, isolation_level=None) as connection:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(self._chance.uniform(0.3, 2.0))
            connection.execute("ROLLBACK")
        connection.close()

    def _fill_disk(self) -> None:
        """No file may grow past what the database has now."""
        pids = [pid for process in (self._server, *self._workers) if process for pid in tree(process.pid)]
        wal = self.database.with_name(self.database.name + "-wal")
        size = wal.stat().st_size if wal.exists() else 4096
        limits = []
        for pid in pids:
            with suppress(OSError):
                limits.append((pid, resource.prlimit(pid, resource.RLIMIT_FSIZE)))
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        time.sleep(self._chance.uniform(0.3, 1.5))
        for pid, before in limits:
            with suppress(OSError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, before)

    def _jump(self) -> None:
        """A worker's clock is off for a while by more than two leases, or goes back."""
        self.clock.write_text(f"{self._chance.choice(('+12', '-12', '+3', '-3'))}s\n")
        time.sleep(self._chance.uniform(1.2, 2.5))
        self.clock.write_text("+0s\n")

    def _run(self, command: str, *, lie: bool = False) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONFAULTHANDLER": "1"}
        if lie and self.faketime is not None:
            environment |= {
                "LD_PRELOAD": str(self.faketime),
                "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                "FAKETIME_CACHE_DURATION": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [COMMAND, command, "-c", self.ini],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
            )

    def tracebacks(self) -> int:
        """How often something unforeseen was logged."""
        return len(re.findall(r"^Traceback", self.log, re.MULTILINE))
