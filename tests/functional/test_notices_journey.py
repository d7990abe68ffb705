"""A consent is given, changed and taken back, and everybody is told: mail in the mailbox, webhooks at the sink."""

from __future__ import annotations

import email
import email.policy
import json
import threading
import uuid
from dataclasses import dataclass, replace

import pytest
from standardwebhooks import Webhook

from consentcore.api import (
    Actor,
    ActorType,
    DeliveryState,
    Evidence,
    GrantState,
    SealedSecret,
    WebhookEndpoint,
)
from consentcore.worker.worker import Worker
from tests.support.delivery_log import attempts_at
from tests.support.platform import (
    ISSUER,
    Platform,
    Request,
    answer,
    connect,
    exchange,
    make_platform,
    proceed,
    sign_in,
    to_consent_page,
)
from tests.support.sinks import Answer, Sink, http_sink

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class Told:
    """A platform whose application listens at a sink."""

    platform: Platform
    sink: Sink
    endpoint_id: str

    @property
    def hooks(self) -> list[dict]:
        """The payloads that came; each must verify."""
        return [Webhook(SECRET).verify(got.body, got.headers) for got in self.sink.received]

    @property
    def mails(self) -> list[email.message.EmailMessage]:
        """Oldest first."""
        folder = self.platform.runtime.registry.settings("devmail").dir
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in sorted(folder.glob("*.eml"))
        ]

    def work(self) -> int:
        return Worker(self.platform.runtime).run_once()


@pytest.fixture
def platform(tmp_path):
    """On SQLite only: what the memory storage does is the unit tests' business."""
    made = make_platform(tmp_path, storage="sqlalchemy")
    yield made
    made.runtime.close()


@pytest.fixture
def told(platform):
    runtime, endpoint_id = platform.runtime, f"ep_{uuid.uuid4().hex}"
    sealed = runtime.keys.seal("webhook", SECRET.encode(), endpoint_id)
    now = runtime.clock.now()
    with http_sink() as sink:
        with runtime.storage.transaction() as uow:
            uow.clients.add_endpoint(
                WebhookEndpoint(
                    endpoint_id, "coolsite", sink.url(), now, secrets=(SealedSecret(sealed, now),)
                )
            )
        yield Told(platform, sink, endpoint_id)


def revoke_access(platform: Platform) -> None:
    """Sign in, press Revoke Access, then Proceed."""
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    confirm = browser.get("/consents").click("Revoke Access")
    assert proceed(confirm).submit(headers={"Origin": ISSUER}).status_int == 303


def test_approve_is_told_to_owner_and_application(told):
    connect(told.platform)
    assert told.work() == 2
    (mail,), (hook,) = told.mails, told.hooks
    assert mail["To"] == "ada@example.org"
    assert mail["Subject"] == "CoolSite can now see your data"
    assert "http://127.0.0.1:6543/consents" in mail.get_body(("plain",)).get_content()
    assert (hook["type"], hook["data"]["sequence"]) == ("consent.granted", 1)
    assert told.sink.received[0].headers["webhook-id"] == mail["X-Consentcore-Event"]
    assert told.work() == 0


def test_revoke_access_is_told_to_owner_and_application(told):
    connect(told.platform)
    told.work()
    revoke_access(told.platform)
    told.work()
    mail, hook = told.mails[-1], told.hooks[-1]
    assert mail["Subject"] == "CoolSite can no longer see your data"
    data = hook["data"]
    assert (hook["type"], data["initiator"], data["scopes"]) == ("consent.revoked", "user", [])
    assert (data["sequence"], data["previous_scopes"]) == (2, ["comfort.read", "sites.read"])
    assert data["subject"] == told.hooks[0]["data"]["subject"]
    assert data["grant_id"] == told.hooks[0]["data"]["grant_id"]


def test_deny_is_told_without_naming_the_person(told):
    _, page = to_consent_page(told.platform, Request())
    answer(page, "deny")
    told.work()
    (mail,), (hook,) = told.mails, told.hooks
    assert mail["Subject"] == "You said no to CoolSite"
    assert hook["type"] == "consent.denied"
    assert {"subject", "grant_id"}.isdisjoint(hook["data"])


