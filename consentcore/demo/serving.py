"""Small WSGI servers in threads, on sockets that are bound before anything names their ports."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def bind(host: str, wanted: int, *, listen: bool = True, tries: int = 50) -> socket.socket:
    """Bind ``wanted`` or the next free port after it.

    :param listen: False only reserves the port, for another process that will listen on it.
    :raises OSError: when ``tries`` ports in a row are busy.
    """
    for port in range(wanted, wanted + tries):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
            if listen:
                sock.listen(64)
        except OSError:
            sock.close()
            if port == wanted + tries - 1:
                raise
        else:
            return sock
    raise OSError(f"no free port from {wanted} to {wanted + tries - 1}")


class _Handler(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing: the demo prints its own lines."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Site:
    """A WSGI application that serves from a thread until :meth:`close`."""

    def __init__(self, sock: socket.socket, app: WsgiApp) -> None:
        host, port = sock.getsockname()[:2]
        self._server = _Server((host, port), _Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = sock
        self._server.server_name, self._server.server_port = host, port
        self._server.setup_environ()
        self._server.set_app(app)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def base_url(sock: socket.socket) -> str:
    """``http://127.0.0.1:PORT`` of a bound socket."""
    host, port = sock.getsockname()[:2]
    return f"http://{host}:{port}"
