"""Running things at the same time in processes of their own, and ending one in the middle of its work."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

from consentcore.api import Storage

PATIENCE_S = 300.0
"""Until a process counts as stuck: a busy machine may take its time to start one."""
Opener = Callable[[], Storage]
"""Opens the storage anew. Another process imports it by its name: a function of a module, or a
:func:`functools.partial` of one, such as ``partial(open_at, url)``."""
Task = Callable[..., Any]
"""What a process does: a function of a module, given the storage and an argument."""


def in_processes(opener: Opener, task: Task, arguments: Sequence[object]) -> list[Any]:
    """Run ``task(storage, argument)`` for each argument in a process of its own, all at the same moment.

    :returns: what they return, in the order of the arguments.
    :raises AssertionError: when one fails, with what it raised, or says nothing for a minute.
    """
    context = _context(opener)
    pipes = [context.Pipe() for _ in arguments]
    running = [
        context.Process(target=_work, args=(theirs, opener, task, argument), daemon=True)
        for (_, theirs), argument in zip(pipes, arguments, strict=True)
    ]
    try:
        for process in running:
            process.start()
        ours = [mine for mine, _ in pipes]
        for pipe in ours:  # each has opened the storage: now all may begin
            assert _said(pipe) == ("ready", None)
        for pipe in ours:
            pipe.send("go")
        answers = [_said(pipe) for pipe in ours]
    finally:
        for process in running:
            if process.is_alive():
                process.join(PATIENCE_S if process.exitcode is None else 0)
            if process.is_alive():
                process.kill()
    assert [text for word, text in answers if word == "failed"] == []
    return [answer for _, answer in answers]


def killed_in(opener: Opener, task: Task, argument: object) -> None:
    """Run ``task(storage, argument)`` in a process that is to kill itself in it, see :func:`die`."""
    context = _context(opener)
    process = context.Process(target=_doomed, args=(opener, task, argument), daemon=True)
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode == -signal.SIGKILL, f"the process ended with {process.exitcode}"


def _context(opener: Opener) -> Any:
    """Processes that share nothing with this one, from a server that has the modules of storage and kit already."""
    context = multiprocessing.get_context("forkserver")
    opens = getattr(opener, "func", opener)
    context.set_forkserver_preload([__name__, "consentcore.testing.storage.processes", opens.__module__])
    return context


def die() -> None:
    """End this process at once, as a machine that fails does: nothing is closed, nothing is said."""
    os.kill(os.getpid(), signal.SIGKILL)


def _said(pipe: Connection) -> Any:
    assert pipe.poll(PATIENCE_S), "a process says nothing: it hangs, or it could not be started"
    return pipe.recv()


def _work(pipe: Connection, opener: Opener, task: Task, argument: object) -> None:
    try:
        storage = opener()
        pipe.send(("ready", None))
        pipe.recv()
        pipe.send(("done", task(storage, argument)))
        storage.close()
    except Exception as error:  # noqa: BLE001 - told to the test's own process
        pipe.send(("failed", f"{type(error).__name__}: {error}"))


def _doomed(opener: Opener, task: Task, argument: object) -> None:
    task(opener(), argument)
