"""``serve`` and ``worker`` as processes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_S, eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def cli(cli):
    cli.set("consentcore.worker.poll_s = 0.05")
    return cli


@contextlib.contextmanager
def heard(number):
    """What is started in the block hears a signal, although these tests may ignore it, as under ``nohup``."""
    before = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(number, before)


class Process:
    """A command of ours, its stderr in a file."""

    def __init__(self, cli, *arguments):
        self.log = cli.folder / f"{arguments[0]}.log"
        with self.log.open("w") as log:
            command = [sys.executable, "-m", "consentcore.cli.main", *arguments, "-c", str(cli.ini)]
            env = {**os.environ, "PYTHONUNBUFFERED": "1"}
            with heard(signal.SIGHUP):
                self.process = subprocess.Popen(command, stderr=log, env=env)

    def wait_for(self, pattern):
        return eventually(lambda: self._found(pattern), lambda: f"{pattern!r} not in: {self.log.read_text()}")

    def _found(self, pattern):
        ended = self.process.poll() is not None
        match = re.search(pattern, self.log.read_text())
        assert match or not ended, self.log.read_text()
        return match

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def start(cli):
    started = []

    def start(*arguments):
        started.append(Process(cli, *arguments))
        return started[-1]

    yield start
    for one in started:
        with contextlib.suppress(ProcessLookupError):
            one.process.kill()
        one.process.wait(PATIENCE_S)


def test_serve_answers_on_the_port_it_printed_and_drains(cli, start):
    server = start("serve", "--listen", "127.0.0.1:0")
    url = server.wait_for(r"listening on (http://127\.0\.0\.1:\d+)").group(1)
    with urllib.request.urlopen(f"{url}/readyz", timeout=PATIENCE_S) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(
        f"{url}/.well-known/oauth-authorization-server", timeout=PATIENCE_S
    ) as answer:
        assert json.load(answer)["issuer"] == "http://127.0.0.1:6543"
    assert server.end() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: there is no /proc")
def test_supervisor_keeps_nothing_of_what_the_command_has_loaded(cli, start):
    server = start("serve", "--listen", "127.0.0.1:0")
    server.wait_for("listening on")
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1))
    assert resident < 35_000  # one web process has 90,000
    assert server.end() == 0


def test_serve_on_a_busy_port_says_so(cli, start):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        server = start("serve", "--listen", f"127.0.0.1:{port}")
        assert server.process.wait(PATIENCE_S) == 1
    assert f"127.0.0.1:{port}" in server.log.read_text()
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_worker_starts_and_stops_in_order(cli, start, signal_):
    worker = start("worker")
    worker.wait_for("worker started")
    assert worker.end(signal_) == 0
    assert "Traceback" not in worker.log.read_text()


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_bad_configuration_is_78_at_once(cli, start, command):
    (cli.folder / "var" / "keys").unlink()
    process = start(command)
    assert process.process.wait(PATIENCE_S) == 78
    assert "there is no file" in process.log.read_text()


def test_listen_that_is_not_host_and_port_is_bad_configuration(cli, start):
    cli.set("[server:main]", "listen = here")
    process = start("serve")
    assert process.process.wait(PATIENCE_S) == 78
    assert "[server:main] listen: expected HOST:PORT" in process.log.read_text()
