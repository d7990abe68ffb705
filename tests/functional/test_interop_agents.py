"""AI assistants with the official MCP libraries, against the demo: the whole way from an address to data, and back."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from mcp.client.auth import OAuthFlowError
from mcp.client.auth.utils import build_oauth_authorization_server_metadata_discovery_urls
from mcp.shared.auth import OAuthClientInformationFull

from consentcore.clients.form import ClientForm
from consentcore.demo.boot import DemoOptions, boot
from tests.support.certificates import make_certificate
from tests.support.mcp_agent import CHOSEN, NOT_CHOSEN, Kept, Person, PythonAgent, node_agent
from tests.support.patience import PATIENCE_S
from tests.support.platform import ISSUER, make_platform
from tests.support.sinks import Answer, http_sink

pytestmark = pytest.mark.slow

SCOPES = {"sites.read", "comfort.read"}
NAME = "Assistant"
TOOLS = {"list_sites", "read_room_climate"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Of the host where an assistant's makers describe it."""
    return make_certificate(tmp_path_factory.mktemp("makers"), "localhost")


@pytest.fixture(scope="module")
def demo(tmp_path_factory, certificate):
    folder = tmp_path_factory.mktemp("agents")
    more = "consentcore.registration.documents = localhost"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OAUTHLIB_INSECURE_TRANSPORT", "NO_PROXY", "no_proxy"):
            patch.setenv(name, "1")  # what a demo in this process sets is not left to other tests
        patch.setenv("SSL_CERT_FILE", str(certificate.path))
        options = DemoOptions(folder, port=0, extra_ini=more)
        with boot(options, say=lambda _line: None, output=folder / "said") as made:
            yield made


@pytest.fixture(scope="module")
def document_url(certificate, callback):
    """Where a document describes an assistant: its client id (Client ID Metadata Documents)."""
    with http_sink(certificate.server) as sink:
        url = sink.url("/assistant.json", "https", "localhost")
        said = {
            "client_id": url,
            "client_name": NAME,
            "redirect_uris": [callback],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        }
        sink.answer = Answer(200, {"Content-Type": "application/json"}, json.dumps(said).encode())
        yield url


@pytest.fixture(scope="module")
def callback():
    with http_sink() as sink:
        sink.answer = Answer(204)
        yield sink.url("/callback")


def registered(demo, callback):
    """An assistant that the operator has registered: a public client, for this API only."""
    new = demo.runtime.clients.prepare(
        ClientForm(
            name=NAME,
            redirect_uris=(callback,),
            scopes=(*SCOPES, "offline_access"),
            auth_method="none",
            audiences=(demo.mcp_url,),
        )
    )
    with demo.runtime.storage.transaction() as uow:
        demo.runtime.clients.add(uow, new)
    return new.client.client_id


def what_was_asked(asked):
    """Method, path and status."""
    return [(method, urlsplit(url).path, status) for method, url, status in asked]


def the_way_in(demo, asked):
    """From an address alone to a token, each step told by the one before (RFC 9728, RFC 8414)."""
    prefix = demo.coolsite.prefix
    first = what_was_asked(asked)
    at = [
        first.index(step)
        for step in (
            ("POST", "/mcp", 401),
            ("GET", "/.well-known/oauth-protected-resource/mcp", 200),
            ("GET", "/.well-known/oauth-authorization-server", 200),
            ("POST", f"{prefix}/token", 200),
            ("POST", "/mcp", 200),
        )
    ]
    assert at == sorted(at), first
    assert not [step for step in first if step[2] >= 500]


def the_request_is_sound(demo, url, client_id):
    """What the person is sent to the consent page with."""
    given = parse_qs(urlsplit(url).query)
    assert given["client_id"] == [client_id]
    assert given["resource"] == [demo.mcp_url]
    assert given["code_challenge_method"] == ["S256"]
    assert set(given["scope"][0].split()) - {"offline_access"} == SCOPES


def the_call_was_refused(asked):
    """The first thing that happens after the consent was taken back."""
    assert what_was_asked(asked)[0] == ("POST", "/mcp", 401)


