"""What may be registered as a redirect URI."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest

from consentcore.api import InvalidInput
from consentcore.oauth.redirect_uris import check_redirect_uri, is_registered, with_parameters
from consentcore.testing import factories

GOOD = [
    "https://app.example/callback",
    "https://app.example",
    "https://app.example:8443/cb?tenant=a%20b&x",
    "https://sub.app.example/a/b;p=1",
    "https://192.0.2.1/cb",
    "https://[2001:db8::1]/cb",
    "https://xn--bcher-kva.example/",
    "https://my_app.example/callback",
    "https://_service.my_app.example/cb",
    "https://app_.example:8443/cb",
    "https://a~b.example/",
    "https://tenant$1.example/",
    "https://app.example./",
    "https://APP.example/",
    "https://intranet/cb",
    "https://[2001:DB8::192.0.2.1]:8443/cb",
    "http://127.0.0.1/cb",
    "http://127.0.0.1:8000/cb",
    "http://[::1]:8000/cb",
    "http://localhost:3000/cb",
]
NATIVE = ["com.example.app:/oauth", "com.example.app://callback", "com.example-co.app2:/x?y=z"]
BAD = [
    "",
    "x",
    "/callback",
    "//app.example/cb",
    "https://",
    "https:///cb",
    "https:app.example/cb",
    "https://app.example/#f",
    "https://app.example/#",
    "https://user@app.example/",
    "https://user:pw@app.example/",
    "https://@app.example/",
    "http://localhost:80@evil.example/",
    "http://127.0.0.1@evil.example/",
    "https://*.example/",
    "https://app.example/*",
    "https://app.example\\evil.example/",
    "https://app.example/\r\nX: 1",
    "https://app.example/ cb",
    " https://app.example/",
    "https://app.example/\x00",
    "https://app.example/é",
    "https://аpp.example/",
    "https://app.example:0/",
    "https://app.example:99999/",
    "https://app.example:x/",
    "https://[::1/",
    "https://[v1.x]/",
    "https://[::1]x/",
    "https://[::1%25eth0]/",
    "https://[192.0.2.1]/",
    "https://app.example%2f.evil.example/",
    "https://:8443/",
    "https://[v:::::::::::::::::::]/cb",
    "https://%61pp.example/",
    "https://-app.example/",
    "https://app.example/../cb",
    "https://app.example/./cb",
    "https://app.example/%2e%2E/cb",
    "https://app.example/a/..",
    "https://app.example/?code=1",
    "https://app.example/?a=1&state=",
    "https://app.example/?iss=x",
    "https://app.example/?%65rror=x",
    "https://app.example/" + "x" * 2000,
    "http://app.example/cb",
    "http://127.0.0.1.evil.example/",
    "http://localhost.evil.example/",
    "http://10.0.0.1/",
    "ftp://app.example/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "about:blank",
    "myapp:/cb",
    "urn:ietf:wg:oauth:2.0:oob",
    "app.:/cb",
    ".app:/cb",
    "https://app.example/<x>",
    'https://app.example/"',
]


@pytest.mark.parametrize("uri", GOOD)
@pytest.mark.parametrize("public", [True, False])
def test_these_may_be_registered(uri, public):
    check_redirect_uri(uri, public=public)


@pytest.mark.parametrize("uri", NATIVE)
def test_private_use_schemes_are_for_public_clients(uri):
    check_redirect_uri(uri, public=True)
    with pytest.raises(InvalidInput, match="redirect_uri: expected https"):
        check_redirect_uri(uri, public=False)


@pytest.mark.parametrize("uri", BAD)
@pytest.mark.parametrize("public", [True, False])
def test_these_may_not(uri, public):
    with pytest.raises(InvalidInput, match=r"^redirect_uri: expected") as caught:
        check_redirect_uri(uri, public=public)
    assert caught.value.field == "redirect_uri"


@pytest.mark.parametrize("uri", [*GOOD, *NATIVE])
def test_what_may_be_registered_is_also_taken_by_the_endpoint(scenario, uri):
    from consentcore.api import AuthMethod
    from consentcore.oauth.messages import Pending

    scenario.add_client("c", auth_method=AuthMethod.NONE, secrets=(), redirect_uris=(uri,))
    pkce = {"code_challenge": "x" * 43, "code_challenge_method": "S256"}
    found = scenario.authorize(client_id="c", response_type="code", redirect_uri=uri, **pkce)
    assert isinstance(found, Pending), found
    assert scenario.server.authorization.success_url(found.request, "c").startswith(uri)


def test_a_trailing_question_mark_gets_no_second_one():
    assert with_parameters("https://a.example/?", [("code", "x")]) == "https://a.example/?code=x"
    assert with_parameters("https://a.example/?a=b", [("code", "x")]) == "https://a.example/?a=b&code=x"
    assert with_parameters("com.example.app:/x", [("code", "x y")]) == "com.example.app:/x?code=x%20y"


@pytest.mark.parametrize(
    "value", ["", "plain-._~", "a b+c&d=e/?#%", "é \U0001f600", "x\ny", "\x00"], ids=ascii
)
def test_what_is_added_is_percent_encoded_as_by_the_standard_library(value):
    pairs = [("code", value), ("iss", "https://a.example/b")]
    wanted = urlencode(pairs, quote_via=quote)
    assert with_parameters("https://a.example/", pairs) == f"https://a.example/?{wanted}"


def test_only_listed_uris_are_registered():
    client = factories.client(redirect_uris=("https://a.example/cb",))
    assert is_registered(client, "https://a.example/cb")
    assert not is_registered(client, "https://a.example/cb/")
