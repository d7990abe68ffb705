"""`consentcore demo` as people start it: it ends with all that it started, and nothing is left behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
import requests

from consentcore.demo.boot import DemoOptions, NotStarted, _sockets, boot
from consentcore.demo.run import _banner
from consentcore.demo.serving import bind
from tests.support.patience import PATIENCE_S, eventually
from tests.support.processes import all_gone, children_of

COMMAND = [sys.executable, "-m", "consentcore.cli.main", "demo", "--port", "0"]


def test_two_demos_that_start_at_the_same_moment_have_ports_of_their_own():
    with bind("127.0.0.1", 0) as sock:
        wanted = sock.getsockname()[1]
    demos = [_sockets(wanted), _sockets(wanted)]
    ports = [sock.getsockname()[1] for sockets in demos for sock in sockets]
    for sockets in demos:
        for sock in sockets:
            sock.close()
    assert len(set(ports)) == 8


class Running:
    def __init__(self, output: Path, folder: Path, *options: str) -> None:
        self.output = output
        with output.open("wb") as said:
            self.process = subprocess.Popen(
                [*COMMAND, "--folder", str(folder), *options], stdout=said, stderr=said
            )
        eventually(self._is_up, lambda: self.said)
        own = [child.pid for child in children_of(self.process.pid)]
        self.family = [*own, *(child.pid for one in own for child in children_of(one))]
        self.url = re.search(r"Mail that was sent: (http://\S+)", self.said)[1]

    @property
    def said(self) -> str:
        return self.output.read_text()

    def _is_up(self) -> bool:
        assert self.process.poll() is None, self.said
        return "Mail that was sent" in self.said

    def wait_until_gone(self) -> None:
        eventually(lambda: all_gone(self.family), lambda: self.said)


@pytest.fixture
def demos(tmp_path):
    """Starts demos, all with the same folder."""
    started = []

    def start(*options):
        started.append(Running(tmp_path / f"said-{len(started)}", tmp_path / "data", *options))
        return started[-1]

    yield start
    for demo in started:
        if demo.process.poll() is None:
            demo.process.kill()
        demo.process.wait(PATIENCE_S)


@pytest.fixture
def running(demos):
    return demos()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -9)])
def test_it_ends_with_everything_that_it_started(running, number, code):
    assert requests.get(running.url, timeout=PATIENCE_S).ok
    running.process.send_signal(number)
    assert running.process.wait(PATIENCE_S) == code, running.said
    running.wait_until_gone()
    with pytest.raises(requests.ConnectionError):
        requests.get(running.url, timeout=PATIENCE_S)


@pytest.mark.slow
def test_on_dynamodb_it_ends_with_the_emulator_that_it_started(demos):
    running = demos("--storage", "dynamodb")
    assert any("consentcore.demo.emulator" in one.command for one in children_of(running.process.pid))
    running.process.send_signal(signal.SIGKILL)
    running.process.wait(PATIENCE_S)
    running.wait_until_gone()


@pytest.mark.slow
def test_on_an_emulator_that_runs_it_makes_a_table_of_its_own(demos, dynamodb_lines, dynamodb_endpoint):
    client = boto3.client("dynamodb", "eu-west-1", endpoint_url=dynamodb_endpoint)
    before = set(client.list_tables()["TableNames"])
    running = demos("--storage", "dynamodb", "--dynamodb-endpoint", dynamodb_endpoint)
    assert len(running.family) == 3, "no emulator"
    (made,) = set(client.list_tables()["TableNames"]) - before
    assert made.startswith("consentcore-demo-")


def test_without_an_emulator_it_says_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setattr("consentcore.demo.stores.find_spec", lambda _name: None)
    options = DemoOptions(tmp_path, port=0, storage="dynamodb")
    with pytest.raises(NotStarted, match=r"pip install 'moto\[dynamodb,server\]'"), boot(options, say=print):
        pytest.fail("it started")


@pytest.mark.slow
def test_it_says_where_assistants_find_its_data(running):
    url = re.search(r"(http://127\.0\.0\.1:\d+/mcp)\n", running.said)[1]
    answer = requests.post(url, json={}, timeout=PATIENCE_S)
    assert answer.status_code == 401
    assert "/.well-known/oauth-protected-resource/mcp" in answer.headers["WWW-Authenticate"]


@pytest.mark.slow
def test_without_the_library_it_runs_and_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr("consentcore.demo.mcp_server.find_spec", lambda _name: None)
    for name in ("OAUTHLIB_INSECURE_TRANSPORT", "NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with boot(DemoOptions(tmp_path / "data", port=0), say=print, output=tmp_path / "said") as demo:
        assert demo.mcp_url == ""
        assert "pip install 'consentcore[demo]'" in _banner(demo)
        assert requests.get(demo.coolsite.own_url, timeout=PATIENCE_S).ok


@pytest.mark.slow
def test_a_second_demo_leaves_the_data_of_the_first_alone(running, demos, tmp_path):
    second = demos()
    assert f"data in {tmp_path}/data-2" in second.said
    assert (tmp_path / "data" / "var" / "consentcore.sqlite").is_file()
    assert requests.get(running.url, timeout=PATIENCE_S).ok