def texts(result):
    return "".join(part.text for part in result.content)


@dataclass(frozen=True)
class Known:
    """How an assistant comes to be known here.

    :ivar client_id: from the operator; "" for one that nobody has heard of.
    :ivar document: the address of the document that describes it.
    :ivar said: what the person is told about it on the consent page; "" for nothing.
    """

    client_id: str = ""
    document: str = ""
    said: str = ""

    def holds(self, demo, asked, ada, client_id):
        """Who was not known has said who it is, and the person was told what that is worth."""
        was_asked = ("POST", f"{demo.coolsite.prefix}/register", 201) in what_was_asked(asked)
        assert was_asked == (not self.client_id and not self.document)
        assert not self.client_id or client_id == self.client_id
        assert not self.document or client_id == self.document
        assert self.said in ada.pages[0]
        assert ("chose that name itself" in ada.pages[0]) == bool(self.said)


@pytest.fixture
def ada(demo):
    return Person(demo)


@pytest.fixture(params=["by the operator", "by registering itself", "by a document"])
def known(request, demo, callback):
    if request.param == "by the operator":
        return Known(client_id=registered(demo, callback))
    if request.param == "by registering itself":
        return Known(said=f"{NAME} has registered itself here")
    url = request.getfixturevalue("document_url")
    return Known(document=url, said=f"{NAME} describes itself at localhost")


def test_python_library_goes_the_whole_way(demo, callback, ada, known):
    client = known.client_id and OAuthClientInformationFull(
        client_id=known.client_id, redirect_uris=[callback]
    )
    agent = PythonAgent(demo.mcp_url, callback, ada, Kept(client or None), known.document or None)
    way_in = []

    async def story(client, provider):
        way_in.extend(agent.asked)
        assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
        assert CHOSEN in texts(await client.call_tool("list_sites"))
        rooms = await client.call_tool("read_room_climate", {"site": CHOSEN})
        assert "Meeting room 2" in texts(rooms)
        others = await client.call_tool("read_room_climate", {"site": NOT_CHOSEN})
        assert others.is_error
        assert "Loading bay" not in texts(others)

        before = agent.kept.tokens
        provider.context.token_expiry_time = 1.0
        assert not (await client.call_tool("list_sites")).is_error
        assert agent.kept.tokens.access_token != before.access_token
        assert len(agent.sent) == 1, "nobody was asked again"

        await asyncio.to_thread(ada.revoke, NAME)
        agent.asked.clear()
        agent.button = "Deny"
        await client.call_tool("list_sites")
        pytest.fail("the call was answered")

    with pytest.raises(ExceptionGroup) as caught:
        agent.talk(story)
    assert caught.group_contains(OAuthFlowError, match="access_denied"), caught.value
    the_way_in(demo, way_in)
    the_request_is_sound(demo, agent.sent[0], agent.kept.client.client_id)
    known.holds(demo, way_in, ada, agent.kept.client.client_id)
    the_call_was_refused(agent.asked)
    assert len(agent.sent) == 2, "she is asked anew, and it is for her to decide"
    assert agent.kept.tokens.access_token not in str(agent.sent)


def test_node_library_goes_the_whole_way(demo, callback, ada, known):
    settings = {"redirect_uri": callback, "client_metadata_url": known.document or None}
    if known.client_id:
        settings["client"] = {"client_id": known.client_id}
    said = node_agent(demo, settings, ada, NAME)
    assert said["stopped"] == "UnauthorizedError"
    the_way_in(demo, said["asked"])
    known.holds(demo, said["asked"], ada, said["client"]["client_id"])
    assert set(said["tools"]) == TOOLS
    assert CHOSEN in said["sites"]["content"][0]["text"]
    assert "Meeting room 2" in said["rooms"]["content"][0]["text"]
    assert said["others"]["isError"] is True
    assert "Loading bay" not in str(said["others"])
    assert said["later"] == said["sites"]
    assert said["refreshed"]["access_token"] not in {said["tokens"]["access_token"], "ended"}
    # After Revoke Access: refused, the refresh too, and the person is to be asked anew.
    assert said["refused"] == "UnauthorizedError"
    the_call_was_refused(said["asked_then"])
    assert ("POST", f"{demo.coolsite.prefix}/token", 400) in what_was_asked(said["asked_then"])
    the_request_is_sound(demo, said["sent_to"], said["client"]["client_id"])
    assert said["kept"] is None


