"""Firefox in front of the pages, over WebDriver BiDi (npm's puppeteer-core on Node.js)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

from tests.support.missing import missing
from tests.support.node import node_process
from tests.support.patience import PATIENCE_S, eventually

FIREFOX = Path(os.environ.get("FIREFOX", "/usr/bin/firefox-esr"))


class RefusedError(Exception):
    """What the browser could not do."""


class Firefox:
    """One window with a profile of its own. Names of controls are those that a screen reader says."""

    def __init__(self, process: Popen[str]) -> None:
        self._process = process

    def do(self, command: str, *values: str) -> Any:
        """Give one command of ``tests/interop/firefox.js``.

        :raises RefusedError: with the browser's words, when it could not be done.
        """
        self._process.stdin.write(json.dumps([command, *values]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, self._process.stderr.read()
        answer = json.loads(line)
        if "error" in answer:
            raise RefusedError(f"{command} {' '.join(values)}: {answer['error']}")
        return answer["answer"]

    def waits_for(self, wanted: str, look: Callable[[], str]) -> None:
        """Wait until something reads as wanted; between two pages there may be nothing to look at."""
        seen: list[str] = []

        def found() -> bool:
            seen[:] = [look()]
            return wanted in seen[0]

        eventually(found, lambda: f"waited for {wanted!r}, there is {seen}", despite=RefusedError)

    def heading(self, wanted: str) -> None:
        """Wait for a page or a dialog whose heading has these words."""
        self.waits_for(wanted, lambda: self.do("heading"))

    def reads(self, wanted: str, selector: str = "main") -> None:
        """Wait until an element has these words."""
        self.waits_for(wanted, lambda: " ".join(self.do("text", selector).split()))


@contextmanager
def firefox(*, scripts: bool = True) -> Iterator[Firefox]:
    """A Firefox that ends with the block. A loud skip where there is none, a failure in CI."""
    if not FIREFOX.exists():
        missing(f"{FIREFOX}: sh scripts/ensure_browser.sh", "REQUIRE_BROWSER")
    arguments = str(FIREFOX), "on" if scripts else "off", str(int(1000 * PATIENCE_S))
    with node_process("firefox.js", *arguments) as process:
        try:
            assert process.stdout.readline(), process.stderr.read()
            yield Firefox(process)
        finally:
            process.stdin.close()  # it closes the browser and ends
            process.wait(PATIENCE_S)
