"""Requirements 1 to 24 of the security checklist: authorization endpoint and PKCE, by number."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

import pytest

from consentcore.api import AuthMethod, ClientKind
from consentcore.oauth.messages import PageError, Pending, Redirect

URI = "https://app.example/callback"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

VARIANTS = [
    f"{URI}/",
    f"{URI}//",
    f"{URI}?",
    f"{URI}?x=1",
    f"{URI}#",
    f"{URI}#frag",
    f"{URI};p=1",
    f"{URI}%00",
    f"{URI}%0d%0aX:1",
    f"{URI}\r\nX: 1",
    f"{URI}\x00",
    f" {URI}",
    f"{URI} ",
    f"{URI}.evil.example",
    f"{URI}/../callback",
    f"{URI}/.",
    f"{URI}%2f",
    "https://app.example/CALLBACK",
    "https://app.example/%63allback",
    "https://app.example/c%61llback",
    "https://app.example//callback",
    "https://app.example/./callback",
    "https://app.example/x/../callback",
    "https://app.example",
    "https://app.example/",
    "https://app.example/callbac",
    "https://app.example/callback2",
    "HTTPS://app.example/callback",
    "https://APP.example/callback",
    "https://app.example./callback",
    "https://app.example:443/callback",
    "https://app.example:8443/callback",
    "https://app.example:/callback",
    "https://user@app.example/callback",
    "https://app.example@evil.example/callback",
    "https://app.example:80@evil.example/callback",
    "https://app.example%40evil.example/callback",
    "https://app.example\\@evil.example/callback",
    "https://app.example\\callback",
    "https:\\\\app.example\\callback",
    "https://evil.example/callback",
    "https://evil.example/?https://app.example/callback",
    "https://evil.example#https://app.example/callback",
    "https://sub.app.example/callback",
    "https://app.example.evil.example/callback",
    "https://xapp.example/callback",
    "https://app-example/callback",
    "https://аpp.example/callback",
    "https://app.example／callback",
    "http://app.example/callback",
    "//app.example/callback",
    "/callback",
    "callback",
    "app.example/callback",
    "https:app.example/callback",
    "https:/app.example/callback",
    "https:///app.example/callback",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://*.example/callback",
    "https://[v:::::::::::::::::::::::::::::::::::::::::]/callback",
    "http://127.0.0.1/callback",
    "http://localhost/callback",
    "null",
    "about:blank",
]


@pytest.mark.parametrize("uri", VARIANTS)
def test_01_redirect_uri_is_compared_byte_for_byte(scenario, uri):
    found = scenario.authorize(client_id="app", response_type="code", redirect_uri=uri, state="s")
    assert isinstance(found, PageError)
    assert found.status == 400
    assert found.error == "invalid_request"
    assert found.description.startswith("redirect_uri: expected")


def test_01_the_registered_uri_itself_is_taken(scenario):
    pending = scenario.pending(redirect_uri=URI)
    assert pending.request.redirect_uri == URI
    assert pending.request.redirect_uri_given


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_01_a_native_public_client_may_choose_the_loopback_port(scenario, host):
    scenario.add_client(
        "native", auth_method=AuthMethod.NONE, secrets=(), redirect_uris=(f"http://{host}/cb?x=1",)
    )
    asked = {"client_id": "native", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    assert scenario.pending(
        redirect_uri=f"http://{host}:51004/cb?x=1", **asked
    ).request.redirect_uri.endswith("/cb?x=1")
    for other in (
        "/cb",
        "/cb?x=2",
        "/cb?x=1&y",
        "/cb?x=1#f",
        "/",
        "@evil.example/cb?x=1",
        ":0/cb?x=1",
        ":99999/cb?x=1",
    ):
        found = scenario.authorize(redirect_uri=f"http://{host}:51004{other}", response_type="code", **asked)
        if other.startswith(":"):
            found = scenario.authorize(redirect_uri=f"http://{host}{other}", response_type="code", **asked)
        assert isinstance(found, PageError), other


def test_01_the_loopback_port_of_a_confidential_client_is_fixed(scenario):
    scenario.add_client("web", redirect_uris=("http://127.0.0.1:8000/cb",))
    assert scenario.pending(client_id="web", redirect_uri="http://127.0.0.1:8000/cb")
    found = scenario.authorize(client_id="web", response_type="code", redirect_uri="http://127.0.0.1:8001/cb")
    assert isinstance(found, PageError)


def test_01_localhost_has_no_free_port(scenario):
    scenario.add_client(
        "native", auth_method=AuthMethod.NONE, secrets=(), redirect_uris=("http://localhost/cb",)
    )
    found = scenario.authorize(
        client_id="native", response_type="code", redirect_uri="http://localhost:5000/cb"
    )
    assert isinstance(found, PageError)


@pytest.mark.parametrize("client_id", ["", "nobody", "app ", "APP", "x" * 300, "app\x00", "аpp"])
def test_02_an_unknown_client_gets_a_page(scenario, client_id):
    found = scenario.authorize(client_id=client_id, response_type="code", redirect_uri=URI)
    assert isinstance(found, PageError)
    assert found.description.startswith("client_id: expected")


def test_02_a_missing_client_gets_a_page(scenario):
    assert isinstance(scenario.authorize(response_type="code", redirect_uri=URI), PageError)
    assert isinstance(scenario.authorize(query=""), PageError)


def test_02_a_disabled_client_gets_a_page(scenario):
    scenario.update_client(scenario.client, enabled=False)
    assert isinstance(scenario.authorize(client_id="app", response_type="code", redirect_uri=URI), PageError)


def test_02_a_resource_server_cannot_ask_anybody(scenario):
    scenario.add_client("api", kind=ClientKind.RESOURCE_SERVER)
    assert isinstance(scenario.authorize(client_id="api", response_type="code", redirect_uri=URI), PageError)


WRONG = {
    "response_type": {"response_type": "token"},
    "no response_type": {"response_type": ""},
    "scope": {"scope": "unknown"},
    "response_mode": {"response_mode": "fragment"},
    "prompt": {"prompt": "none login"},
    "pkce": {"code_challenge": "short"},
    "request": {"request": "e30."},
    "request_uri": {"request_uri": "https://evil.example/r"},
    "state": {"state": "a\x00b"},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_03_no_other_error_redirects_to_an_unchecked_uri(scenario, wrong):
    bad = {"client_id": "app", "response_type": "code", "redirect_uri": "https://evil.example/", **wrong}
    assert isinstance(scenario.authorize(**bad), PageError)


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_04_every_other_error_is_redirected_with_state_and_iss(scenario, wrong):
    asked = {"client_id": "app", "response_type": "code", "redirect_uri": URI, "state": "s", **wrong}
    found = scenario.authorize(**asked)
    assert isinstance(found, Redirect)
    assert found.url.startswith(URI + "?error=")
    query = scenario.answered(found)
    assert query["iss"] == "https://consent.example"
    assert query.get("state") == (None if "state" in wrong else "s")
    assert query["error_description"]


@pytest.mark.parametrize(
    "state", ["s", "a b&c=d", "é✓", "<script>", "%41", "+", "a+b", '{"x": "y\\"}', "x" * 4000]
)
def test_05_state_comes_back_as_it_was(scenario, state):
    pending = scenario.pending(state=state)
    assert pending.request.state == state
    redirect = Redirect(scenario.server.authorization.success_url(pending.request, "c"))
    assert scenario.answered(redirect) == {"code": "c", "state": state, "iss": "https://consent.example"}


@pytest.mark.parametrize("more", [{}, {"scope": "unknown"}, {"response_type": "token"}, {"prompt": "none"}])
@pytest.mark.parametrize("state", ["x" * 12_289, "é" * 2049, "✓" * 1366, "/" * 4097, "x" * 100_000])
def test_05_a_state_that_is_too_long_to_come_back_gets_a_page(scenario, state, more):
    """RFC 6749 section 4.1.2.1: never a redirect without it. It counts as it stands in the redirect."""
    asked = {"client_id": "app", "response_type": "code", "redirect_uri": URI, "state": state, **more}
    found = scenario.authorize(**asked)
    assert isinstance(found, PageError)
    assert (found.status, found.description) == (
        400,
        "state: expected at most 12288 bytes where it stands in a URL",
    )


@pytest.mark.parametrize("state", ["x" * 12_288, "é" * 2048, "✓" * 1365, "/" * 4096])
def test_05_the_longest_state_comes_back_in_a_head_that_proxies_take(scenario, state):
    longest = URI + "/" + "p" * (2000 - len(URI) - 1)
    scenario.add_client("long", redirect_uris=(longest,))
    asked = scenario.pending(client_id="long", state=state).request
    for url in (
        scenario.server.authorization.success_url(asked, "c" * 60),
        scenario.server.authorization.error_url(asked, "access_denied", "d" * 200),
    ):
        assert scenario.answered(Redirect(url))["state"] == state
        # 16 kB for a request line, 32 kB for the head of an answer (docs/samples/nginx.conf)
        assert len(url) <= 15_000


def test_05_no_state_comes_back_when_none_was_sent(scenario):
    for asked in ({}, {"state": ""}):
        pending = scenario.pending(**asked)
        assert pending.request.state is None
        assert "state" not in scenario.server.authorization.success_url(pending.request, "c")


def test_06_iss_is_the_issuer_of_the_metadata(scenario):
    issuer = scenario.server.metadata()["issuer"]
    asked = scenario.pending().request
    assert scenario.answered(Redirect(scenario.server.authorization.success_url(asked, "c")))["iss"] == issuer
    assert (
        scenario.answered(Redirect(scenario.server.authorization.error_url(asked, "access_denied", "No")))[
            "iss"
        ]
        == issuer
    )
    assert scenario.server.metadata()["authorization_response_iss_parameter_supported"] is True


@pytest.mark.parametrize(
    "wanted", ["token", "id_token", "none", "code token", "code id_token", "xcodex", "Code", "code "]
)
def test_07_only_the_code_response_type(scenario, wanted):
    found = scenario.authorize(client_id="app", response_type=wanted, redirect_uri=URI)
    assert scenario.answered(found)["error"] == "unsupported_response_type"


@pytest.mark.parametrize("mode", ["fragment", "form_post", "web_message", "QUERY"])
def test_08_only_the_query_response_mode(scenario, mode):
    found = scenario.authorize(client_id="app", response_type="code", redirect_uri=URI, response_mode=mode)
    assert scenario.answered(found)["error"] == "invalid_request"
    assert "#" not in found.url


def test_08_response_mode_query_is_what_happens_anyway(scenario):
    assert scenario.pending(response_mode="query")


NAMES = [
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "response_mode",
    "foo",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("values", [("a", "a"), ("a", ""), ("", "")])
def test_09_duplicates_of_any_name_are_refused(scenario, name, values):
    asked = {"client_id": "app", "response_type": "code", "redirect_uri": URI}
    asked.pop(name, None)
    pairs = [*asked.items(), *((name, value) for value in values)]
    found = scenario.authorize(*pairs)
    assert scenario.answered(found)["error"] == "invalid_request"
    assert "expected once" in scenario.answered(found)["error_description"]
    assert "state" not in scenario.answered(found)


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_09_duplicates_that_decide_the_redirect_get_a_page(scenario, name):
    asked = {"client_id": "app", "response_type": "code", "redirect_uri": URI}
    found = scenario.authorize((name, asked[name]), **asked)
    assert isinstance(found, PageError)


def test_10_parameters_without_a_value_are_absent(scenario):
    pending = scenario.authorize(
        query=f"client_id=app&response_type=code&redirect_uri={quote(URI)}&scope=&state&code_challenge=&prompt=&&"
    )
    assert isinstance(pending, Pending)
    assert pending.request.code_challenge == ""
    assert pending.request.scopes == ("comfort.read", "energy.read")


def test_11_unknown_parameters_are_ignored(scenario):
    assert scenario.pending(foo="bar", user="admin", claims="{}", nonce="1")


@pytest.mark.parametrize(
    "query",
    [
        "x=%00",
        "x=%ff",
        "x=%zz",
        "%ff=x",
        "%zz",
        "x=%ed%a0%80",
        "x=%0d%0aLocation:x",
        "x=" + "a" * 9000,
        "x[]=1",
    ],
)
def test_11_unknown_parameters_are_ignored_whatever_they_hold(scenario, query):
    found = scenario.authorize(
        query=f"client_id=app&response_type=code&redirect_uri={quote(URI)}&state=s&{query}"
    )
    assert isinstance(found, Pending)
    assert (found.request.state, found.request.scopes) == ("s", ("comfort.read", "energy.read"))


@pytest.mark.parametrize("name", ["request", "request_uri"])
def test_11_request_objects_are_refused_and_never_fetched(scenario, name):
    found = scenario.authorize(
        client_id="app", response_type="code", redirect_uri=URI, **{name: "http://127.0.0.1:1/x"}
    )
    assert scenario.answered(found)["error"] == f"{name}_not_supported"


def test_13_nothing_is_put_into_a_fragment(scenario):
    url = scenario.server.authorization.success_url(scenario.pending(state="#s").request, "c")
    assert urlsplit(url).fragment == ""


@pytest.mark.parametrize(
    "scope", ["unknown", "comfort.read unknown", "device.act", " ", 'a"b', "a\\b", "comfort.read\tx"]
)
def test_14_scopes_must_be_registered_and_in_the_catalog(scenario, scope):
    found = scenario.authorize(client_id="app", response_type="code", redirect_uri=URI, scope=scope)
    assert scenario.answered(found)["error"] in ("invalid_scope", "invalid_request")


@pytest.mark.parametrize(
    "scope",
    [
        "comfort.read%09energy.read",
        "comfort.read%0Aenergy.read",
        "comfort.re%C3%A4d",
        "%00",
        "%ff",
        "%zz",
        "a" * 5000,
    ],
)
def test_14_a_malformed_scope_is_an_invalid_scope(scenario, scope):
    """RFC 6749 section 4.1.2.1: "invalid, unknown, or malformed"."""
    query = f"client_id=app&response_type=code&redirect_uri={quote(URI)}&state=s&scope={scope}"
    answered = scenario.answered(scenario.authorize(query=query))
    assert (answered["error"], answered["state"]) == ("invalid_scope", "s")
    assert answered["error_description"].startswith("scope: expected ")


def test_14_a_scope_that_left_the_catalog_is_refused(scenario):
    scenario.update_client(scenario.client, scopes=("gone", "comfort.read"))
    found = scenario.authorize(client_id="app", response_type="code", redirect_uri=URI, scope="gone")
    assert scenario.answered(found)["error"] == "invalid_scope"
    assert scenario.pending().request.scopes == ("comfort.read",)


def test_14_order_is_kept_and_duplicates_go(scenario):
    asked = scenario.pending(scope="offline_access energy.read  comfort.read energy.read ").request
    assert asked.scopes == ("offline_access", "energy.read", "comfort.read")


def test_14_without_scope_everything_but_offline_access_is_asked(scenario):
    assert scenario.pending().request.scopes == ("comfort.read", "energy.read")


def test_14_without_scope_and_without_registered_ones_it_is_refused(scenario):
    scenario.update_client(scenario.client, scopes=("offline_access",))
    found = scenario.authorize(client_id="app", response_type="code", redirect_uri=URI)
    assert scenario.answered(found)["error"] == "invalid_scope"


def test_16_a_registered_query_is_kept(scenario):
    scenario.add_client("q", redirect_uris=("https://q.example/cb?tenant=a%20b",))
    asked = scenario.pending(client_id="q").request
    url = scenario.server.authorization.success_url(asked, "c")
    assert url.startswith("https://q.example/cb?tenant=a%20b&code=c&")
    assert not asked.redirect_uri_given


def test_17_redirect_uri_is_required_when_several_are_registered(scenario):
    scenario.add_client("two", redirect_uris=("https://two.example/a", "https://two.example/b"))
    found = scenario.authorize(client_id="two", response_type="code")
    assert isinstance(found, PageError)
    assert "more than one" in found.description
    assert scenario.pending(client_id="two", redirect_uri="https://two.example/b")


def test_18_prompt_is_handed_on(scenario):
    for prompt, word in {"": "", "none": "none", "login": "login", "consent": "consent"}.items():
        assert scenario.pending(prompt=prompt).request.prompt == word
    assert scenario.pending(prompt="consent login").request.prompt == "login consent"
    assert scenario.pending(prompt="select_account").request.prompt == "select_account"


@pytest.mark.parametrize("prompt", ["none login", "none none", "create", "login  consent", "NONE"])
def test_18_a_prompt_that_contradicts_itself_is_refused(scenario, prompt):
    found = scenario.authorize(client_id="app", response_type="code", redirect_uri=URI, prompt=prompt)
    assert scenario.answered(found)["error"] == "invalid_request"


def test_18_a_browser_without_a_session_has_none_in_the_context(scenario):
    assert scenario.authorize(client_id="app", response_type="code", session=False).context.session is None


def test_19_plain_is_refused_also_as_the_default_method(scenario):
    for asked in ({"code_challenge_method": "plain"}, {}, {"code_challenge_method": "s256"}):
        found = scenario.authorize(
            client_id="app", response_type="code", redirect_uri=URI, code_challenge=CHALLENGE, **asked
        )
        assert scenario.answered(found)["error"] == "invalid_request"
        assert scenario.answered(found)["error_description"] == "code_challenge_method: expected S256"


def test_19_a_method_without_a_challenge_is_refused(scenario):
    found = scenario.authorize(
        client_id="app", response_type="code", redirect_uri=URI, code_challenge_method="S256"
    )
    assert scenario.answered(found)["error"] == "invalid_request"


def test_19_s256_is_kept_with_the_request(scenario):
    asked = scenario.pending(code_challenge=CHALLENGE, code_challenge_method="S256").request
    assert asked.code_challenge == CHALLENGE


def test_20_pkce_is_required_of_public_clients(scenario):
    scenario.add_client("public", auth_method=AuthMethod.NONE, secrets=())
    found = scenario.authorize(client_id="public", response_type="code", redirect_uri=URI)
    assert scenario.answered(found)["error"] == "invalid_request"
    assert scenario.pending(client_id="public", code_challenge=CHALLENGE, code_challenge_method="S256")


def test_20_pkce_is_required_by_the_clients_switch(scenario):
    scenario.update_client(scenario.client, require_pkce=True)
    found = scenario.authorize(client_id="app", response_type="code", redirect_uri=URI)
    assert scenario.answered(found)["error"] == "invalid_request"


def test_20_pkce_is_required_by_the_servers_switch(make_scenario):
    scenario = make_scenario(require_pkce=True)
    found = scenario.authorize(client_id="app", response_type="code", redirect_uri=URI)
    assert scenario.answered(found)["error"] == "invalid_request"


@pytest.mark.parametrize("challenge", ["x" * 42, "x" * 44, "x" * 42 + "=", "x" * 42 + "+", "é" * 43])
def test_23_a_challenge_has_43_characters_of_base64url(scenario, challenge):
    found = scenario.authorize(
        client_id="app",
        response_type="code",
        redirect_uri=URI,
        code_challenge=challenge,
        code_challenge_method="S256",
    )
    assert scenario.answered(found)["error"] == "invalid_request"


def test_24_an_empty_challenge_is_no_pkce(scenario):
    scenario.add_client("public", auth_method=AuthMethod.NONE, secrets=())
    found = scenario.authorize(client_id="public", response_type="code", redirect_uri=URI, code_challenge="")
    assert scenario.answered(found)["error"] == "invalid_request"


def test_ui_locales_are_read_and_nonsense_is_left_out(scenario):
    assert scenario.pending(ui_locales="de-CH fr <x> en").request.ui_locales == ("de-CH", "fr", "en")


def test_what_the_query_looks_like_raw_does_not_matter(scenario):
    found = scenario.authorize(
        query=f'client_id=app&response_type=code&redirect_uri={URI}&state="|{{é'.encode().decode("latin-1")
    )
    assert isinstance(found, Pending)
    assert found.request.state == '"|{é'
    assert parse_qs(urlsplit(scenario.server.authorization.success_url(found.request, "c")).query)[
        "state"
    ] == ['"|{é']
