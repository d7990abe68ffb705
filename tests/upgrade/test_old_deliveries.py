"""What commit 26e6d57 had still to tell when it stopped is told: to a real mail server and a real receiver."""

from __future__ import annotations

import json
from collections import Counter
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from standardwebhooks import Webhook

from consentcore.worker.worker import Worker
from tests.support.client_api import basic
from tests.support.platform import ISSUER
from tests.support.ports import reserved_port
from tests.support.sinks import http_sink

DAY = 86_400_000


class Mailbox:
    def __init__(self) -> None:
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.rcpt_tos[0], message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@pytest.fixture
def mailbox():
    box = Mailbox()
    with reserved_port() as port:
        controller = Controller(box, hostname="127.0.0.1", port=port)
        controller.start()
        box.port = port
        yield box
        controller.stop()


@pytest.fixture
def receiver():
    with http_sink() as sink:
        yield sink


@pytest.fixture
def ports(mailbox, receiver):
    return mailbox.port, receiver.port


def states(house) -> Counter:
    """Deliveries by state."""
    found = house.cli("webhooks", "deliveries", "--limit", "500", "--json").json
    return Counter(one["state"] for one in found)


def work(house) -> None:
    """A worker's turn a day after the story."""
    house.clock.advance(DAY)
    Worker(house.platform.runtime).run_once()


def test_what_was_pending_arrives(upgraded, mailbox, receiver):
    before = states(upgraded)
    assert before["pending"] == 4
    work(upgraded)
    after = states(upgraded)
    assert after["pending"] == 0
    assert after["delivered"] >= before["delivered"] + 4
    told = {(got.path, json.loads(got.body)["type"]) for got in receiver.received}
    assert ("/coolsite", "consent.granted") in told
    assert ("/coolsite/v1a", "consent.granted") in told
    grants = {json.loads(got.body)["data"]["grant_id"] for got in receiver.received}
    known = upgraded.facts["grants"]
    assert {known["told of, and not delivered"], known["no worker has seen it"]} <= grants
    to = Counter(address for address, _ in mailbox.mails)
    assert to["zoe@example.org"] >= 1
    assert to["omar@example.org"] >= 1
    assert to["omar.old@example.org"] >= 1


def test_webhooks_are_signed_with_the_secret_of_then(upgraded, receiver):
    work(upgraded)
    secret = upgraded.facts["webhook_secrets"]["coolsite"]
    for got in receiver.received:
        if got.path == "/coolsite":
            # The library holds times against the machine's clock; what is signed is not its age.
            signed = Webhook(secret).sign(got.headers["webhook-id"], _time(got), got.body.decode())
            assert signed.split(",")[1] in got.headers["webhook-signature"]


def test_the_link_of_a_mail_that_waited_sets_a_password(upgraded, mailbox):
    upgraded.clock.advance(60_000)
    Worker(upgraded.platform.runtime).run_once()
    upgraded.clock.advance(120_000)
    Worker(upgraded.platform.runtime).run_once()
    (mail,) = [
        one
        for to, one in mailbox.mails
        if to == "ada@example.org" and "password" in str(one["Subject"]).lower()
    ]
    text = mail.get_body(("plain",)).get_content()
    link = next(word for word in text.split() if word.startswith(f"{ISSUER}/account/reset/new"))
    page = upgraded.platform.browser().get(link.removeprefix(ISSUER))
    form = next(one for one in page.forms.values() if one.action == "/account/reset/new")
    form["password"] = "a staple for the battery"
    form.submit(headers={"Origin": ISSUER}, status=303)
    upgraded.facts["people"]["ada@example.org"]["password"] = "a staple for the battery"
    upgraded.signed_in("ada@example.org")


def test_what_was_held_for_a_disabled_endpoint_can_be_sent_again(upgraded, receiver):
    platform, headers = upgraded.platform, basic("flaky", upgraded.facts["secrets"]["flaky"])
    (endpoint,) = platform.browser().get("/api/v1/endpoints", headers=headers).json["data"]
    assert endpoint["enabled"] is False
    held = platform.browser().get("/api/v1/deliveries?state=held", headers=headers).json["data"]
    assert held
    for one in held:
        path = f"/api/v1/deliveries/{one['delivery_id']}/replay"
        platform.browser().post(path, headers=headers, status=202)
    Worker(platform.runtime).run_once()
    sent = [got for got in receiver.received if got.path == "/flaky"]
    assert len(sent) == len(held)


def _time(got):
    from datetime import UTC, datetime

    return datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), UTC)
