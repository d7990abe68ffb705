"""Who may look at anything under ``/api/v1``, and how everybody else is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from consentcore.domain.client import AuthMethod
from consentcore.domain.errors import StorageUnavailable
from tests.support.client_api import EVENTS, GRANTS, basic, call
from tests.support.client_keys import EC, claims, signed
from tests.support.platform import ISSUER, PREFIX, make_platform

CLOSED_TO_STRANGERS = [
    ("GET", GRANTS),
    ("GET", f"{GRANTS}/some"),
    ("DELETE", f"{GRANTS}/some"),
    ("GET", EVENTS),
]


def key_set(*keys) -> str:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]})


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """One platform for all refusals: they change nothing."""
    made = make_platform(tmp_path_factory.mktemp("quiet"))
    yield made
    made.runtime.close()


class TestMethods:
    """A GET has no body, so what the token endpoint takes there comes in the header."""

    def test_client_that_posts_its_secret_elsewhere_uses_basic_here(self, quiet):
        for method in (AuthMethod.SECRET_POST, AuthMethod.SECRET_BASIC):
            quiet.add_client(method.value, auth_method=method)
            assert call(quiet, GRANTS, client_id=method.value).json["data"] == []

    def test_client_that_signs_sends_its_assertion_once(self, quiet):
        quiet.add_client("signer", auth_method=AuthMethod.PRIVATE_KEY_JWT, jwks=key_set(EC))
        payload = claims(quiet.runtime, aud=f"{ISSUER}{PREFIX}/token")
        headers = {"Authorization": f"Bearer {signed(payload)}"}
        browser = quiet.browser()
        assert browser.get(GRANTS, headers=headers).json["data"] == []
        assert browser.get(GRANTS, headers=headers, status=401).json["error"] == "invalid_client"
        assert call(quiet, GRANTS, client_id="signer", status=401)
        foreign = signed(claims(quiet.runtime, aud="https://other.example"))
        browser.get(GRANTS, headers={"Authorization": f"Bearer {foreign}"}, status=401)


class TestRefusals:
    @pytest.mark.parametrize(("method", "path"), CLOSED_TO_STRANGERS)
    def test_nobody_comes_in_without_credentials(self, quiet, method, path):
        browser = quiet.browser()
        secret = quiet.secrets["coolsite"]
        for headers in (
            {},
            basic("coolsite", "wrong"),
            basic("coolsite", ""),
            basic("nobody", secret),
            {"Authorization": f"Bearer {secret}"},
            {"Authorization": "Basic !"},
            {"Authorization": "Digest x"},
            {"Cookie": "consentcore=1"},
        ):
            answer = browser.request(path, method=method, headers=headers, status=401)
            assert answer.json["error"] == "invalid_client"
            assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
            assert answer.headers["Cache-Control"] == "no-store"
            assert "Set-Cookie" not in answer.headers

    def test_public_client_and_resource_server_have_no_business_here(self, platform):
        platform.add_client("spa", auth_method=AuthMethod.NONE)
        assert call(platform, GRANTS, client_id="spa", status=401).json["error"] == "invalid_client"
        assert call(platform, GRANTS, client_id="api", status=403).json["error"] == "unauthorized_client"

    def test_disabled_client_is_out(self, platform):
        with platform.runtime.storage.transaction() as uow:
            uow.clients.update(replace(uow.clients.get("coolsite"), enabled=False))
        call(platform, GRANTS, status=401)

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("limit=0", "limit"),
            ("limit=501", "limit"),
            ("limit=-1", "limit"),
            ("limit=ten", "limit"),
            ("limit=%D9%A1", "limit"),
            ("limit=1&limit=2", "limit"),
            ("after=" + "a" * 201, "after"),
            ("after=%00", "after"),
            ("after=%FF", "after"),
            ("client_secret=x", "client_secret"),
        ],
    )
    @pytest.mark.parametrize("path", [GRANTS, EVENTS])
    def test_parameter_that_is_not_good_is_named(self, quiet, path, query, field):
        answer = call(quiet, f"{path}?{query}", status=400).json
        assert answer["error"] == "invalid_request"
        assert answer["error_description"].startswith(f"{field}: expected")

    def test_single_grant_takes_no_parameters(self, quiet):
        answer = call(quiet, f"{GRANTS}/some?limit=1", status=400).json
        assert answer["error_description"] == "limit: expected nothing"

    def test_unknown_state_is_named(self, quiet):
        answer = call(quiet, f"{GRANTS}?state=denied", status=400).json
        assert answer["error_description"].startswith("state: expected one of active, ended")

    @pytest.mark.parametrize(
        ("path", "method", "allowed"),
        [
            (GRANTS, "POST", "GET, HEAD"),
            (GRANTS, "DELETE", "GET, HEAD"),
            (f"{GRANTS}/x", "PUT", "GET, HEAD, PATCH, DELETE"),
            (EVENTS, "PATCH", "GET, HEAD"),
        ],
    )
    def test_other_methods_are_told_the_right_ones(self, quiet, path, method, allowed):
        answer = call(quiet, path, method, status=405)
        assert (answer.headers["Allow"], answer.json["error"]) == (allowed, "method_not_allowed")

    def test_whatever_goes_wrong_under_api_is_json(self, quiet, monkeypatch):
        assert call(quiet, "/api/v2/what", status=404).json["error"] == "not_found"
        assert call(quiet, "/api/", status=404).json["error"] == "not_found"

        for path in ("/api/v1/grants/%FF", "/api/v1/grants/a%0Ab"):
            assert call(quiet, path, status=400).json["error"] == "invalid_request"

        def down(*_args, **_more):
            raise StorageUnavailable("down")

        monkeypatch.setattr(quiet.runtime.storage.protocol, "read_authorize", down)
        answer = call(quiet, GRANTS, status=503)
        assert (answer.json["error"], answer.headers["Retry-After"]) == ("temporarily_unavailable", "5")

    def test_head_says_what_get_would(self, quiet):
        answer = call(quiet, GRANTS, "HEAD")
        assert (answer.content_type, answer.body) == ("application/json", b"")
