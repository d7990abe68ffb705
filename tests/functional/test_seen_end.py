"""What was confirmed before an end is evidence, like the page of a decision: it can be seen again as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.consent.past_decision import past_decision
from consentcore.domain.clock import from_iso
from consentcore.domain.event_kinds import EventType
from tests.support.platform import ISSUER, Request, connect, make_platform, proceed, sign_in

HEADERS = {"Origin": ISSUER}


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path, storage="sqlalchemy")
    yield made
    made.runtime.close()


def events(platform):
    with platform.runtime.storage.reading() as uow:
        owner = uow.owners.by_email("ada@example.org")
        return [one for one in uow.ledger.of_owner(owner.owner_id) if one.type is EventType.WITHDRAWN]


def seen(platform, event):
    with platform.runtime.storage.reading() as uow:
        return past_decision(uow, platform.runtime.keys, event.event_id)


def signed_in(platform):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    return browser


def grant_id(platform):
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all()
    return grant.grant_id


def text_of(page):
    soup = page.html.html
    for unseen in soup(["script", "style"]):
        unseen.decompose()
    return [" ".join(text.split()) for text in soup.stripped_strings]


def test_db_40_what_was_read_before_proceed_can_be_seen_again(platform):
    connect(platform)
    browser, before = signed_in(platform), platform.runtime.clock.now()
    page = browser.get(f"/consents/{grant_id(platform)}/revoke")
    shown = text_of(page)
    proceed(page).submit(headers=HEADERS)
    (event,) = events(platform)
    found = seen(platform, event)
    said = found.page.strings("[erased]")
    left = iter(said)
    assert [text for text in shown if text not in left] == []
    assert {"Proceed", "Keep access"} <= set(said)
    assert found.evidence["indication_method"] == "dialog:proceed"
    assert before <= from_iso(found.evidence["presented_at"]) <= platform.runtime.clock.now()
    assert (found.page.content["template"], found.locale) == ("revoke.jinja2", "en")
    assert found.page.content["ui_version"] == found.evidence["ui_version"]
    assert found.page.controls[-1]["type"] == "submit"
    again = browser.get(f"/consents/{event.grant_id}/seen/{event.event_id}")
    assert "Keep access" in again.html.select_one("section.seen").text
    history = browser.get("/consents/history")
    assert f"/consents/{event.grant_id}/seen/{event.event_id}" in history.text


def test_nothing_secret_and_nobody_stands_in_what_was_confirmed(platform):
    connect(platform)
    page = signed_in(platform).get(f"/consents/{grant_id(platform)}/revoke")
    form = proceed(page)
    hidden = [form["csrf_token"].value, form["shown"].value, "ada@example.org"]
    form.submit(headers=HEADERS)
    (event,) = events(platform)
    with platform.runtime.storage.reading() as uow:
        content = uow.ledger.snapshot(seen(platform, event).snapshot_hash).content
        hidden.append(uow.owners.by_email("ada@example.org").name)
    assert [text for text in hidden if text and text in content] == []


def test_of_all_at_once_each_end_names_the_one_page(platform):
    connect(platform)
    connect(platform, Request(client_id="shiftplan"))
    page = signed_in(platform).get("/consents/revoke-all")
    form = next(one for one in page.forms.values() if one.action.endswith("revoke-all"))
    form.submit(headers=HEADERS)
    hashes = {seen(platform, event).snapshot_hash for event in events(platform)}
    assert len(events(platform)) == 2
    assert len(hashes) == 1
    assert "ShiftPlan EV" in seen(platform, events(platform)[0]).page.strings("")


def test_by_the_link_of_a_receipt_the_page_is_kept_without_the_address(platform):
    connect(platform)
    with platform.runtime.storage.reading() as uow:
        (event,) = uow.ledger.of_grant(grant_id(platform))
        name = platform.runtime.receipts.name_for(event)
    page = platform.browser().get(f"/receipts/{name}/revoke")
    proceed(page).submit(headers=HEADERS)
    (end,) = events(platform)
    found = seen(platform, end)
    assert found.evidence["indication_method"] == "link:receipt"
    with platform.runtime.storage.reading() as uow:
        assert name not in uow.ledger.snapshot(found.snapshot_hash).content


@pytest.mark.parametrize("how", ["another text by now", "no stamp", "a stamp of somebody else"])
def test_an_end_waits_for_nothing(platform, how):
    connect(platform)
    form = proceed(signed_in(platform).get(f"/consents/{grant_id(platform)}/revoke"))
    if how == "another text by now":
        with platform.runtime.storage.transaction() as uow:
            uow.clients.update(replace(uow.clients.get("coolsite"), publisher="Somebody Else"))
    else:
        form["shown"] = "" if how == "no stamp" else "a" * 64 + "|1|" + "b" * 43
    form.submit(headers=HEADERS, status=303)
    (event,) = events(platform)
    assert '"snapshot_hash":""' in event.body


def test_the_receipt_still_names_the_page_that_was_agreed_to(platform):
    connect(platform)
    proceed(signed_in(platform).get(f"/consents/{grant_id(platform)}/revoke")).submit(headers=HEADERS)
    with platform.runtime.storage.reading() as uow:
        granted, ended = uow.ledger.of_grant(grant_id(platform))
        receipt = platform.runtime.receipts.find(uow, platform.runtime.receipts.name_for(ended))
        agreed = past_decision(uow, platform.runtime.keys, granted.event_id).snapshot_hash
    assert receipt.record["privacy_notice"]["id"] == agreed
