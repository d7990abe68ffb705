"""What scripts of other sites may read: documents, and what is a public client's own at its own origin."""

from __future__ import annotations

import pytest

from consentcore.api import AuthMethod, Client
from tests.support.platform import make_platform

PREFIX = "/ecostruxure/v1/oauth"
WELL_KNOWN = "/.well-known/oauth-authorization-server"
OWN = "https://spa.example"
ASKS = {
    "Origin": OWN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,dpop",
}


def cors(answer):
    return {
        name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("access-")
    }


@pytest.fixture(params=["", "/tenant"], ids=["no path", "a path"])
def there(request, tmp_path):
    """A platform whose issuer has a path, or none; and the path."""
    made = make_platform(tmp_path, storage="sqlalchemy", issuer=f"http://localhost:6543{request.param}")
    spa = Client(
        "spa", "Spa", 0, auth_method=AuthMethod.NONE, redirect_uris=(f"{OWN}/cb",), scopes=("sites.read",)
    )
    with made.runtime.storage.transaction() as uow:
        uow.clients.add(spa)
    yield made, request.param
    made.runtime.close()


def test_86_documents_may_be_read_from_anywhere(there):
    platform, mount = there
    browser = platform.browser()
    for path in (WELL_KNOWN + mount, f"{mount}/jwks", "/openapi.json", "/scopes.json"):
        for origin in ("https://evil.example", "null"):
            got = browser.get(path, headers={"Origin": origin}, status=200)
            assert got.headers["Access-Control-Allow-Origin"] == "*"
            asked = browser.options(path, headers={**ASKS, "Origin": origin}, status=204)
            assert cors(asked)["access-control-allow-origin"] == "*"
            assert "GET" in cors(asked)["access-control-allow-methods"]
            assert "access-control-allow-credentials" not in cors(got) | cors(asked)
        assert browser.get(path).headers["Access-Control-Allow-Origin"] == "*"
        assert browser.post(path, status=405).headers["Access-Control-Allow-Origin"] == "*"


def test_86_endpoints_below_a_path_are_for_browsers_too(there):
    platform, mount = there
    browser = platform.browser()
    for endpoint in ("token", "revoke", "par"):
        path = f"{mount}{PREFIX}/{endpoint}"
        asked = browser.options(path, headers=ASKS, status=204)
        assert cors(asked)["access-control-max-age"]
        assert asked.body == b""
        form = {"client_id": "spa", "grant_type": "refresh_token", "refresh_token": "x", "token": "x"}
        own = browser.post(path, form, headers={"Origin": OWN}, expect_errors=True)
        assert (own.headers["Access-Control-Allow-Origin"], own.headers["Vary"]) == (OWN, "Origin")
        foreign = browser.post(path, form, headers={"Origin": "https://evil.example"}, expect_errors=True)
        assert cors(foreign) == {}
        assert cors(browser.post(path, form, expect_errors=True)) == {}


def test_86_nothing_else_answers_a_preflight(there):
    platform, mount = there
    for path in ("authorize", "introspect"):
        answer = platform.browser().options(f"{mount}{PREFIX}/{path}", headers=ASKS, expect_errors=True)
        assert (answer.status_int, cors(answer)) == (405, {})
    for path in ("/api/v1/grants", "/api/v1/endpoints", "/consents", "/login", "/livez"):
        answer = platform.browser().options(path, headers=ASKS, expect_errors=True)
        assert (answer.status_int, cors(answer)) == (405, {})
