"""``python -m consentcore.demo.emulator PARENT LIFELINE SOCKET``: DynamoDB on this machine, in memory, until its parent
ends."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from consentcore.demo.serving import Site, WsgiApp
from consentcore.server.parent_watch import exit_with_parent


def one_at_a_time(app: WsgiApp) -> WsgiApp:
    """The same application, which answers one request after the other: moto's transactions are none under threads."""
    turn = threading.Lock()

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with turn:
            return list(app(environ, start_response))

    return call


def main(parent: int, lifeline: int, descriptor: int) -> None:
    """Serve on a socket that the parent listens on."""
    exit_with_parent(parent, lifeline)
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    Site(socket.socket(fileno=descriptor), one_at_a_time(DomainDispatcherApplication(create_backend_app)))
    threading.Event().wait()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
