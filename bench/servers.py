"""Server processes for the time of a measurement."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.processes import children

ROOT = Path(__file__).parent.parent
_LISTENING = re.compile(r"listening on http://([^:\s]+):(\d+)\n")


class Failed(Exception):
    """The measurement cannot go on; the text says why, with what a process said."""


class Server:
    """A supervisor with its web processes.

    :ivar address: where it listens.
    """

    def __init__(self, module: str, arguments: Sequence[str], log: Path) -> None:
        self.log = log
        with log.open("wb") as sink:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=environment(),
            )
        try:
            self.address = self._wait()
        except BaseException:
            self.stop()
            raise
        self.workers = children(self._process.pid)

    @property
    def pids(self) -> list[int]:
        """The supervisor and its web processes."""
        return [self._process.pid, *self.workers]

    def stop(self) -> None:
        """End it orderly, or at once when it does not end."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def check(self) -> None:
        """Notice a web process that died.

        :raises Failed: with the log.
        """
        if children(self._process.pid) != self.workers:
            raise Failed(f"a web process ended under load:\n{self.log.read_text()}")

    def _wait(self) -> tuple[str, int]:
        deadline = time.monotonic() + 30
        while not (found := _LISTENING.search(self.log.read_text())):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"the server did not start:\n{self.log.read_text()}")
            time.sleep(0.02)
        return found[1], int(found[2])


@contextmanager
def serving(module: str, arguments: Sequence[str], log: Path) -> Iterator[Server]:
    """A server for the time of the block."""
    server = Server(module, arguments, log)
    try:
        yield server
    finally:
        server.stop()


def run(module: str, arguments: Sequence[str]) -> None:
    """Run a command to its end.

    :raises Failed: when it fails.
    """
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command[1:])} ended with {done.returncode}:\n{done.stderr}")


def environment() -> dict[str, str]:
    """The environment of this process, in which this package can be imported."""
    path = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))}
