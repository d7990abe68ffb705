"""From a sound authorization request to a question, and from the answer back to the client; no web in between."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import pytest

from consentcore.api import Halt
from consentcore.consent import answered, pending
from consentcore.consent.authentication import TOLERANCE_MS
from consentcore.consent.decision import Decision
from consentcore.consent.interaction import AGAIN, APPROVE, DENY, Interactions, Question
from consentcore.consent.pending import Gone, Why
from consentcore.domain.errors import ClientSuspended, InteractionGone
from consentcore.domain.event import Evidence
from consentcore.domain.parties import Actor, ActorType
from consentcore.domain.secret import digest
from consentcore.domain.self_registration import SelfRegistration
from consentcore.oauth.authorization_endpoint import USED_UP
from consentcore.oauth.messages import PageError, Redirect
from consentcore_memory import MemoryStorage
from tests.support.server_scenario import ServerScenario

TTL_MS = 600_000


@dataclass
class Browser:
    """A browser, and how often it was given a mark."""

    name: str = "mine"
    keeps_cookies: bool = True
    marked: list[bytes] = field(default_factory=list)

    @property
    def mark(self):
        self.marked.append(digest(self.name))
        return digest(self.name)

    def has(self, mark):
        return mark == digest(self.name)


class Asked(ServerScenario):
    """A server, and the interactions that its requests become."""

    often = False

    def interactions(self, *, one_host=True):
        return Interactions(
            storage=self.storage,
            catalog=self.catalog,
            service=self.service,
            authorization=self.server.authorization,
            asks_too_often=lambda _owner, _client: self.often,
            ttl_ms=TTL_MS,
            one_host=one_host,
        )

    def settle(self, browser=None, *, session=True, one_host=True, **parameters):
        found = self.pending(session=session, scope="comfort.read", **parameters)
        return self.interactions(one_host=one_host).settle(found, browser or Browser(), self.clock.now())

    def kept(self, question):
        with self.storage.reading() as uow:
            return pending.find(uow, question.interaction_id, self.clock.now())

    def answer(self, question, decision, interaction=None):
        interaction, service = interaction or self.kept(question), self.interactions()
        values = {
            "interaction": interaction,
            "client": self.client,
            "owner": self.owner,
            "evidence": Evidence("button"),
            "snapshot": self.snapshot(),
            "now": self.clock.now(),
        }
        if decision == APPROVE:
            values["decision"] = Decision(("comfort.read",))
        with self.storage.transaction() as uow:
            return getattr(service, decision)(uow, question.interaction_id, **values)

    def repeat(self, gone, decision=AGAIN, *, owner=True, browser=None, session=None):
        with self.storage.transaction() as uow:
            return self.interactions().repeat(
                uow,
                gone,
                decision,
                owner=self.owner if owner else None,
                session=session or self.session,
                browser=browser or Browser(),
                now=self.clock.now(),
                evidence=lambda: Evidence("again"),
            )

    def pushed(self):
        return self.post("par", {"response_type": "code", "scope": "comfort.read"}).json["request_uri"]


@pytest.fixture
def scenario():
    return Asked.begin(MemoryStorage())


def ended(scenario, question):
    with pytest.raises(Gone) as found:
        scenario.kept(question)
    return found.value


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


def test_a_request_whose_sign_in_fell_short_leads_back_once(scenario):
    question = scenario.settle(acr_values="urn:example:better", state="s")
    interaction, before = scenario.kept(question), grants(scenario)
    with scenario.storage.transaction() as uow:
        url = scenario.interactions().refuse(uow, question.interaction_id, interaction, "login_required")
    found = scenario.answered(Redirect(url))
    assert (found["error"], found["state"], found["iss"]) == (
        "login_required",
        "s",
        "https://consent.example",
    )
    assert ended(scenario, question).why is Why.OVER
    assert grants(scenario) == before, "nobody was asked, and nothing is recorded"
    with pytest.raises(InteractionGone), scenario.storage.transaction() as uow:
        scenario.interactions().refuse(uow, question.interaction_id, interaction, "login_required")


def test_an_application_that_is_kept_out_is_not_led_back_to(scenario):
    question = scenario.settle(prompt="login")
    interaction = scenario.kept(question)
    scenario.update_client(scenario.client, enabled=False)
    with pytest.raises(Gone), scenario.storage.transaction() as uow:
        scenario.interactions().refuse(uow, question.interaction_id, interaction, "login_required")
    assert scenario.kept(question) == interaction


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


def grants(scenario):
    with scenario.storage.reading() as uow:
        return list(uow.grants.all())


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
