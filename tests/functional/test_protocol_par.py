"""Pushed requests and signed assertions over HTTP: the whole way of an application that uses both."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from urllib.parse import quote

import pytest
from client_keys import EC, fresh_jti, signed
from patience import PATIENCE_S
from platform_ import ISSUER, PREFIX, Request, answer, introspect, make_platform, sign_in
from sinks import Answer, http_sink

from consentcore.domain.client import AuthMethod
from consentcore.oauth.client_auth.credentials import ASSERTION_TYPE

KEYS = json.dumps({"keys": [EC.as_dict(private=False)]})


def assertion(client_id: str = "signer", **changes) -> dict[str, str]:
    now = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": ISSUER, "iat": now, "exp": now + 60}
    jwt = signed({**claims, "jti": fresh_jti(), **changes})
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": jwt}


def query_of(request: Request) -> dict[str, str]:
    from urllib.parse import parse_qsl, urlsplit

    return dict(parse_qsl(urlsplit(request.url).query))


def push(platform, request: Request, credentials: dict[str, str], status=201):
    form = {**query_of(request), **credentials}
    return platform.browser().post(f"{PREFIX}/par", form, status=status)


def link(client_id: str, request_uri: str) -> str:
    return f"{PREFIX}/authorize?client_id={client_id}&request_uri={quote(request_uri, safe='')}"


def test_98_a_pushed_request_survives_the_login_and_is_gone_after_it(platform):
    request = Request(state="a&b é")
    secret = {"client_secret": platform.client_secret}
    opened = link("coolsite", push(platform, request, secret).json["request_uri"])
    browser = platform.browser()
    login = browser.get(opened, status=303).follow()
    login = browser.get(login.request.url)  # a reload
    page = sign_in(browser, login)
    page = browser.get(page.request.url)  # and another one
    back = answer(page, "approve")
    assert (back["state"], back["iss"]) == ("a&b é", ISSUER)
    again = platform.browser().get(opened, status=400)
    assert again.content_type == "text/html"
    assert "Location" not in again.headers


def test_15_a_look_at_the_link_by_head_uses_nothing_up(platform):
    pushed = push(platform, Request(), {"client_secret": platform.client_secret}).json["request_uri"]
    refused = platform.browser().head(link("coolsite", pushed), status=405)
    assert refused.headers["Allow"] == "GET"
    platform.browser().get(link("coolsite", pushed), status=303)


@pytest.fixture
def keys_server():
    with http_sink() as sink:
        sink.answer = Answer(200, {"Content-Type": "application/jwk-set+json"}, KEYS.encode())
        yield sink


@pytest.mark.parametrize("by_url", [False, True], ids=["by value", "by url"])
def test_60_the_whole_way_with_par_and_private_key_jwt(tmp_path, keys_server, by_url):
    storage = "sqlalchemy" if by_url else "memory"
    platform = make_platform(tmp_path, storage=storage)
    platform.add_client(
        "signer",
        auth_method=AuthMethod.PRIVATE_KEY_JWT,
        require_par=True,
        jwks="" if by_url else KEYS,
        jwks_uri=keys_server.url("/jwks") if by_url else "",
    )
    request = Request(client_id="signer")
    refused = platform.browser().get(request.url, status=303)
    assert "error=invalid_request" in refused.location
    opened = link("signer", push(platform, request, assertion()).json["request_uri"])
    browser = platform.browser()
    page = sign_in(browser, browser.get(opened).follow())
    form = {
        "grant_type": "authorization_code",
        "code": answer(page, "approve")["code"],
        "redirect_uri": request.redirect_uri,
        "code_verifier": request.verifier,
    }
    tokens = browser.post(f"{PREFIX}/token", {**form, **assertion()}).json
    assert introspect(platform, tokens["access_token"])["client_id"] == "signer"
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    proof = assertion(aud=f"{ISSUER}{PREFIX}/token")
    fresh = browser.post_json(f"{PREFIX}/token", {**form, **proof}).json
    form = {"token": fresh["refresh_token"], **proof}
    assert browser.post(f"{PREFIX}/revoke", form, status=401).json["error"] == "invalid_client"
    browser.post(f"{PREFIX}/revoke", {**form, **assertion()}, status=200)
    assert introspect(platform, fresh["access_token"]) == {"active": False}
    assert len(keys_server.received) == int(by_url)
    platform.runtime.close()


def test_36_a_provider_of_keys_that_is_down_is_401_and_says_why_in_the_log(tmp_path, keys_server, caplog):
    keys_server.answer = Answer(503, {}, b"down")
    platform = make_platform(tmp_path)
    uri = keys_server.url("/jwks")
    platform.add_client("signer", auth_method=AuthMethod.PRIVATE_KEY_JWT, jwks_uri=uri)
    refused = push(platform, Request(client_id="signer"), assertion(), status=401)
    assert refused.json["error"] == "invalid_client"
    assert refused.headers["WWW-Authenticate"].startswith("Basic")
    assert f"the keys of client signer at {uri}" in caplog.text
    platform.runtime.close()


PRESENT_WHEN_TOLD = """
import sys
from consentcore.oauth.server import HttpRequest
from consentcore.runtime import build_runtime
from consentcore.settings import load_ini
runtime = build_runtime(load_ini(sys.argv[1]))
server, body = runtime.server, sys.argv[2].encode()
headers = {"content-type": "application/x-www-form-urlencoded"}
print("ready", flush=True)
for _ in sys.stdin:
    print(server.introspect(HttpRequest("POST", "", headers, body)).status, flush=True)
    break
runtime.close()
"""


@pytest.mark.slow
def test_cve_2020_5300_an_assertion_counts_once_for_all_processes(tmp_path):
    platform = make_platform(tmp_path, storage="sqlalchemy")
    platform.add_client("signer", auth_method=AuthMethod.PRIVATE_KEY_JWT, jwks=KEYS)
    platform.runtime.close()
    form = "&".join(
        f"{name}={quote(value, safe='')}" for name, value in {**assertion(), "token": "x"}.items()
    )
    command = [sys.executable, "-c", PRESENT_WHEN_TOLD, str(tmp_path / "test.ini"), form]
    pipe = subprocess.PIPE
    children = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    try:
        assert [child.stdout.readline() for child in children] == ["ready\n"] * 2
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        statuses = sorted(child.communicate(timeout=PATIENCE_S)[0].strip() for child in children)
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert statuses == ["200", "401"]
