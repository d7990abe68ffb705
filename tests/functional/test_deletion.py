"""What an application has to delete after an end: until when, its word that it did, and what the owner sees of it."""

from __future__ import annotations

import json

import pytest

from consentcore.domain.clock import DAY, from_iso
from consentcore.domain.event_kinds import EventType
from consentcore.webhooks.service import EndpointUpdate
from consentcore.worker.worker import Worker
from tests.support.client_api import GRANTS, call
from tests.support.command_line import Cli
from tests.support.platform import ISSUER, connect, make_platform, proceed, sign_in
from tests.support.sinks import http_sink


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path, storage="sqlalchemy")
    yield made
    made.runtime.close()


@pytest.fixture
def ended(platform):
    """A permission that its owner has withdrawn; her browser."""
    connect(platform)
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    (grant,) = call(platform, GRANTS).json["data"]
    page = browser.get(f"/consents/{grant['grant_id']}/revoke")
    proceed(page).submit(headers={"Origin": ISSUER})
    return grant["grant_id"], browser


def chain(platform, grant_id):
    with platform.runtime.storage.reading() as uow:
        return list(uow.ledger.of_grant(grant_id))


def test_wd_10_the_webhook_of_an_end_says_until_when_to_delete(platform):
    with http_sink() as sink:
        with platform.runtime.storage.reading() as uow:
            client = uow.clients.get("coolsite")
        new = platform.runtime.webhooks.prepare(client, EndpointUpdate(url=sink.url()))
        with platform.runtime.storage.transaction() as uow:
            platform.runtime.webhooks.add(uow, new)
        connect(platform)
        browser = platform.browser()
        sign_in(browser, browser.get("/login"))
        (grant,) = call(platform, GRANTS).json["data"]
        proceed(browser.get(f"/consents/{grant['grant_id']}/revoke")).submit(headers={"Origin": ISSUER})
        Worker(platform.runtime).run_once()
        told = [json.loads(one.body) for one in sink.received]
    data = {one["type"]: one["data"] for one in told}
    assert "deletion_due_at" not in data["consent.granted"]
    revoked = data["consent.revoked"]
    assert from_iso(revoked["deletion_due_at"]) == from_iso(revoked["effective_at"]) + 30 * DAY


def test_wd_10_the_word_of_the_application_is_recorded_once_and_shown(platform, ended):
    grant_id, browser = ended
    page = browser.get(f"/consents/{grant_id}")
    assert "to delete what it received" in page.text
    first = call(platform, f"{GRANTS}/{grant_id}/deletion", "POST").json
    again = call(platform, f"{GRANTS}/{grant_id}/deletion", "POST").json
    assert first == again
    events = chain(platform, grant_id)
    assert [one.type for one in events] == [
        EventType.GRANTED,
        EventType.WITHDRAWN,
        EventType.DELETION_CONFIRMED,
    ]
    assert events[-1].event_id == first["event_id"]
    assert from_iso(first["due_at"]) == events[1].occurred_at + 30 * DAY
    body = json.loads(events[-1].body)
    assert (body["actor"]["type"], body["state_after"]) == ("client", "withdrawn")
    page = browser.get(f"/consents/{grant_id}")
    assert "has confirmed that it deleted what it had received" in page.text
    assert "has until" not in page.text
    assert "You revoked it" in page.text
    assert "deletion confirmed by the application" in browser.get("/consents/history").text


def test_a_permission_that_stands_has_nothing_to_delete(platform):
    connect(platform)
    (grant,) = call(platform, GRANTS).json["data"]
    refused = call(platform, f"{GRANTS}/{grant['grant_id']}/deletion", "POST", status=409).json
    assert refused["error_description"] == "The grant stands, or no event says yet that it has ended"
    assert len(chain(platform, grant["grant_id"])) == 1


def test_nobody_confirms_for_another_application(platform, ended):
    grant_id, _ = ended
    call(platform, f"{GRANTS}/{grant_id}/deletion", "POST", client_id="shiftplan", status=404)
    assert len(chain(platform, grant_id)) == 2


def test_the_evidence_is_intact_with_it(platform, ended, tmp_path):
    grant_id, _ = ended
    call(platform, f"{GRANTS}/{grant_id}/deletion", "POST")
    Worker(platform.runtime).run_once()
    ini = (tmp_path / "test.ini").read_text()
    cli = Cli(tmp_path)
    cli.ini.write_text(ini)
    assert cli("audit", "verify").code == 0
