"""Rich authorization requests (RFC 9396), from the request over the consent page to tokens and what is told of them."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from consentcore.consent.verify import verify_all
from tests.support.platform import (
    ISSUER,
    PASSWORD,
    PREFIX,
    Request,
    answer,
    exchange,
    introspect,
    refresh,
    to_consent_page,
    visible,
)
from tests.support.rich_requests import (
    ADA,
    BOTH,
    READ_DAILY,
    asking,
    grant_of,
    granted,
    registered,
    rich_platform,
    tick,
    with_sites,
    written,
)
from tests.support.storages import EVERY_STORAGE


@pytest.fixture
def storage_name():
    return "memory"


@pytest.fixture
def platform(request, tmp_path, monkeypatch, storage_name):
    yield from rich_platform(storage_name, request, tmp_path, monkeypatch)


def again(platform, browser, request):
    """The same browser follows a further request; what came of it."""
    return browser.get(request.url, expect_errors=True)


def error_of(response):
    found = parse_qs(urlsplit(response.location).query)
    return found["error"][0], found["error_description"][0]


class TestEveryStorage:
    """What is granted is what is told, whatever keeps it."""

    @pytest.fixture(params=EVERY_STORAGE)
    def storage_name(self, request):
        return request.param

    def test_granted_details_are_told_with_what_the_owner_chose(self, platform):
        tokens = granted(platform, asking(BOTH, scope="sites.read"), "site|lyon-2").json
        told = [with_sites(BOTH, "lyon-2")]
        assert tokens["authorization_details"] == told
        assert tokens["resources"] == told[0]["resources"]
        assert introspect(platform, tokens["access_token"])["authorization_details"] == told
        narrower = [{**READ_DAILY, "resources": told[0]["resources"]}]
        fresh = refresh(platform, tokens["refresh_token"], authorization_details=json.dumps(narrower)).json
        assert fresh["authorization_details"] == [with_sites(READ_DAILY, "lyon-2")]
        assert introspect(platform, fresh["access_token"])["authorization_details"] == narrower
        whole = refresh(platform, fresh["refresh_token"]).json
        assert whole["authorization_details"] == told
        assert verify_all(platform.runtime.storage, platform.runtime.keys).ok


def test_details_alone_ask_for_no_scope(platform):
    answered = granted(platform, asking(READ_DAILY)).json
    assert "scope" not in answered
    assert answered["authorization_details"] == [with_sites(READ_DAILY, "lyon-1")]
    told = introspect(platform, answered["access_token"])
    assert (told["active"], told["scope"]) == (True, "")
    fresh = refresh(platform, answered["refresh_token"]).json
    assert fresh["authorization_details"] == answered["authorization_details"]


def test_detail_is_shown_in_words_and_in_the_language_of_the_person(platform):
    _, page = to_consent_page(platform, asking(BOTH))
    for text in (
        "CoolSite asks to see your data",
        "Readings of your meters",
        "What it would do: Read them whenever it needs them · Download them as a file",
        "Which readings: One total per day · Every 15 minutes",
        "It could not see what is not listed here.",
        "From which sites?",
    ):
        assert text in visible(page)
    assert "meter_readings" not in visible(page)
    for tag, words in (
        ("de", "Welche Messwerte: Eine Summe pro Tag"),
        ("fr", "Quels relevés : Un total par jour"),
        ("es", "Qué lecturas: Un total por día"),
    ):
        _, page = to_consent_page(platform, asking(READ_DAILY, extra={"ui_locales": tag}))
        assert words in visible(page).replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\xa0", " ")


def test_rfc9396_12_words_of_an_application_are_escaped_where_they_are_shown(platform):
    address = "https://api.example/<script>alert(1)</script>"
    _, page = to_consent_page(platform, asking({**READ_DAILY, "locations": [address]}))
    assert "<script>alert" not in page.text
    assert "https://api.example/&lt;script&gt;alert(1)&lt;/script&gt;" in page.text


def test_nothing_is_granted_where_nothing_was_chosen(platform):
    _, page = to_consent_page(platform, asking(READ_DAILY))
    refused = page.forms[0].submit("decision", value="approve", expect_errors=True)
    assert refused.status_int == 400
    assert "Please choose at least one site" in visible(refused)
    with platform.runtime.storage.reading() as uow:
        assert list(uow.grants.all()) == []


def test_type_that_the_client_is_not_registered_for_is_refused(platform):
    registered(platform, "other")
    response = platform.browser().get(asking(READ_DAILY).url)
    error, said = error_of(response)
    assert error == "invalid_authorization_details"
    assert said == "authorization_details[0].type: expected one that this client is registered for"


def test_pushed_details_are_judged_when_they_are_pushed_and_go_through(platform):
    def push(*details):
        body = {
            "client_id": "coolsite",
            "client_secret": platform.client_secret,
            "response_type": "code",
            "redirect_uri": Request().redirect_uri,
            "authorization_details": written(*details),
        }
        return platform.browser().post(f"{PREFIX}/par", body, expect_errors=True)

    refused = push({**READ_DAILY, "datatypes": "daily"})
    assert (refused.status_int, refused.json["error"]) == (400, "invalid_authorization_details")
    assert refused.json["error_description"].startswith("authorization_details[0].datatypes: expected a list")
    request = asking(READ_DAILY)
    pushed = push(READ_DAILY).json["request_uri"]
    request.extra = {"request_uri": pushed}
    _, page = to_consent_page(platform, request)
    tick(page, "site|lyon-1")
    tokens = exchange(platform, request, answer(page, "approve")["code"], code_verifier=None).json
    assert tokens["authorization_details"] == [with_sites(READ_DAILY, "lyon-1")]


def test_code_exchange_may_narrow_and_the_refresh_token_keeps_all(platform):
    request = asking(BOTH)
    _, page = to_consent_page(platform, request)
    tick(page, "site|lyon-1", "site|lyon-2")
    code = answer(page, "approve")["code"]
    narrow = [with_sites(READ_DAILY, "lyon-1")]
    tokens = exchange(platform, request, code, authorization_details=json.dumps(narrow)).json
    assert tokens["authorization_details"] == narrow
    assert introspect(platform, tokens["access_token"])["authorization_details"] == narrow
    fresh = refresh(platform, tokens["refresh_token"]).json
    assert fresh["authorization_details"] == [with_sites(BOTH, "lyon-1", "lyon-2")]


@pytest.mark.parametrize(
    ("changed", "member"),
    [
        ({"datatypes": ["daily", "live"]}, "datatypes"),
        ({"history_months": 36}, "history_months"),
        ({"actions": []}, "actions"),
        ({"colour": "blue"}, "colour"),
        ({"type": "payments"}, "type"),
        ({"resources": [{"type": "site", "identifiers": ["lyon-2"]}]}, "resources"),
        ({"resources": []}, "resources"),
        ({"resources": [{"type": "device", "identifiers": ["*"]}]}, "resources"),
        ({"resources": "*"}, "resources"),
    ],
)
def test_token_request_never_widens(platform, changed, member):
    request = asking({**BOTH, "datatypes": ["daily"]})
    _, page = to_consent_page(platform, request)
    tick(page, "site|lyon-1")
    code = answer(page, "approve")["code"]
    wider = written({**BOTH, "datatypes": ["daily"], **changed})
    refused = exchange(platform, request, code, authorization_details=wider)
    assert (refused.status_int, refused.json["error"]) == (400, "invalid_authorization_details")
    assert refused.json["error_description"].startswith(f"authorization_details[0].{member}: ")
    tokens = exchange(platform, request, code).json  # nothing was used up by the refusal
    refused = refresh(platform, tokens["refresh_token"], authorization_details=wider)
    assert (refused.status_int, refused.json["error"]) == (400, "invalid_authorization_details")
    assert refresh(platform, tokens["refresh_token"]).status_int == 200


def test_token_request_without_any_granted_detail_gets_none(platform):
    request = Request(scope="sites.read")
    _, page = to_consent_page(platform, request)
    tick(page, "site|lyon-1")
    code = answer(page, "approve")["code"]
    refused = exchange(platform, request, code, authorization_details=written(READ_DAILY))
    assert refused.json["error"] == "invalid_authorization_details"
    assert "authorization_details" not in exchange(platform, request, code).json


def test_remembered_consent_answers_only_for_what_is_within_what_was_granted(platform):
    request = asking(BOTH)
    browser, page = to_consent_page(platform, request)
    tick(page, "site|lyon-1")
    answer(page, "approve")
    within = asking(READ_DAILY)
    response = again(platform, browser, within)
    code = parse_qs(urlsplit(response.location).query)["code"][0]
    assert exchange(platform, within, code).json["authorization_details"] == [
        with_sites(READ_DAILY, "lyon-1")
    ]
    for more in (
        {**BOTH, "datatypes": ["live"]},
        {**READ_DAILY, "history_months": 1},
        {**READ_DAILY, "locations": ["https://api.example"]},
    ):
        response = again(platform, browser, asking(more))
        assert "/consent?" in response.location
        refused = again(platform, browser, asking(more, extra={"prompt": "none"}))
        assert error_of(refused)[0] == "consent_required"


def test_amendment_marks_what_is_new_and_says_what_stays(platform):
    browser, page = to_consent_page(platform, asking(READ_DAILY, scope="sites.read"))
    tick(page, "site|lyon-1")
    answer(page, "approve")
    live = {**READ_DAILY, "datatypes": ["live"]}
    page = again(platform, browser, asking(live)).follow()
    said = visible(page)
    assert "Readings of your meters new" in said
    assert "What you allowed in detail before, and what stays as it is" in said
    assert said.index("What is measured now") < said.index("One total per day")
    answer(page, "approve")
    assert len(grant_of(platform).authorization_details) == 2
    page = again(platform, browser, asking(BOTH)).follow()
    assert "Readings of your meters changed" in visible(page)
    answer(page, "approve")
    kept = [json.loads(one)["detail"] for one in grant_of(platform).authorization_details]
    assert kept == [live, BOTH]


def test_what_is_wider_than_what_is_asked_this_time_is_shown_as_what_stays(platform):
    """However much both have in common, it stays; a page that left it out would hide what is allowed."""
    granted(platform, asking(BOTH, scope="sites.read"))
    _, page = to_consent_page(platform, asking(READ_DAILY, scope="sites.read", extra={"prompt": "consent"}))
    said = visible(page)
    stays = said[said.index("What you allowed in detail before, and what stays as it is") :]
    assert "One total per day · Every 15 minutes" in stays
    answer(page, "approve")
    assert [json.loads(one)["detail"] for one in grant_of(platform).authorization_details] == [BOTH]


@pytest.mark.parametrize("signed_in", [True, False])
def test_rfc9396_5_more_details_than_one_permission_holds_are_refused_before_any_page(platform, signed_in):
    browser = None
    for count in range(5):
        many = [{**READ_DAILY, "locations": [f"https://{count}.example/{n}"]} for n in range(10)]
        browser, page = to_consent_page(platform, asking(*many, scope="sites.read"))
        tick(page, "site|lyon-1")
        answer(page, "approve")
    before = grant_of(platform)
    assert len(before.authorization_details) == 50
    more = asking({**READ_DAILY, "locations": ["https://one.example/more"]}, scope="sites.read")
    if signed_in:
        found = browser.get(more.url, status=303).follow(status=303)
    else:
        browser = platform.browser()
        form = browser.get(more.url, status=303).follow().forms[0]
        form["email"], form["password"] = ADA, PASSWORD
        found = form.submit(headers={"Origin": ISSUER}, status=303).follow(status=303)
    assert error_of(found) == (
        "invalid_authorization_details",
        "authorization_details: expected at most 50 in one permission",
    )
    assert grant_of(platform) == before
    same = asking({**READ_DAILY, "locations": ["https://4.example/9"]}, scope="sites.read")
    assert "code" in browser.get(same.url, status=303).location


def test_detail_that_is_taken_back_takes_it_from_tokens_at_once(platform):
    from dataclasses import replace

    from consentcore.consent.ledger import seal_of

    tokens = granted(platform, asking(BOTH, scope="sites.read")).json
    grant = grant_of(platform)
    smaller = replace(grant, authorization_details=())
    with platform.runtime.storage.transaction() as uow:
        sealed = replace(smaller, seal=seal_of(platform.runtime.keys, smaller))
        uow.grants.update(sealed, expected_sequence=grant.sequence)
    told = introspect(platform, tokens["access_token"])
    assert told["active"]
    assert "authorization_details" not in told
    assert "authorization_details" not in refresh(platform, tokens["refresh_token"]).json


def test_unticked_site_leaves_every_detail_at_once(platform):
    tokens = granted(platform, asking(BOTH), "site|lyon-1", "site|lyon-2").json
    grant = grant_of(platform)
    from consentcore.api import Evidence
    from consentcore.consent.narrowing import Remainder
    from consentcore.domain.parties import Actor, ActorType

    left = Remainder(grant.scope_ids, ("site|lyon-2",), grant.expires_at)
    actor = Actor(ActorType.OWNER, grant.owner_id)
    with platform.runtime.storage.transaction() as uow:
        platform.runtime.service.narrowing.narrow(
            uow, grant.grant_id, left, actor=actor, evidence=Evidence("button:narrow")
        )
    told = introspect(platform, tokens["access_token"])
    assert told["authorization_details"] == [with_sites(BOTH, "lyon-2")]


def test_row_with_more_details_than_were_granted_gives_nothing(platform):
    from dataclasses import replace

    tokens = granted(platform, asking(READ_DAILY)).json
    grant = grant_of(platform)
    forged = grant.authorization_details[0].replace("daily", "live")
    with platform.runtime.storage.bare.transaction() as uow:
        uow.grants.update(replace(grant, authorization_details=(forged,)), expected_sequence=grant.sequence)
    assert introspect(platform, tokens["access_token"]) == {"active": False}
    found = verify_all(platform.runtime.storage, platform.runtime.keys).problems
    assert "authorization_details" in str(found)
