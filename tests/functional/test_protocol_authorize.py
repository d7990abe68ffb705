"""The authorization endpoint and the metadata over HTTP."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.support.platform import (
    CALLBACK,
    ISSUER,
    PREFIX,
    Request,
    answer,
    connect,
    exchange,
    make_platform,
    to_consent_page,
)

WELL_KNOWN = "/.well-known/oauth-authorization-server"


def told(response) -> dict[str, str]:
    """What a redirect says; a parameter that comes twice fails."""
    query = parse_qs(urlsplit(response.location).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in query.values())
    return {name: values[0] for name, values in query.items()}


def authorize(platform, status=None, **parameters):
    query = "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
    return platform.browser().get(f"{PREFIX}/authorize?{query}", status=status)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "nobody"},
        {"client_id": ""},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": "https://[v:::]/cb"},
        {"client_id": "<script>alert(1)</script>"},
        {"redirect_uri": "javascript:alert(1)"},
    ],
)
def test_02_a_bad_client_or_redirect_uri_gets_a_page(platform, wrong):
    asked = {"client_id": "coolsite", "response_type": "token", "redirect_uri": CALLBACK, **wrong}
    page = authorize(platform, 400, **asked)
    assert page.content_type == "text/html"
    assert "Location" not in page.headers
    assert "<script>alert" not in page.text
    assert "evil.example" not in page.text


def test_04_other_errors_lead_back_with_state_and_iss(platform):
    asked = {"client_id": "coolsite", "response_type": "token", "redirect_uri": CALLBACK, "state": "a&b é"}
    back = authorize(platform, 303, **asked)
    assert back.location.startswith(CALLBACK + "?")
    assert told(back)["error"] == "unsupported_response_type"
    assert told(back)["state"] == "a&b é"
    assert told(back)["iss"] == ISSUER


@pytest.mark.parametrize("state", ["x", "a b&c=d#e", "é✓", '"|{}<>\\', "%41%zz", "x" * 3000])
def test_05_state_comes_back_after_the_consent(platform, state):
    _, page = to_consent_page(platform, Request(state=state))
    assert answer(page, "approve")["state"] == state


def test_18_prompt_none_shows_no_page_and_grants_nothing_to_a_stranger(platform):
    back = platform.browser().get(Request(extra={"prompt": "none"}).url, status=303)
    assert told(back)["error"] == "login_required"
    connect(platform)
    back = platform.browser().get(Request(extra={"prompt": "none"}).url, status=303)
    assert told(back)["error"] == "login_required"


def test_remembered_consent_leads_straight_back(platform):
    request = Request()
    browser, page = to_consent_page(platform, request)
    exchange(platform, request, answer(page, "approve")["code"])
    again = Request()
    back = browser.get(again.url, status=303)
    assert back.location.startswith(CALLBACK + "?code=")
    assert exchange(platform, again, told(back)["code"]).json["scope"] == "sites.read comfort.read"


@pytest.mark.parametrize(
    "query", ['"|{', "%zz", "x=%ff", "&&", "=", "%00=%00", "client_id", "state=%0d%0aX:1", "a" * 8000]
)
def test_87_no_query_is_answered_with_a_5xx(platform, query):
    browser = platform.browser()
    for url in (f"{PREFIX}/authorize?{query}", f"{Request().url}&{query}"):
        response = browser.get(url, expect_errors=True)
        assert response.status_int in (303, 400)
        assert "X" not in response.headers


def test_15_only_get(platform):
    for method in ("put_json", "delete_json", "post_json"):
        getattr(platform.browser(), method)(f"{PREFIX}/authorize", {}, status=405)


def test_57_the_metadata_names_nothing_that_a_request_says(platform):
    browser = platform.browser()
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    document = browser.get(WELL_KNOWN, headers=headers)
    assert document.content_type == "application/json"
    assert document.json["issuer"] == ISSUER
    assert document.json["token_endpoint"] == f"{ISSUER}{PREFIX}/token"
    assert "evil" not in document.text
    assert set(document.json["scopes_supported"]) >= {"sites.read", "comfort.read"}


def test_57_every_endpoint_of_the_metadata_answers(platform):
    browser = platform.browser()
    document = browser.get(WELL_KNOWN).json
    for name, url in document.items():
        if name.endswith("_endpoint"):
            path = urlsplit(url).path
            response = browser.get(path, expect_errors=True)
            assert response.status_int == (400 if name.startswith("authorization") else 405)


def test_57_every_endpoint_answers_below_the_path_of_the_issuer(tmp_path):
    platform = make_platform(tmp_path, issuer=f"{ISSUER}/tenant")
    browser = platform.browser()
    document = browser.get(f"{WELL_KNOWN}/tenant").json
    for name, url in document.items():
        if name.endswith("_endpoint"):
            assert url.startswith(f"{ISSUER}/tenant/")
            path = url.removeprefix(ISSUER)
            # With the path, and without it where a proxy has taken it away.
            for asked in (path, path.removeprefix("/tenant")):
                expected = 400 if name.startswith("authorization") else 405
                assert browser.get(asked, expect_errors=True).status_int == expected
    assert browser.get("/tenant/jwks").json["keys"]
    for other in ("/tenantjwks", "/other/jwks", "/tenant/tenant/jwks"):
        assert browser.get(other, expect_errors=True).status_int == 404
    platform.runtime.close()


@pytest.mark.parametrize("mount", ["", "/tenant"])
def test_57_there_is_no_metadata_of_openid_connect(tmp_path, mount):
    """Clients that look for it go on with what they have found before: a plain 404, readable from anywhere."""
    platform = make_platform(tmp_path, issuer=f"{ISSUER}{mount}")
    for path in (f"/.well-known/openid-configuration{mount}", f"{mount}/.well-known/openid-configuration"):
        answer = platform.browser().get(path, headers={"Accept": "application/json"}, expect_errors=True)
        assert answer.status_int == 404
    platform.runtime.close()


def test_57_the_metadata_lists_protected_resources_where_they_are_set(tmp_path, platform):
    """RFC 9728 section 4."""
    assert "protected_resources" not in platform.browser().get(WELL_KNOWN).json
    listed = ["https://api.example/rooms", "https://api.example/mcp"]
    more = f"consentcore.oauth.protected_resources = {' '.join(listed)}"
    other = make_platform(tmp_path, extra=more)
    assert other.browser().get(WELL_KNOWN).json["protected_resources"] == listed
    other.runtime.close()


def test_57_the_metadata_is_read_only(platform):
    refused = platform.browser().post(WELL_KNOWN, {}, status=405)
    assert refused.headers["Allow"] == "GET, HEAD"
    assert platform.browser().head(WELL_KNOWN).status_int == 200


def test_keys_are_published_where_the_metadata_says(platform):
    browser = platform.browser()
    uri = browser.get(WELL_KNOWN).json["jwks_uri"]
    assert uri == f"{ISSUER}/jwks"
    answered = browser.get(uri.removeprefix(ISSUER))
    assert answered.content_type == "application/jwk-set+json"
    assert answered.headers["Cache-Control"] == "public, max-age=300"
    assert [key["alg"] for key in answered.json["keys"]] == ["ES256", "EdDSA"]
    assert all("d" not in key for key in answered.json["keys"])
    assert browser.get(f"{PREFIX}/jwks").json == answered.json
    refused = browser.post("/jwks", {}, status=405)
    assert (refused.headers["Allow"], refused.json["error"]) == ("GET, HEAD", "invalid_request")
