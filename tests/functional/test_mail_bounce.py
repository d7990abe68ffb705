"""A mail that the server refuses for good is not tried again, and whoever can do something sees it."""

from __future__ import annotations

import logging

import pytest
from aiosmtpd.controller import Controller

from consentcore.domain.event import Evidence
from consentcore.domain.notice import DeliveryState
from consentcore.domain.parties import Actor, ActorType
from consentcore.ports.deliveries import Settlement
from consentcore.ports.storage import transact
from consentcore.worker.worker import Worker
from tests.support.delivery_log import attempts_at
from tests.support.platform import connect, decide, make_platform, sign_in, visible
from tests.support.ports import reserved_port


class Server:
    """:ivar answer: to every recipient.

    :ivar tries: how often one was named.
    """

    answer = "550 5.1.1 <ada@example.org> no such mailbox"
    tries = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.tries += 1
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server, session, envelope):
        return "250 OK"


@pytest.fixture
def server():
    handler = Server()
    with reserved_port() as port:
        controller = Controller(handler, hostname="127.0.0.1", port=port)
        controller.start()
        handler.port = port
        yield handler
        controller.stop()


@pytest.fixture
def platform(tmp_path, monkeypatch, server):
    monkeypatch.setenv("CONSENTCORE_NOTIFIERS", "smtp")
    lines = {"host": "127.0.0.1", "port": server.port, "tls": "none", "sender": "consent@lumen.example"}
    made = make_platform(
        tmp_path,
        extra="\n".join(f"consentcore.plugin.smtp.{name} = {value}" for name, value in lines.items()),
    )
    yield made
    made.runtime.close()


def end(platform, grant) -> None:
    runtime, actor = platform.runtime, Actor(ActorType.OWNER, grant.owner_id)
    transact(
        runtime.storage,
        lambda uow: runtime.service.revoke(
            uow, grant.grant_id, actor=actor, evidence=Evidence("dialog:proceed")
        ),
    )


def ada(platform):
    with platform.runtime.storage.reading() as uow:
        return uow.owners.by_email("ada@example.org")


def page_of(platform, grant) -> str:
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    return visible(browser.get(f"/consents/{grant.grant_id}"))


def test_96_hard_bounce_is_not_tried_again_and_is_seen(platform, server, caplog):
    grant = decide(platform, ada(platform))
    end(platform, grant)
    with caplog.at_level(logging.WARNING, "consentcore.worker"):
        worker = Worker(platform.runtime)
        assert worker.run_once() == 2
        assert worker.run_once() == 0
    assert server.tries == 2
    delivery_log = platform.runtime.storage.delivery_log
    bounced = delivery_log.deliveries(state=DeliveryState.REJECTED)
    assert [one.last_error for one in bounced] == ["the server refused the recipient for good"] * 2
    (attempt,) = attempts_at(platform.runtime.storage, bounced[0].delivery_id)
    assert (attempt.outcome, attempt.status, attempt.answer) == ("reject", 550, "5.1.1 <…> no such mailbox")
    assert caplog.text.count("not delivered (rejected)") == 2
    assert "ada@example.org" not in caplog.text
    text = page_of(platform, grant)
    assert "The e-mail about it could not be delivered to ada@example.org." in text


@pytest.mark.parametrize("allow", [True, False], ids=["approved", "denied"])
def test_bounce_is_seen_on_a_consent_that_did_not_end(platform, server, allow):
    grant = decide(platform, ada(platform), allow=allow)
    said = "The e-mail about it could not be delivered to ada@example.org."
    assert said not in page_of(platform, grant)
    Worker(platform.runtime).run_once()
    assert said in page_of(platform, grant)


def test_consent_is_valid_without_its_mail(platform, server):
    tokens = connect(platform)
    Worker(platform.runtime).run_once()
    assert tokens["access_token"]
    assert platform.runtime.storage.delivery_log.deliveries(state=DeliveryState.REJECTED)


def test_96_greylisting_is_waited_out(platform, server):
    server.answer = "451 4.7.1 come back later"
    grant = decide(platform, ada(platform))
    end(platform, grant)
    Worker(platform.runtime).run_once()
    waiting = platform.runtime.storage.delivery_log.deliveries(state=DeliveryState.PENDING)
    now = platform.runtime.clock.now()
    assert all(40_000 < one.next_at - now < 80_000 for one in waiting)
    assert "You get an e-mail at ada@example.org" in page_of(platform, grant)
    server.answer = "250 OK"
    platform.runtime.storage.delivery_log.requeue([one.delivery_id for one in waiting], now)
    Worker(platform.runtime).run_once()
    assert "An e-mail was sent to ada@example.org" in page_of(platform, grant)


FAULTS = [
    "550 5.7.1 <ada@example.org>: Relay access denied",
    "554 5.7.1 sender is not verified",
    "530 5.7.0 authentication required",
    "550 5.4.5 daily sending limit exceeded",
]


@pytest.mark.parametrize("answer", FAULTS)
def test_what_the_operator_has_set_wrong_is_told_to_the_operator_and_to_no_owner(
    platform, server, caplog, answer
):
    """It is tried on, whatever the schedule says, and arrives once it is mended."""
    server.answer = answer
    grant = decide(platform, ada(platform))
    delivery_log, worker = platform.runtime.storage.delivery_log, Worker(platform.runtime)
    for _ in range(8):  # the schedule of smtp has five waits
        with caplog.at_level(logging.ERROR, "consentcore.worker"):
            caplog.clear()
            assert worker.run_once() == 1
        (line,) = [record.getMessage() for record in caplog.records]
        assert "via=smtp" in line
        assert "for the operator to mend: the mail server refuses to pass on our mail" in line
        assert "ada@example.org" not in line
        (waiting,) = delivery_log.deliveries(state=DeliveryState.PENDING)
        assert "could not" not in page_of(platform, grant)
        make_due(platform, waiting)
    server.answer = "250 OK"
    worker.run_once()
    assert delivery_log.deliveries(state=DeliveryState.PENDING) == []
    assert server.tries == 9


def make_due(platform, delivery) -> None:
    """As if its time had come: a replay would be another kind of try."""
    outbox, now = platform.runtime.storage.outbox, platform.runtime.clock.now()
    claim = {"limit": 9, "lease_ms": 40_000, "notifiers": ("smtp",)}
    (claimed,) = outbox.claim_deliveries(max(now, delivery.next_at), **claim)
    settled = Settlement(claimed.delivery_id, claimed.lease_token, DeliveryState.PENDING, now, next_at=now)
    assert outbox.settle_all([settled]) == [True]


def test_a_mail_that_was_given_up_is_no_fault_of_the_address(platform, server):
    server.answer = "451 4.7.1 come back later"
    grant = decide(platform, ada(platform))
    delivery_log = platform.runtime.storage.delivery_log
    worker = Worker(platform.runtime)
    for _ in range(6):
        worker.run_once()
        for waiting in delivery_log.deliveries(state=DeliveryState.PENDING):
            make_due(platform, waiting)
    assert delivery_log.deliveries(state=DeliveryState.DEAD)
    text = page_of(platform, grant)
    assert "The e-mail about it could not be sent. That is for us to mend" in text
    assert "your address is right" not in text
