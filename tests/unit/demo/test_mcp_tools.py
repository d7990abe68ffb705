"""What an assistant gets: what the customer chose, and where nothing was chosen, nothing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from consentcore.demo.mcp_tools import tools
from consentcore.resource import Token
from consentcore.resource.wsgi import TOKEN
from tests.support.loops import run

SAID = []
SITES = {"fr-lyon-office": "Lyon office", "fr-lyon-warehouse": "Lyon warehouse"}


def sites_of(client_id, subject):
    return SITES if (client_id, subject) == ("assistant", "ada") else {}


def call(name, subject="ada", resources=None, **arguments):
    """Let a tool answer a request with a token that carries this choice."""
    claims = {"client_id": "assistant", "sub": subject}
    token = Token(claims if resources is None else {**claims, "resources": resources})
    request = SimpleNamespace(scope={TOKEN: token})
    context = Context(request_context=SimpleNamespace(request=request))
    found = run(lambda: tools(sites_of, SAID.append).call_tool(name, arguments, context))
    return found.structured_content["result"]


def chosen(*identifiers):
    return [{"type": "site", "identifiers": list(identifiers)}]


def test_assistant_sees_what_the_customer_has_chosen():
    listed = call("list_sites", resources=chosen("fr-lyon-office"))
    assert listed == [{"site": "fr-lyon-office", "name": "Lyon office"}]
    [first, _] = call("read_room_climate", resources=chosen("fr-lyon-office"), site="fr-lyon-office")
    assert first["room"] == "Meeting room 2"


def test_everything_is_everything_of_this_customer():
    assert [one["site"] for one in call("list_sites", resources=chosen("*"))] == list(SITES)
    assert call("list_sites", subject="grace", resources=chosen("*")) == []


@pytest.mark.parametrize("none", [None, [], chosen(), [{"type": "meter", "identifiers": ["*"]}]])
def test_absence_never_means_permission(none):
    assert call("list_sites", resources=none) == []
    with pytest.raises(ToolError, match="no such site"):
        call("read_room_climate", resources=none, site="fr-lyon-office")


@pytest.mark.parametrize("site", ["fr-lyon-warehouse", "fr-paris-tower", "*", ""])
def test_site_that_was_not_chosen_is_answered_as_one_that_does_not_exist(site):
    with pytest.raises(ToolError, match="no such site"):
        call("read_room_climate", resources=chosen("fr-lyon-office"), site=site)


def test_what_an_assistant_does_is_told_without_naming_anything():
    SAID.clear()
    call("list_sites", resources=chosen("*"))
    with pytest.raises(ToolError):
        call("read_room_climate", resources=chosen(), site="\x1b[31mfr-lyon-office")
    assert SAID == [
        "an assistant listed the sites that it may see: 2",
        "an assistant asked for the room climate of a site: refused",
    ]
