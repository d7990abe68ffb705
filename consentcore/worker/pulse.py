"""Signs of life of a worker: told to its own probe, and to the web processes beside it."""

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
class Pulse:
    """How a worker's threads are.

    :ivar at: on the monotonic clock, which all processes of a machine share.
    :ivar wanted: how many shall send.
    :ivar alive: how many can.
    :ivar replaced: how many ended or were held, and were replaced, since the start.
    :ivar held: by plugin, how many threads it holds.
    :ivar stopped: plugins that hold so many that they get nothing.
    """

    at: float
    wanted: int
    alive: int
    replaced: int = 0
    held: dict[str, int] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)

    def problems(self, now: float | None = None) -> list[str]:
        """Why nothing is delivered; empty while something is."""
        silent_s = (time.monotonic() if now is None else now) - self.at
        if silent_s > STALE_S:
            return [f"no sign of life of the worker for {silent_s:.0f} s"]
        return [] if self.alive else ["no thread of the worker can send"]

    def remarks(self) -> list[str]:
        """What somebody should look at, although the worker works."""
        found = []
        if self.replaced:
            have = "1 thread has" if self.replaced == 1 else f"{self.replaced} threads have"
            found.append(f"{have} been replaced, having ended or been held by a plugin")
        for name, count in self.held.items():
            threads = "1 thread" if count == 1 else f"{count} threads"
            given = "; it gets nothing until one comes back" if name in self.stopped else ""
            found.append(f"plugin {name} holds {threads}{given}")
        return found


def health(pulse: Pulse | None) -> tuple[bool, str | list[str]]:
    """Whether a worker delivers, and what there is to say about it: ``ok`` or lines; None has only just started."""
    if pulse is None:
        return True, "ok"
    problems = pulse.problems()
    return not problems, [*problems, *pulse.remarks()] or "ok"


class Heart:
    """Where the pulse of this process can be felt.

    :ivar pulse: the last one; None before the first.
    """

    def __init__(self) -> None:
        folder = os.environ.get(FOLDER)
        self._path = Path(folder) / FILE if folder else None
        self._written = 0.0
        self.pulse: Pulse | None = None

    def beat(self, pulse: Pulse) -> None:
        """Note a pulse; written for other processes now and then, and when something has changed."""
        before, self.pulse = self.pulse, pulse
        same = before is not None and replace(before, at=pulse.at) == pulse
        if self._path is None or (same and pulse.at - self._written < EVERY_S):
            return
        self._written = pulse.at
        part = self._path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):  # a full disk must not end the worker
            part.write_text(json.dumps(asdict(pulse)))
            part.replace(self._path)


def beside() -> Pulse | None:
    """The last pulse of the worker beside this web process; None when none has been felt."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return None
    try:
        facts: dict[str, Any] = json.loads((Path(folder) / FILE).read_text())
        return Pulse(**facts)
    except (OSError, ValueError, TypeError):
        return None
