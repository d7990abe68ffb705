"""``consentcore serve``: starts the web processes and the embedded worker, keeps them alive, ends them."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from consentcore.logs import configure
from consentcore.metrics import FOLDER
from consentcore.server.child import EX_CONFIG, Assignment
from consentcore.server.listeners import CannotListen, Listeners
from consentcore.server.options import ServeOptions

log = logging.getLogger("consentcore.server")

_FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 15.0
_STEADY_S = 30.0
# glibc gives every thread a heap of its own otherwise, and keeps in each the 19 MiB of a password check: a web
# process that needs 85 MB grew to 145.
_ALLOCATION = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": str(1 << 20)}
ALWAYS = logging.CRITICAL + 1
_END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def become(options: ServeOptions) -> NoReturn:
    """Go on as a process that serves and knows nothing else: what reading and checking a configuration has loaded, some
    55 MB, would be kept for as long as the server runs. Where other threads are at work here, which would end, it stays
    as it is."""
    if threading.active_count() > 1:
        sys.exit(serve(options))
    sys.stdout.flush()
    sys.stderr.flush()
    arguments = [sys.executable, "-P", "-m", "consentcore.server.supervisor", options.to_json()]
    os.execv(sys.executable, arguments)  # noqa: S606 - this very program


def serve(options: ServeOptions) -> int:
    """Serve until SIGTERM or SIGINT. Must be called in the main thread.

    Prints ``listening on http://HOST:PORT`` on stderr when every web process accepts connections. The first
    signal ends accepting, behind a proxy after ``options.linger_s``, and lets requests in flight finish for
    ``options.drain_s`` seconds; a second one ends at once. A child that dies is started again, after a delay that
    doubles while it keeps dying.

    :returns: the exit code: 0 after an orderly end, 1 when the address cannot be used or a child fails during
        start, 78 when that is for bad configuration, 128 + signal number when a second signal cut it short.
    """
    configure(options.log_format, options.log_level)
    voice = _Voice(bare=options.log_format == "text")
    try:
        listeners = Listeners(options.host, options.port, options.workers)
    except CannotListen as error:
        voice.say(logging.ERROR, str(error))
        return 1
    with contextlib.closing(listeners), _Bell() as bell:
        return _Supervisor(options, listeners, bell, voice).run()


@dataclass(eq=False)
class _Child:
    """A place for a process, whichever process has it at the time."""

    name: str
    kind: str
    index: int
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restart_at: float = 0.0
    delay: float = 0.0


class _Bell:
    """Signals and the children's reports as something that can be waited for."""

    def __init__(self) -> None:
        self.signals: list[int] = []
        self._wake_read, self._wake_write = os.pipe()
        self.status_read, self.status_write = os.pipe()
        for fd in (self._wake_read, self._wake_write):
            os.set_blocking(fd, False)

    def __enter__(self) -> _Bell:
        self._old_fd = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        handlers: dict[int, Callable[..., None]] = dict.fromkeys(_END_SIGNALS, self._ring)
        if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
            del handlers[signal.SIGHUP]  # started by nohup
        handlers[signal.SIGCHLD] = lambda *_: None  # only to wake the supervisor
        self._old = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_fd)
        for fd in (self._wake_read, self._wake_write, self.status_read, self.status_write):
            os.close(fd)

    def _ring(self, number: int, _frame: object) -> None:
        self.signals.append(number)

    def wait(self, seconds: float) -> int:
        """Wait for something to happen, at most ``seconds``; how many children have reported."""
        readable, _, _ = select.select([self._wake_read, self.status_read], [], [], max(0.0, seconds))
        if self._wake_read in readable:
            os.read(self._wake_read, 4096)
        return len(os.read(self.status_read, 4096)) if self.status_read in readable else 0


