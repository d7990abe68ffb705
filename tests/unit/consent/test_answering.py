"""From the answer to a request back to the client; no web in between."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from consentcore.api import Halt
from consentcore.consent import answered, pending
from consentcore.consent.answering import APPROVE, DENY
from consentcore.consent.authentication import TOLERANCE_MS
from consentcore.consent.pending import Gone, Why
from consentcore.domain.errors import ClientSuspended, InteractionGone
from consentcore.domain.parties import Actor, ActorType
from consentcore.domain.secret import digest
from consentcore.oauth.messages import Redirect
from consentcore_memory import MemoryStorage
from tests.support.asked import TTL_MS, Asked, Browser, ended, grants


@pytest.fixture
def scenario():
    return Asked.begin(MemoryStorage())


def test_a_request_whose_sign_in_fell_short_leads_back_once(scenario):
    question = scenario.settle(acr_values="urn:example:better", state="s")
    interaction, before = scenario.kept(question), grants(scenario)
    with scenario.storage.transaction() as uow:
        url = scenario.interactions().answers.refuse(
            uow, question.interaction_id, interaction, "login_required"
        )
    found = scenario.answered(Redirect(url))
    assert (found["error"], found["state"], found["iss"]) == (
        "login_required",
        "s",
        "https://consent.example",
    )
    assert ended(scenario, question).why is Why.OVER
    assert grants(scenario) == before, "nobody was asked, and nothing is recorded"
    with pytest.raises(InteractionGone), scenario.storage.transaction() as uow:
        scenario.interactions().answers.refuse(uow, question.interaction_id, interaction, "login_required")


def test_an_application_that_is_kept_out_is_not_led_back_to(scenario):
    question = scenario.settle(prompt="login")
    interaction = scenario.kept(question)
    scenario.update_client(scenario.client, enabled=False)
    with pytest.raises(Gone), scenario.storage.transaction() as uow:
        scenario.interactions().answers.refuse(uow, question.interaction_id, interaction, "login_required")
    assert scenario.kept(question) == interaction


def test_an_answer_leads_back_and_counts_once(scenario):
    question = scenario.settle()
    interaction = scenario.kept(question)
    assert "code=" in scenario.answer(question, APPROVE)
    gone = ended(scenario, question)
    assert (gone.why, gone.answer.decision) == (Why.ANSWERED, APPROVE)
    with pytest.raises(InteractionGone):
        scenario.answer(question, DENY, interaction)


def test_an_approval_is_repeated_with_a_further_code_and_a_denial_as_it_was(scenario):
    denied = scenario.settle()
    url = scenario.answer(denied, DENY)
    assert scenario.repeat(ended(scenario, denied)) == url
    approved = scenario.settle()
    first = scenario.answer(approved, APPROVE)
    again = scenario.repeat(ended(scenario, approved), APPROVE)
    assert "code=" in again
    assert again != first
    (grant,) = (one for one in grants(scenario) if one.is_active(scenario.clock.now()))
    scenario.revoke(grant.grant_id, Actor(ActorType.OWNER, scenario.owner.owner_id))
    assert "error=access_denied" in scenario.repeat(ended(scenario, approved))


def test_nobody_else_has_an_answer_repeated(scenario):
    question = scenario.settle()
    scenario.answer(question, APPROVE)
    gone = ended(scenario, question)
    for wrong in (
        {"decision": DENY},
        {"owner": False},
        {"browser": Browser("another")},
    ):
        with pytest.raises(Gone) as found:
            scenario.repeat(gone, **wrong)
        assert found.value is gone
    scenario.clock.advance(TTL_MS)
    with pytest.raises(Gone):
        scenario.repeat(gone)


@pytest.mark.parametrize(
    ("asked", "sign_in"),
    [
        ({"acr_values": "urn:example:better urn:example:password"}, {"acr": "urn:example:weaker"}),
        ({"max_age": "60"}, {"auth_time": -60_001, "created_at": -60_001}),
        ({"max_age": "60"}, {"auth_time": -60_001 - TOLERANCE_MS, "created_at": 1}),
        ({"prompt": "select_account"}, {"created_at": -1}),
    ],
)
def test_rfc9470_5_who_has_signed_in_otherwise_since_gets_no_further_code(scenario, asked, sign_in):
    now = scenario.clock.now()
    good = replace(scenario.session, acr="urn:example:password", auth_time=now, created_at=now)
    question = scenario.settle(**asked)
    kept = replace(scenario.kept(question), owner_id=scenario.owner.owner_id)
    scenario.answer(question, APPROVE, kept)
    gone = ended(scenario, question)
    changes = {name: value if name == "acr" else now + value for name, value in sign_in.items()}
    with pytest.raises(Gone) as found:
        scenario.repeat(gone, session=replace(good, **changes))
    assert found.value is gone
    scenario.clock.advance(TTL_MS - 1)
    assert "code=" in scenario.repeat(gone, session=good), "counted from when the request came in"


def test_an_answer_that_an_earlier_release_kept_counts_as_asked_when_it_was_answered(scenario):
    question = scenario.settle()
    scenario.answer(question, APPROVE)
    now = scenario.clock.now()
    with scenario.storage.transaction() as uow:
        ticket = uow.tickets.get(digest(f"answered|{question.interaction_id}"), now)
        payload = json.loads(ticket.payload)
        del payload["asked_at"]
        older = replace(ticket, ticket_hash=digest("answered|older"), payload=json.dumps(payload))
        uow.tickets.add(older)
        assert answered.find(uow, "older", now + 5).asked_at == now


def test_an_application_that_is_kept_out_gets_no_answer_again(scenario):
    question = scenario.settle()
    scenario.answer(question, APPROVE)
    gone = ended(scenario, question)
    scenario.update_client(scenario.client, suspended=Halt(scenario.clock.now()))
    with pytest.raises(ClientSuspended):
        scenario.repeat(gone)
    scenario.update_client(scenario.client, enabled=False)
    with pytest.raises(Gone) as found:
        scenario.repeat(gone)
    assert found.value.why is Why.WITHDRAWN


def test_98_all_openings_of_a_pushed_request_end_with_one_answer(scenario):
    uri = scenario.pushed()
    mine, again, other = (
        scenario.settle(browser, request_uri=uri) for browser in (Browser(), Browser(), Browser("other"))
    )
    assert mine == again
    assert pending.shared_of(mine.interaction_id) == pending.shared_of(other.interaction_id) != ""
    assert scenario.kept(mine).expires_at == scenario.kept(other).expires_at
    scenario.answer(mine, APPROVE)
    assert ended(scenario, other).why is Why.ANSWERED
