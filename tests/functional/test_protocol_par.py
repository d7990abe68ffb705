"""Pushed requests and signed assertions over HTTP: the whole way of an application that uses both."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote

import pytest
import time_machine

from consentcore.domain.client import AuthMethod, Halt
from consentcore.oauth.client_auth.credentials import ASSERTION_TYPE
from tests.support.client_keys import EC, fresh_jti, signed
from tests.support.patience import PATIENCE_S
from tests.support.platform import (
    ISSUER,
    PREFIX,
    Request,
    answer,
    introspect,
    make_platform,
    sign_in,
    visible,
)
from tests.support.sinks import Answer, http_sink

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


def opened_by(platform, request: Request) -> str:
    """The link to a request that CoolSite has pushed."""
    pushed = push(platform, request, {"client_secret": platform.client_secret})
    return link("coolsite", pushed.json["request_uri"])


def events(platform):
    with platform.runtime.storage.reading() as uow:
        return [one.type.value for grant in uow.grants.all() for one in uow.ledger.of_grant(grant.grant_id)]


def test_98_a_look_by_somebody_else_before_uses_nothing_up(platform):
    """FAPI 2.0 Security Profile 5.3.2.2 note 3: one authorization, not one look at a page."""
    opened = opened_by(platform, Request(state="mine"))
    for _ in range(3):
        platform.browser().get(opened, status=303)  # a mail scanner, a preview of links
    browser = platform.browser()
    page = sign_in(browser, browser.get(opened, status=303).follow())
    assert answer(page, "approve")["state"] == "mine"


def test_98_reload_second_tab_and_a_sign_in_between_lead_to_the_same_request(platform):
    opened = opened_by(platform, Request(state="mine"))
    browser = platform.browser()
    login = browser.get(opened, status=303).follow()
    assert browser.get(opened, status=303).follow().request.url == login.request.url
    sign_in(browser, browser.get("/login"))
    consent = browser.get(opened, status=303)
    assert "/consent?i=" in consent.location, "signed in by now"
    assert answer(consent.follow(), "approve")["state"] == "mine"
    assert events(platform) == ["granted"]


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_98_it_is_used_up_by_its_answer_and_says_so(platform, decision):
    opened = opened_by(platform, Request(state="mine"))
    first, second = platform.browser(), platform.browser()
    mine = sign_in(first, first.get(opened, status=303).follow())
    theirs = sign_in(second, second.get(opened, status=303).follow(), "grace@example.org")
    assert answer(theirs, decision)["state"] == "mine"
    late = mine.forms[0].submit("decision", value="approve", status=410)
    assert "It was answered already" in visible(late)
    assert "Go on to" not in late.text
    for browser in (first, second, platform.browser()):
        page = browser.get(opened, status=400)
        assert "can be answered once" in visible(page)
        assert "made a mistake" not in visible(page)
    assert events(platform) == ["granted" if decision == "approve" else "denied"]


def test_98_of_two_browsers_that_answer_at_once_one_wins(database):
    opened = opened_by(database, Request(state="mine"))
    pages = []
    for email in ("ada@example.org", "grace@example.org"):
        browser = database.browser()
        pages.append(sign_in(browser, browser.get(opened, status=303).follow(), email))

    def press(page):
        return page.forms[0].submit("decision", value="approve", expect_errors=True).status_int

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, pages)) == [303, 410]
    assert events(database) == ["granted"]


def test_98_browsers_that_open_it_at_once_can_all_answer(database):
    opened = opened_by(database, Request(state="mine"))
    browsers = [database.browser() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        logins = list(pool.map(lambda browser: browser.get(opened, status=303).follow(), browsers))
    assert answer(sign_in(browsers[3], logins[3]), "approve")["state"] == "mine"


def test_98_two_tabs_of_one_browser_may_open_it_at_once(database):
    browser = database.browser()
    browser.get("/login")
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    for _ in range(5):
        opened = opened_by(database, Request())

        def look(_, opened=opened):
            return database.browser().get(opened, headers={"Cookie": cookie}, status=303).location

        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(look, range(4)))) == 1


def test_98_a_remembered_consent_uses_it_up_once(platform):
    browser = platform.browser()
    page = sign_in(browser, browser.get(opened_by(platform, Request())).follow())
    waits = opened_by(platform, Request(state="waits"))
    other = platform.browser()
    other.get(waits, status=303)  # opened without a session, so it stands
    answer(page, "approve")
    assert "code=" in browser.get(waits, status=303).location
    browser.get(waits, status=400)
    other.get(waits, status=400)
    at_once = opened_by(platform, Request())
    assert "code=" in browser.get(at_once, status=303).location
    browser.get(at_once, status=400)


def test_98_prompt_none_is_answered_and_so_used_up(platform):
    opened = opened_by(platform, Request(extra={"prompt": "none"}))
    assert "error=login_required" in platform.browser().get(opened, status=303).location
    platform.browser().get(opened, status=400)


def test_98_what_ran_out_blames_nobody(platform):
    opened = opened_by(platform, Request())
    with time_machine.travel(time.time() + 61):
        page = platform.browser().get(opened, status=400)
    assert "only for a short time" in visible(page)
    assert "made a mistake" not in visible(page)


def test_98_what_was_opened_stands_as_long_as_any_other_request_and_no_longer(platform):
    began, opened = time.time(), opened_by(platform, Request())
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    browser.get(opened, status=303)
    with time_machine.travel(began + 480, tick=False):
        consent = browser.get(opened, status=303)
    with time_machine.travel(time.time() + 601):
        browser.get(opened, status=400)
        late = browser.get(consent.location, status=410)
    assert "Nobody has answered it in time" in visible(late)


def test_98_what_was_opened_stays_with_its_client(platform):
    opened = opened_by(platform, Request())
    platform.browser().get(opened, status=303)
    platform.browser().get(opened.replace("client_id=coolsite", "client_id=shiftplan"), status=400)


def test_98_an_address_that_was_taken_away_gets_no_answer(platform):
    opened = opened_by(platform, Request())
    browser = platform.browser()
    browser.get(opened, status=303)
    with platform.runtime.storage.transaction() as uow:
        client = uow.clients.get("coolsite")
        uow.clients.update(replace(client, redirect_uris=("https://coolsite.example/other",)))
    assert "Location" not in browser.get(opened, status=400).headers


@pytest.mark.parametrize("opened_before", [False, True])
def test_98_a_page_that_keeps_an_application_out_uses_nothing_up(platform, opened_before):
    opened = opened_by(platform, Request(state="mine"))
    browser = platform.browser()
    if opened_before:
        browser.get(opened, status=303)
    for halt in (Halt(1), None):
        with platform.runtime.storage.transaction() as uow:
            uow.clients.update(replace(uow.clients.get("coolsite"), suspended=halt))
        if halt:
            assert "suspended" in visible(browser.get(opened, status=403))
    page = sign_in(browser, browser.get(opened, status=303).follow())
    assert answer(page, "approve")["state"] == "mine"


def test_98_it_stands_where_the_pages_have_a_host_of_their_own_too(tmp_path):
    platform = make_platform(
        tmp_path, storage="sqlalchemy", extra="consentcore.web_url = http://localhost:6543"
    )
    opened = opened_by(platform, Request(state="mine"))
    ways = [platform.browser().get(opened, status=303).location for _ in range(2)]
    pages = []
    for way, email in zip(ways, ("ada@example.org", "grace@example.org"), strict=True):
        browser = platform.browser()
        consent = browser.get(way.removeprefix("http://localhost:6543"))
        pages.append(sign_in(browser, consent.follow(), email))
    assert answer(pages[0], "approve")["state"] == "mine"
    assert pages[1].forms[0].submit("decision", value="approve", expect_errors=True).status_int == 410
    platform.runtime.close()


def test_98_an_unanswered_one_is_on_record_once_and_an_answered_one_not_at_all(platform):
    answered, left = opened_by(platform, Request()), opened_by(platform, Request(scope="alarms.read"))
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    for _ in range(3):
        page = browser.get(answered, status=303).follow()
        browser.get(left, status=303).follow()
    answer(page, "approve")
    with time_machine.travel(time.time() + 601), platform.runtime.storage.transaction() as uow:
        for one in uow.interactions.expired(platform.runtime.clock.now(), 100):
            platform.runtime.service.unanswered.abandon(uow, one)
    assert sorted(events(platform)) == ["abandoned", "granted"]


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
from consentcore.oauth.messages import HttpRequest
from consentcore.runtime import build_runtime
from consentcore.config import load_ini
runtime = build_runtime(load_ini(sys.argv[1]))
server, body = runtime.server, sys.argv[2].encode()
headers = {"content-type": "application/x-www-form-urlencoded"}
print("ready", flush=True)
for _ in sys.stdin:
    print(server.introspection.answer(HttpRequest("POST", "", headers, body)).status, flush=True)
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