class _Supervisor:
    def __init__(self, options: ServeOptions, listeners: Listeners, bell: _Bell, voice: _Voice) -> None:
        self._options = options
        self._listeners = listeners
        self._bell = bell
        self._say = voice.say
        # Never written to: its end tells the children that this process is gone.
        self._lifeline_read, self._lifeline_write = os.pipe()
        self._children = [_Child(f"web process {n + 1}", "web", n) for n in range(options.workers)]
        if options.embedded_worker:
            self._children.append(_Child("worker process", "worker", -1))
        self._missing = len(self._children)
        self._announced = False
        self._failure = 0
        self._numbers = ""

    def run(self) -> int:
        try:
            self._numbers = tempfile.mkdtemp(prefix="consentcore-", dir=_in_memory())
            for child in self._children:
                self._start(child)
            while not self._bell.signals and not self._failure:
                self._missing -= self._bell.wait(self._next_restart())
                self._announce()
                self._tend()
            return self._end()
        finally:
            self._kill()
            shutil.rmtree(self._numbers, ignore_errors=True)
            os.close(self._lifeline_read)
            os.close(self._lifeline_write)

    def _start(self, child: _Child) -> None:
        web = child.kind == "web"
        assignment = Assignment(
            kind=child.kind,
            options=self._options.to_json(),
            parent=os.getpid(),
            lifeline_fd=self._lifeline_read,
            status_fd=self._bell.status_write,
            listen_fd=self._listeners.fd(child.index) if web else -1,
        )
        inherited = [assignment.lifeline_fd, assignment.status_fd, *([assignment.listen_fd] if web else [])]
        child.started = time.monotonic()
        child.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "consentcore.server.child", assignment.to_json()],
            stdin=subprocess.DEVNULL,
            pass_fds=inherited,
            env={**_ALLOCATION, FOLDER: self._numbers, **os.environ},
        )

    def _announce(self) -> None:
        if not self._announced and self._missing <= 0:
            self._announced = True
            # Whatever the level is: scripts wait for it.
            self._say(ALWAYS, f"listening on {self._listeners.url}")

    def _tend(self) -> None:
        """Note which children died, and start those again whose time has come."""
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._died(child, child.process.returncode, now)
            if child.process is None and child.restart_at <= now and not self._failure:
                self._start(child)

    def _died(self, child: _Child, code: int, now: float) -> None:
        child.process = None
        if not self._announced:
            # A server that cannot start says so and ends, instead of trying for ever.
            self._failure = EX_CONFIG if code == EX_CONFIG else 1
            self._say(logging.ERROR, f"{child.name} could not start ({_cause(code)})")
            return
        steady = now - child.started > _STEADY_S
        child.delay = _FIRST_DELAY_S if steady or not child.delay else min(child.delay * 2, _LONGEST_DELAY_S)
        child.restart_at = now + child.delay
        if child.kind == "web" and child.delay > _FIRST_DELAY_S:
            self._listeners.drop(child.index)
        again = f"starting it again in {child.delay:g} s"
        self._say(logging.WARNING, f"{child.name} ended ({_cause(code)}); {again}")

    def _next_restart(self) -> float:
        waiting = [child.restart_at for child in self._children if child.process is None]
        return min(waiting) - time.monotonic() if waiting else 3600.0

    def _end(self) -> int:
        """Let the children finish, kill those that do not; the exit code."""
        self._listeners.close()
        for process in self._alive():
            process.terminate()
        given = self._options.lingering_s + self._options.drain_s if not self._failure else 1.0
        deadline = time.monotonic() + given
        signals = len(self._bell.signals)
        while any(self._alive()):
            if len(self._bell.signals) > max(signals, 1):
                return 128 + self._bell.signals[-1]
            left = deadline - time.monotonic()
            if left <= 0:
                self._say(logging.WARNING, f"not finished after {self._options.drain_s:g} s, ending anyway")
                break
            self._bell.wait(left)
        return self._failure

    def _alive(self) -> Iterator[subprocess.Popen[bytes]]:
        for child in self._children:
            if child.process is not None and child.process.poll() is None:
                yield child.process

    def _kill(self) -> None:
        for process in self._alive():
            process.kill()
        for child in self._children:
            if child.process is not None:
                child.process.wait()


def _in_memory() -> str | None:
    """A folder that is memory: what the processes count must not wait for a disk, nor fail when it is full."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None  # noqa: S108 - a new folder in it


def _cause(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


class _Voice:
    """What the supervisor has to say: bare lines between those of its children, or lines like all others.

    :param bare: without time and level.
    """

    def __init__(self, *, bare: bool) -> None:
        self._bare = bare

    def say(self, level: int, text: str) -> None:
        """Say it, if the level of the log lets it through; ``ALWAYS`` does."""
        shown = logging.INFO if level == ALWAYS else level
        if level != ALWAYS and not log.isEnabledFor(level):
            return
        # A log that cannot be written, on a full disk, is no reason to end.
        with contextlib.suppress(OSError):
            if self._bare:
                print(text, file=sys.__stderr__, flush=True)
            else:
                log.handle(log.makeRecord(log.name, shown, __file__, 0, text, (), None))


if __name__ == "__main__":
    sys.exit(serve(ServeOptions.from_json(sys.argv[1])))