def test_code_that_is_used_twice_is_told_to_the_operator_only(told):
    settings = told.platform.runtime.settings
    told.platform.runtime.settings = replace(
        settings, operator=replace(settings.operator, email="ops@energy.example")
    )
    request = Request()
    _, page = to_consent_page(told.platform, request)
    code = answer(page, "approve")["code"]
    exchange(told.platform, request, code)
    told.work()
    exchange(told.platform, request, code)
    assert told.work() == 1
    assert len(told.hooks) == 1
    mail = told.mails[-1]
    assert mail["To"] == "ops@energy.example"
    assert mail["Subject"] == "Security: an authorization code of CoolSite was used twice"
    assert code not in mail.as_string()


def test_disabled_application_loses_every_grant_and_is_told(told):
    connect(told.platform)
    connect(told.platform, email="grace@example.org")
    told.work()
    storage = told.platform.runtime.storage
    with storage.transaction() as uow:
        uow.clients.update(replace(uow.clients.get("coolsite"), enabled=False))
    told.work()
    revoked = [hook["data"] for hook in told.hooks if hook["type"] == "consent.revoked"]
    assert [(one["initiator"], one["reason"]) for one in revoked] == [("system", "client_disabled")] * 2
    assert {mail["To"] for mail in told.mails[-2:]} == {"ada@example.org", "grace@example.org"}


def test_91_96_endpoint_that_is_down_costs_the_person_nothing_and_loses_nothing(told):
    told.sink.answer = Answer(500)
    connect(told.platform)
    assert told.work() == 2
    assert len(told.mails) == 1
    storage, now = told.platform.runtime.storage, told.platform.runtime.clock.now()
    (waiting,) = storage.delivery_log.deliveries(state=DeliveryState.PENDING)
    assert 3_000 <= waiting.next_at - now <= 6_500
    told.sink.answer = Answer()
    assert storage.delivery_log.requeue([waiting.delivery_id], told.platform.runtime.clock.now())
    assert told.work() == 1
    first, second = told.sink.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert [one.outcome for one in attempts_at(storage, waiting.delivery_id)] == ["retry", "delivered"]
    assert (first.headers["consentcore-attempt"], second.headers["consentcore-attempt"]) == ("1", "2")


def test_endpoint_that_says_gone_is_switched_off(told):
    told.sink.answer = Answer(410)
    connect(told.platform)
    told.work()
    with told.platform.runtime.storage.reading() as uow:
        assert uow.clients.endpoint(told.endpoint_id).disabled_reason == "the endpoint answered 410"
    revoke_access(told.platform)
    told.work()
    assert len(told.sink.received) == 1


def test_mailbox_is_shown_in_the_browser(told):
    connect(told.platform)
    told.work()
    browser = told.platform.browser()
    page = browser.get("/_dev/mail")
    assert "CoolSite can now see your data" in page.text
    message = page.click("CoolSite can now see your data")
    assert "style=" in message.click("See it as a mail program shows it").text


def test_application_of_somebody_else_hears_nothing(told):
    connect(told.platform, Request(client_id="shiftplan"))
    assert told.work() == 1
    assert told.sink.received == []
    assert told.mails[0]["Subject"] == "ShiftPlan EV can now see your data"


def test_worker_at_work_tells_of_what_happens(told):
    stop = threading.Event()
    thread = threading.Thread(target=Worker(told.platform.runtime).run, args=(stop,), daemon=True)
    thread.start()
    try:
        connect(told.platform)
        told.sink.wait_for(1)
        revoke_access(told.platform)
        told.sink.wait_for(2)
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()
    assert [hook["type"] for hook in told.hooks] == ["consent.granted", "consent.revoked"]


def test_operators_reason_stays_inside(told):
    connect(told.platform)
    runtime = told.platform.runtime
    with runtime.storage.transaction() as uow:
        (grant,) = uow.grants.all(client_id="coolsite", states=[GrantState.ACTIVE])
        runtime.service.revoke(
            uow,
            grant.grant_id,
            actor=Actor(ActorType.OPERATOR, "eve@energy.example"),
            evidence=Evidence("cli", reason_code="admin", reason_text="Ada phoned on Monday"),
        )
    told.work()
    everything = json.dumps(told.hooks) + "".join(mail.as_string() for mail in told.mails)
    assert "phoned" not in everything
    assert "eve@" not in everything