def test_what_was_taken_away_is_asked_for_again(demo, callback, ada):
    """403 with the scopes that are needed; the library then asks for those, and it is for the owner to say yes."""
    agent = PythonAgent(demo.mcp_url, callback, ada)

    async def story(client, _provider):
        assert not (await client.call_tool("list_sites")).is_error
        await asyncio.to_thread(ada.take_away, "comfort.read")
        agent.asked.clear()
        assert not (await client.call_tool("list_sites")).is_error
        await asyncio.to_thread(ada.revoke, NAME)

    agent.talk(story)
    assert what_was_asked(agent.asked)[0] == ("POST", "/mcp", 403)
    assert len(agent.sent) == 2
    the_request_is_sound(demo, agent.sent[1], agent.kept.client.client_id)


@pytest.mark.parametrize("mount", ["", "/tenant"])
def test_metadata_is_where_the_libraries_look(tmp_path, mount):
    """RFC 8414 section 3.1, for issuers with a path too; what they try after that is a plain 404."""
    platform = make_platform(tmp_path, issuer=f"{ISSUER}{mount}")
    urls = build_oauth_authorization_server_metadata_discovery_urls(platform.runtime.settings.issuer, "")
    first, *others = [url.removeprefix(ISSUER) for url in urls]
    assert platform.browser().get(first).json["issuer"] == f"{ISSUER}{mount}"
    assert others
    for path in others:
        assert platform.browser().get(path, expect_errors=True).status_int == 404
    platform.runtime.close()


def test_token_for_another_api_opens_nothing(demo):
    """The authorization text of MCP: a server takes tokens that were issued for it, and no others."""
    ada = Person(demo)
    ada.browser.open(f"{demo.coolsite.own_url}/")
    ada.decide(ada.browser.press("Connect my buildings").url)
    [visitor] = [one for one in demo.coolsite.visitors.values() if one.tokens]
    bearing = {"Authorization": f"Bearer {visitor.tokens['access_token']}"}
    assert requests.get(f"{demo.coolsite.api_url}/rooms", headers=bearing, timeout=PATIENCE_S).ok
    answer = requests.post(demo.mcp_url, json={}, headers=bearing, timeout=PATIENCE_S)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    ada.revoke("CoolSite")


def test_assistant_in_a_browser_may_take_every_step(demo):
    """Preflights name the headers that the library for Node.js sends from a web page (Fetch standard, section 3.2)."""
    origin = "https://assistant.example"
    endpoint = f"{demo.issuer}{demo.coolsite.prefix}"
    described = demo.mcp_url.replace("/mcp", "/.well-known/oauth-protected-resource/mcp")
    for url, method in (
        (demo.mcp_url, "POST"),
        (described, "GET"),
        (f"{demo.issuer}/.well-known/oauth-authorization-server", "GET"),
        (f"{endpoint}/register", "POST"),
        (f"{endpoint}/token", "POST"),
    ):
        asks = {
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type,mcp-protocol-version",
        }
        allowed = requests.options(url, headers=asks, timeout=PATIENCE_S).headers
        assert allowed["Access-Control-Allow-Origin"] in {"*", origin}, url
        assert method in allowed["Access-Control-Allow-Methods"], url
        headers = {one.strip().lower() for one in allowed["Access-Control-Allow-Headers"].split(",")}
        assert {"authorization", "content-type"} <= headers, url
        assert headers & {"*", "mcp-protocol-version"}, url
    refused = requests.post(demo.mcp_url, json={}, headers={"Origin": origin}, timeout=PATIENCE_S)
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] in {"*", origin}
    assert "WWW-Authenticate" in refused.headers["Access-Control-Expose-Headers"]
