"""From a sound authorization request to a question; no web in between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.consent import pending
from consentcore.consent.interaction import Question
from consentcore.consent.pending import Gone, Why
from consentcore.domain.parties import Actor, ActorType
from consentcore.domain.secret import digest
from consentcore.domain.self_registration import SelfRegistration
from consentcore.oauth.authorization_endpoint import USED_UP
from consentcore.oauth.messages import PageError, Redirect
from consentcore_memory import MemoryStorage
from tests.support.asked import TTL_MS, Asked, Browser, ended


@pytest.fixture
def scenario():
    return Asked.begin(MemoryStorage())


def test_a_request_is_kept_for_this_browser_and_who_is_signed_in(scenario):
    question = scenario.settle()
    kept = scenario.kept(question)
    assert question == Question(question.interaction_id, sign_in=False)
    assert (kept.session_hash, kept.owner_id) == (digest("mine"), scenario.owner.owner_id)
    assert (kept.created_at, kept.expires_at) == (scenario.clock.now(), scenario.clock.now() + TTL_MS)


@pytest.mark.parametrize(
    ("more", "sign_in", "owned"),
    [
        ({"session": False}, True, False),
        ({"prompt": "login"}, True, False),
        ({"session": False, "one_host": False}, False, False),
        ({"prompt": "select_account"}, True, False),
        ({"prompt": "consent"}, False, True),
        ({"max_age": "0"}, True, False),
        ({"max_age": "0", "session": False, "one_host": False}, True, False),
        ({"max_age": "1"}, False, True),
        ({"acr_values": "urn:example:better"}, True, False),
        ({"acr_values": "urn:example:better urn:example:password"}, False, True),
    ],
)
def test_who_has_to_sign_in_first_owns_nothing_yet(scenario, more, sign_in, owned):
    question = scenario.settle(**more)
    assert question.sign_in is sign_in
    assert scenario.kept(question).owner_id == (scenario.owner.owner_id if owned else "")


def test_where_pages_have_another_host_the_browser_is_not_known_yet(scenario):
    browser = Browser()
    question = scenario.settle(browser, one_host=False)
    found = scenario.kept(question)
    assert found.session_hash == pending.UNBOUND
    assert browser.marked == []
    mine = pending.adopt(scenario.storage, found, browser, scenario.owner.owner_id)
    pending.check_browser(scenario.kept(question), browser, scenario.clock.now())
    assert mine == scenario.kept(question)
    late = pending.adopt(scenario.storage, found, Browser("another"), "")
    with pytest.raises(Gone) as gone:
        pending.check_browser(late, Browser("another"), scenario.clock.now())
    assert gone.value.why is Why.ELSEWHERE


def test_a_remembered_consent_gives_a_code_and_marks_no_browser(scenario):
    scenario.allow("comfort.read")
    browser = Browser()
    redirect = scenario.settle(browser)
    assert isinstance(redirect, Redirect)
    assert "code" in scenario.answered(redirect)
    assert browser.marked == []


def test_a_grant_that_died_since_the_read_is_asked_about(scenario):
    grant = scenario.allow("comfort.read")
    found = scenario.pending(scope="comfort.read")
    scenario.revoke(grant.grant_id, Actor(ActorType.OWNER, scenario.owner.owner_id))
    assert isinstance(scenario.interactions().settle(found, Browser(), scenario.clock.now()), Question)


@pytest.mark.parametrize(("session", "error"), [(True, "consent_required"), (False, "login_required")])
def test_18_nobody_is_asked_for_prompt_none(scenario, session, error):
    browser = Browser()
    refused = scenario.answered(scenario.settle(browser, session=session, prompt="none"))
    assert (refused["error"], browser.marked) == (error, [])


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"max_age": "0"}, "login_required"),
        ({"max_age": "60"}, "login_required"),
        ({"max_age": "61"}, ""),
        ({"acr_values": "urn:example:better"}, "login_required"),
        ({"acr_values": "urn:example:password"}, ""),
        ({"scope": "comfort.read energy.read"}, "consent_required"),
    ],
)
def test_a_remembered_consent_is_not_enough_where_the_sign_in_is_not(scenario, more, error):
    """OpenID Connect Core section 3.1.2.6: nobody is asked, and which error says why."""
    scenario.allow("comfort.read")
    scenario.clock.advance(60_001)
    asked = scenario.pending(**{"scope": "comfort.read", "prompt": "none", **more})
    found = scenario.answered(scenario.interactions().settle(asked, Browser(), scenario.clock.now()))
    assert found.get("error", "") == error
    assert ("code" in found) is (not error)


def test_a_public_client_needs_somebody_to_look_at_it(scenario):
    public = scenario.add_client("public", public=True)
    scenario.approve("comfort.read", client=public)
    pkce = {"code_challenge": scenario.challenge, "code_challenge_method": "S256"}
    asked = scenario.pending(client_id="public", scope="comfort.read", prompt="none", **pkce)
    found = scenario.answered(scenario.interactions().settle(asked, Browser(), scenario.clock.now()))
    assert found["error"] == "interaction_required"


def test_who_is_asked_too_often_is_left_alone(scenario):
    scenario.often = True
    assert scenario.answered(scenario.settle())["error"] == "temporarily_unavailable"
    assert isinstance(scenario.settle(session=False), Question)


@pytest.mark.parametrize(
    ("often", "parameters", "error"),
    [(True, {}, "temporarily_unavailable"), (False, {"prompt": "none"}, "consent_required")],
    ids=["too often", "silently"],
)
def test_rfc_9700_4_11_2_nobody_is_led_unasked_to_an_application_that_nobody_has_checked(
    scenario, often, parameters, error
):
    scenario.often = often
    asked = scenario.pending(session=True, scope="comfort.read", **parameters)

    def settled(**fields):
        client = replace(asked.context.client, self_registered=SelfRegistration(1), **fields)
        found = replace(asked, context=replace(asked.context, client=client))
        return scenario.interactions().settle(found, Browser(), scenario.clock.now())

    refused = settled()
    assert isinstance(refused, PageError), refused
    assert (refused.status, refused.error) == (400, error)
    assert scenario.answered(settled(verified_at=1))["error"] == error


def test_98_a_remembered_consent_uses_an_opened_request_up(scenario):
    uri = scenario.pushed()
    opened = scenario.settle(request_uri=uri)
    scenario.allow("comfort.read")
    found = scenario.pending(request_uri=uri)
    service, now = scenario.interactions(), scenario.clock.now()
    assert isinstance(service.settle(found, Browser(), now), Redirect)
    assert service.settle(found, Browser(), now) == USED_UP
    assert ended(scenario, opened).why is Why.OVER


def test_whose_browser_keeps_no_cookies_is_told_so(scenario):
    found = scenario.kept(scenario.settle())
    with pytest.raises(Gone) as gone:
        pending.check_browser(found, Browser("another", keeps_cookies=False), scenario.clock.now())
    assert gone.value.why is Why.NO_COOKIES
    with pytest.raises(Gone) as gone:
        pending.check_browser(found, Browser(), found.expires_at)
    assert (gone.value.why, gone.value.interaction) == (Why.RAN_OUT, found)
