"""`consentcore demo` as people start it: its check passes or says what is wrong, and nothing is left behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from consentcore.demo.boot import DemoOptions, _sockets
from consentcore.demo.chapters import expect
from consentcore.demo.check import check_demo
from consentcore.demo.processes import all_gone, children_of
from consentcore.demo.serving import bind
from tests.support.patience import PATIENCE_S, eventually


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    """What a demo in this process sets is not left to the tests behind these."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


COMMAND = [sys.executable, "-m", "consentcore.cli.main", "demo", "--port", "0"]


@pytest.mark.slow
def test_the_whole_story_passes(tmp_path):
    done = subprocess.run(
        [*COMMAND, "--check", "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"\d+\.\d s: 25 passed, 0 failed", lines[-1])
    assert [line for line in lines[:-1] if not line.startswith("[ok]")] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_step_that_fails_ends_the_story_with_exit_code_1(tmp_path, capsys):
    def chapter(play):
        with play.step("a step that fails"):
            expect(False, "roses", "thorns")

    def never(_play):
        raise AssertionError("the story went on")

    assert check_demo(DemoOptions(tmp_path, port=0), chapters=(chapter, never)) == 1
    said = capsys.readouterr().out
    assert "[FAILED]" in said
    assert "expected roses, found thorns" in said
    assert "listening on" in said, "what the server said helps to find the cause"
    assert said.rstrip().endswith("1 passed, 1 failed")


def test_a_demo_that_does_not_start_is_a_failed_step(tmp_path, capsys):
    options = DemoOptions(tmp_path, port=0, extra_ini="consentcore.oauth.code_ttl_s = soon")
    assert check_demo(options) == 1
    said = capsys.readouterr().out
    assert "consentcore.oauth.code_ttl_s = soon: expected a whole number" in said
    assert said.rstrip().endswith("0 passed, 1 failed")


def test_two_demos_that_start_at_the_same_moment_have_ports_of_their_own():
    with bind("127.0.0.1", 0) as sock:
        wanted = sock.getsockname()[1]
    demos = [_sockets(wanted), _sockets(wanted)]
    ports = [sock.getsockname()[1] for sockets in demos for sock in sockets]
    for sockets in demos:
        for sock in sockets:
            sock.close()
    assert len(set(ports)) == 6


class Running:
    def __init__(self, output: Path, folder: Path) -> None:
        self.output = output
        with output.open("wb") as said:
            self.process = subprocess.Popen([*COMMAND, "--folder", str(folder)], stdout=said, stderr=said)
        eventually(self._is_up, lambda: self.said)
        [self.server] = [child.pid for child in children_of(self.process.pid)]
        self.family = [self.server, *(child.pid for child in children_of(self.server))]
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

    def start():
        started.append(Running(tmp_path / f"said-{len(started)}", tmp_path / "data"))
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
def test_a_second_demo_leaves_the_data_of_the_first_alone(running, demos, tmp_path):
    second = demos()
    assert f"data in {tmp_path}/data-2" in second.said
    assert (tmp_path / "data" / "var" / "consentcore.sqlite").is_file()
    assert requests.get(running.url, timeout=PATIENCE_S).ok
