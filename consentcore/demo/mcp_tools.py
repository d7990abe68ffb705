"""What an AI assistant can do with the demo's MCP server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from consentcore.demo.api import SitesOf, chosen_sites, rooms_at
from consentcore.resource.asgi import token_of

INSTRUCTIONS = """\
Room climate of the sites that a customer of the energy company has chosen for you. A site that is not listed does not
exist for you; the customer can choose others, or end your access, at any time."""

# The library reads annotations where the functions stand, so they name nothing that is local.
AnyContext = Context[Any, Any]


def tools(sites_of: SitesOf, say: Callable[[str], None]) -> MCPServer[Any]:
    """The server with its tools; each looks at the token of its own request.

    :param say: called with one line for the terminal per call of a tool.
    """
    server: MCPServer[Any] = MCPServer("rooms", instructions=INSTRUCTIONS, log_level="ERROR")

    def chosen(context: AnyContext) -> dict[str, str]:
        request: Any = context.request_context.request  # there always is one over HTTP
        return chosen_sites(token_of(request.scope), sites_of)

    @server.tool()
    def list_sites(context: AnyContext) -> list[dict[str, str]]:
        """List the sites that the customer has chosen for you."""
        found = chosen(context)
        say(f"an assistant listed the sites that it may see: {len(found)}")
        return [{"site": one, "name": name} for one, name in found.items()]

    @server.tool()
    def read_room_climate(site: str, context: AnyContext) -> list[dict[str, Any]]:
        """Read temperature, humidity and carbon dioxide in each room of a site, by its id."""
        allowed = site in chosen(context)
        say(f"an assistant asked for the room climate of a site: {'given' if allowed else 'refused'}")
        if not allowed:
            raise ToolError("There is no such site among those that the customer has chosen for you.")
        return rooms_at(site)

    return server
