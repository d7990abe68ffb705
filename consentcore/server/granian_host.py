"""Runs a ``Front`` on granian's HTTP engine, inside one web process.

granian's Python layer binds sockets, forks and drives an event loop; here the supervisor does the first two
and the third is not needed, so the engine underneath is used directly. Its request interface (ASGI) is
public; how a worker is built is not, hence the narrow version range in setup.cfg and the message in
``_engine``.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from consentcore.domain.errors import ConfigurationError
from consentcore.server import accepting
from consentcore.server.direct import Front
from consentcore.server.options import ServeOptions

_TICK_S = 0.5
_LOOK_S = 0.1
_LAST_ANSWERS_S = 1.0
_DRAIN_BODIES_S = 2.0
_QUIET_TICKS = 4
_MAX_HEAD_BYTES = 64 * 1024


class _NoLoop:
    """Stands where granian expects an event loop: what is ready runs at once, in granian's thread."""

    def call_soon(self, callback: Callable[[Any], object], future: object, *, context: object = None) -> None:
        del context
        callback(future)

    call_soon_threadsafe = call_soon


def run_front(front: Front, listen_fd: int, options: ServeOptions, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM, then answer what is in flight and return.

    Must be called in the main thread. How long draining may take is the supervisor's business; a connection
    on which no request is in flight does not hold it up for longer than a proxy keeps one.

    :param listen_fd: a bound socket, on which nobody listens before; it is closed in this process when draining ends.
    :param ready: called once, when connections are being accepted.
    :raises ConfigurationError: when the installed granian is not one that this module knows.
    """
    stopping = threading.Event()
    drained = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    with socket.socket(fileno=os.dup(listen_fd)) as bound:
        port = bound.getsockname()[1]
    accepting.begin(listen_fd)
    stop = _start(front, listen_fd, options, drained)
    ready()
    while not stopping.wait(_TICK_S):
        front.expire(time.monotonic())
    front.leaving = True
    if options.mode == "proxied":
        _serve_on(front, port, options.lingering_s)
    else:
        _see_off(front, port, options.lingering_s)
    accepting.end(listen_fd, alone=options.workers == 1, tick=lambda: front.expire(time.monotonic()))
    _wait_for(lambda: not accepting.connections(port), front, _LAST_ANSWERS_S)
    stop()
    _drain(front, drained)


def _serve_on(front: Front, port: int, for_s: float) -> None:
    """Behind a proxy: go on taking connections, each for one request, for a while or until nobody comes any more.

    A proxy sends the next request on a connection that it has kept, and one that may not be sent twice is lost when
    we close that connection at the same moment. And it leaves out for a while, nginx for 10 s, whom it has found
    closed: a node that has just been started again may get nothing yet when the next one is restarted.
    """

    def nobody_comes() -> bool:
        return time.monotonic() - front.last_taken > for_s and not accepting.connections(port)

    _wait_for(nobody_comes, front, for_s)


def _see_off(front: Front, port: int, longest_s: float) -> None:
    """Without one: give who sends one request after the other the time to see that this connection ends."""
    before = accepting.connections(port)
    _wait_for(lambda: not before & accepting.connections(port), front, longest_s)


def _wait_for(done: Callable[[], bool], front: Front, longest_s: float) -> None:
    deadline = time.monotonic() + longest_s
    while not done() and time.monotonic() < deadline:
        front.expire(time.monotonic())
        time.sleep(_LOOK_S)


def _drain(front: Front, drained: threading.Event) -> None:
    started = time.monotonic()
    quiet = 0
    while not drained.wait(_TICK_S) and quiet < _QUIET_TICKS:
        late = time.monotonic() - started > _DRAIN_BODIES_S
        front.expire(float("inf") if late else time.monotonic())
        # Connections that send nothing would keep the engine waiting for their head.
        quiet = quiet + 1 if front.idle else 0


def _start(
    front: Front, listen_fd: int, options: ServeOptions, drained: threading.Event
) -> Callable[[], None]:
    """Start the engine; the returned function makes it stop accepting and, once empty, set ``drained``."""
    engine, http1, holder, shutdown, scheduler = _engine()
    loop = _NoLoop()
    entry = scheduler(loop, None, None, None, None)
    # What the engine calls with each request, in one of its threads.
    entry._schedule_fn = lambda request: front.take(request.scope, request.proto)  # noqa: SLF001
    worker = engine(
        worker_id=1,
        sock=(None, holder(listen_fd)),
        ipc=None,
        py_threads=options.threads,
        backpressure=options.max_connections,
        http_mode="1",
        http1_opts=http1(
            header_read_timeout=int(options.header_timeout_s * 1000),
            max_buffer_size=_MAX_HEAD_BYTES,
        ),
        websockets_enabled=False,
    )
    shutdown.add_cb(drained.set)
    worker.serve_str(entry, loop, shutdown)
    return shutdown.set


def _engine() -> tuple[Any, Any, Callable[[int], Any], Any, Any]:
    """The parts of granian: worker class, HTTP/1 settings, socket wrapper, stop signal, scheduler class."""
    try:
        from granian import _granian as native
        from granian.http import HTTP1Settings

        def holder(fd: int) -> Any:
            per_platform = (accepting.BACKLOG,) if sys.platform in {"linux", "freebsd"} else ()
            wrap: Any = native.SocketHolder
            return wrap(fd, False, *per_platform)

        return native.ASGIWorker, HTTP1Settings, holder, native.WorkerSignal(), native.CallbackScheduler
    except (ImportError, AttributeError, TypeError) as error:
        raise ConfigurationError([f"granian: expected a release 2.8.x ({error})"]) from error
