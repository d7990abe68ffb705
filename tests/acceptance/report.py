"""The whole story, played without a screen against real processes, a line for each step.

The server is a real ``consentcore serve``, CoolSite a real client of a stock library, the people are browsers
that keep cookies and press buttons by their text. The first step that fails ends the story, because the next ones
build on it.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from consentcore.demo.boot import DemoOptions, boot
from tests.acceptance.steps import PARTS, Story

LAST_LINES = 25


class StepFailed(Exception):
    """A step failed."""


@dataclass
class Report:
    """Counts the steps and prints a line for each."""

    passed: int = 0
    failed: int = 0
    began: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One step.

        :raises StepFailed: when the block raised anything.
        """
        began = time.monotonic()
        try:
            yield
        except Exception as error:
            self.failed += 1
            reason = str(error) or type(error).__name__
            print(f"[FAILED] {time.monotonic() - began:6.2f} s  {title}\n         {reason}", flush=True)
            raise StepFailed from error
        self.passed += 1
        print(f"[ok]     {time.monotonic() - began:6.2f} s  {title}", flush=True)

    def summary(self) -> str:
        """The last line."""
        return f"{time.monotonic() - self.began:.1f} s: {self.passed} passed, {self.failed} failed"


def play_story(options: DemoOptions, parts: tuple[Callable[[Story], None], ...] = PARTS) -> Report:
    """Boot the demo and play the story; the steps that passed and failed.

    The data goes into a folder of its own inside ``options.folder``, which is removed when all is well.
    """
    report = Report()
    folder = options.folder / f"story-{os.getpid()}"
    folder.mkdir(mode=0o700, parents=True)
    output, said = folder / "server.log", list[str]()
    with suppress(StepFailed):
        _play(report, replace(options, folder=folder), parts, output, said.append)
    if report.failed:
        _explain(output, said)
    else:
        shutil.rmtree(folder)
    print(report.summary(), flush=True)
    return report


def _play(
    report: Report,
    options: DemoOptions,
    parts: tuple[Callable[[Story], None], ...],
    output: Path,
    say: Callable[[str], None],
) -> None:
    with ExitStack() as stack:
        with report.step("the server, CoolSite and the API are up"):
            demo = stack.enter_context(boot(options, say=say, output=output))
        story = Story(demo, report.step)
        for part in parts:
            part(story)


def _explain(output: Path, said: list[str]) -> None:
    """What helps to find the cause."""
    print(f"\nWhat CoolSite said last (data in {output.parent}):")
    print(*(f"  {line}" for line in said[-LAST_LINES:]), sep="\n")
    print("What the server said last:")
    with suppress(OSError):
        lines = output.read_text(errors="replace").splitlines()
        print(*(f"  {line}" for line in lines[-LAST_LINES:]), sep="\n")
