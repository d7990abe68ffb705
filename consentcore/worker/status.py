"""How a worker is: told to its own probe, and to the web processes beside it."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from consentcore.metrics import FOLDER

FILE = "worker.json"
STALE_S = 60.0
"""A worker looks after its threads many times a minute; one that is silent for so long does nothing any more."""

EVERY_S = 2.0


@dataclass(frozen=True)
class WorkerStatus:
    """How a worker's threads are.

    :ivar at: on the monotonic clock, which all processes of a machine share.
    :ivar wanted: how many shall send.
    :ivar alive: how many can.
    :ivar replaced: how many ended or were held, and were replaced, since the start.
    :ivar held: by plugin, how many threads it holds.
    :ivar stopped: plugins that hold so many that they get nothing.
    :ivar evidence: why the ledger is not signed; "" while it is.
    """

    at: float
    wanted: int
    alive: int
    replaced: int = 0
    held: dict[str, int] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    evidence: str = ""

    def problems(self, now: float | None = None) -> list[str]:
        """Why nothing is delivered; empty while something is."""
        silent_s = (time.monotonic() if now is None else now) - self.at
        if silent_s > STALE_S:
            return [f"no sign of life of the worker for {silent_s:.0f} s"]
        return [] if self.alive else ["no thread of the worker can send"]

    def remarks(self) -> list[str]:
        """What somebody should look at, although the worker works."""
        found = [f"the ledger is not signed: {self.evidence}"] if self.evidence else []
        if self.replaced:
            have = "1 thread has" if self.replaced == 1 else f"{self.replaced} threads have"
            found.append(f"{have} been replaced, having ended or been held by a plugin")
        for name, count in self.held.items():
            threads = "1 thread" if count == 1 else f"{count} threads"
            given = "; it gets nothing until one comes back" if name in self.stopped else ""
            found.append(f"plugin {name} holds {threads}{given}")
        return found


def health(status: WorkerStatus | None) -> tuple[bool, str | list[str]]:
    """Whether a worker delivers, and what there is to say about it: ``ok`` or lines; None has only just started."""
    if status is None:
        return True, "ok"
    problems = status.problems()
    return not problems, [*problems, *status.remarks()] or "ok"


class StatusReporter:
    """Tells how this process's worker is, to whoever asks here and to the web processes beside it.

    :ivar last: what was told last; None before the first time.
    """

    def __init__(self) -> None:
        folder = os.environ.get(FOLDER)
        self._path = Path(folder) / FILE if folder else None
        self._written = 0.0
        self.last: WorkerStatus | None = None

    def report(self, status: WorkerStatus) -> None:
        """Tell; written for other processes now and then, and when something has changed."""
        before, self.last = self.last, status
        same = before is not None and replace(before, at=status.at) == status
        if self._path is None or (same and status.at - self._written < EVERY_S):
            return
        self._written = status.at
        part = self._path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):  # a full disk must not end the worker
            part.write_text(json.dumps(asdict(status)))
            part.replace(self._path)


def read_status() -> WorkerStatus | None:
    """What the worker beside this web process told last; None when it told nothing."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return None
    try:
        facts: dict[str, Any] = json.loads((Path(folder) / FILE).read_text())
        return WorkerStatus(**facts)
    except (OSError, ValueError, TypeError):
        return None
