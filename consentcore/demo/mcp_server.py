"""The energy company's data for AI assistants: an MCP server (streamable HTTP) in front of what the demo API has.

An assistant is a third party like CoolSite. It is told where to ask for a token by the server itself (RFC 9728), the
customer chooses on the same consent page what it sees, and the same "Revoke Access" ends it.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from consentcore.demo.api import SCOPE, SitesOf
from consentcore.demo.serving import base_url
from consentcore.resource import Introspection, ProtectedResource
from consentcore.resource.asgi import AsgiBearerMiddleware

if TYPE_CHECKING:
    from consentcore.resource.asgi import AsgiApp

PATH = "/mcp"
SCOPES = ("sites.read", SCOPE)
_HEADERS = ("WWW-Authenticate", "Mcp-Session-Id", "Mcp-Protocol-Version")


def resource_url(sock: socket.socket) -> str:
    """What tokens for the server have to name, once its socket is bound."""
    return base_url(sock) + PATH


def is_installed() -> bool:
    """Whether the library is there that the server is made with."""
    return find_spec("mcp") is not None


@dataclass(frozen=True)
class DemoMcp:
    """The server. It asks about each token itself, and takes none that was issued for another API.

    :ivar url: where it is, and what tokens have to name.
    :ivar issuer: of the authorization server.
    :ivar client_id: under which the server asks about tokens.
    :ivar say: called with one line for the terminal per call of a tool.
    """

    url: str
    issuer: str
    introspect_url: str
    client_id: str
    client_secret: str
    sites_of: SitesOf
    say: Callable[[str], None]

    def asgi(self) -> AsgiApp:
        """The ASGI application: browsers may call it, and only requests with a good token reach the tools."""
        from starlette.middleware.cors import CORSMiddleware

        from consentcore.demo.mcp_tools import tools

        described = ProtectedResource(
            resource=self.url, authorization_servers=[self.issuer], scopes=SCOPES, name="Room climate (demo)"
        )
        checker = Introspection(
            self.introspect_url,
            self.client_id,
            self.client_secret,
            cache_s=0,  # so that the next call after a revocation shows it
            audience=[self.url],
            require_audience=True,
        )
        # Stateless: no call leans on a token that an earlier one has brought.
        inside = tools(self.sites_of, self.say).streamable_http_app(
            streamable_http_path=PATH, json_response=True, stateless_http=True
        )
        guarded = AsgiBearerMiddleware(inside, checker, scopes=SCOPES, realm="rooms", metadata=described)
        return CORSMiddleware(
            guarded,
            allow_origins=["*"],
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["*", "Authorization"],
            expose_headers=_HEADERS,
        )


class McpSite:
    """An ASGI application that serves from a thread until :meth:`close`."""

    def __init__(self, sock: socket.socket, app: AsgiApp) -> None:
        import uvicorn

        config = uvicorn.Config(
            app, log_level="error", lifespan="on", access_log=False, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._sock = sock
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.should_exit = True
        self._thread.join(5)

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._sock]))
