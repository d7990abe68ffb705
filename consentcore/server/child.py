"""What the supervisor starts: ``python -m consentcore.server.child`` with one JSON argument.

Not for people: the descriptors in the argument are inherited from the supervisor.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from dataclasses import asdict, dataclass
from typing import Any

from consentcore.domain.errors import ConfigurationError
from consentcore.logs import configure
from consentcore.server.options import ServeOptions
from consentcore.server.parent_watch import exit_with_parent

log = logging.getLogger("consentcore.server")

EX_CONFIG = 78


@dataclass(frozen=True)
class Assignment:
    """What one child is to do.

    :param kind: ``web`` or ``worker``.
    :param options: a ``ServeOptions`` as JSON.
    :param parent: process id of the supervisor.
    :param lifeline_fd: see ``parent_watch.exit_with_parent``.
    :param status_fd: one byte is written to it when the child is at work.
    :param listen_fd: the socket of a web process; -1 for a worker.
    """

    kind: str
    options: str
    parent: int
    lifeline_fd: int
    status_fd: int
    listen_fd: int = -1

    def to_json(self) -> str:
        """One line of JSON, the child's only argument."""
        return json.dumps(asdict(self))


def main(argument: str) -> int:
    """Do the assignment; the exit code is 0 after SIGTERM, 78 for bad configuration, 1 for anything else."""
    assignment = Assignment(**json.loads(argument))
    exit_with_parent(assignment.parent, assignment.lifeline_fd)
    # Ctrl-C reaches the whole foreground group; the supervisor decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    options = ServeOptions.from_json(assignment.options)
    configure(options.log_format, options.log_level)
    try:
        (_web if assignment.kind == "web" else _worker)(assignment, options)
    except ConfigurationError as error:
        for problem in error.problems:
            log.error("%s", problem)
        return EX_CONFIG
    except Exception:
        log.exception("the %s process failed", assignment.kind)
        return 1
    return 0


def _web(assignment: Assignment, options: ServeOptions) -> None:
    import socket

    from consentcore.server.direct import Front
    from consentcore.server.environ import Environs
    from consentcore.server.forwarded import Forwarded
    from consentcore.server.granian_host import run_front
    from consentcore.server.slow_requests import SlowLane

    _allow_files(options.max_connections)
    app = _load(options.app)(options.ini)
    slow: frozenset[tuple[str, str]] = getattr(app, "slow", frozenset())
    proxied = options.mode == "proxied"
    if proxied:
        app = Forwarded(app, options.trusted_proxies, options.certificate_header)
    if options.access_log:
        logging.getLogger("consentcore.access").setLevel(logging.INFO)
    with socket.socket(fileno=os.dup(assignment.listen_fd)) as listener:
        address = listener.getsockname()
    environs = Environs(
        (address[0], address[1]),
        multithread=options.threads > 1,
        multiprocess=options.workers > 1,
        forwarding=proxied,
    )
    front = Front(
        app,
        environs,
        max_body_bytes=options.max_body_bytes,
        body_timeout_s=options.body_timeout_s,
        access_log=options.access_log,
        lane=SlowLane(slow, options.threads // 2),
    )
    run_front(front, assignment.listen_fd, options, lambda: _report(assignment))


def _worker(assignment: Assignment, options: ServeOptions) -> None:
    import threading

    run = _load(options.worker)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    _report(assignment)
    run(options.ini, stop)


def _load(target: str) -> Any:
    """The function that ``module:function`` names."""
    import importlib

    module, _, name = target.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise ConfigurationError([f"{target}: expected module:function ({error})"]) from error


def _allow_files(connections: int) -> None:
    """Raise the soft limit of open files so that ``connections`` fit, as far as the hard limit goes."""
    import contextlib
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 512
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _report(assignment: Assignment) -> None:
    os.write(assignment.status_fd, b"+")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
