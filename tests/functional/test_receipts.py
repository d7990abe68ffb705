"""Receipts: the address in the mail, the page, the signed copy, and the one thing that the address can do."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from consentcore.consent.receipt import check
from consentcore.domain.grant_states import GrantState
from tests.support.account import form_of, mails, signed_in
from tests.support.platform import (
    ISSUER,
    Request,
    answer,
    connect,
    introspect,
    make_platform,
    sign_in,
    to_consent_page,
    visible,
)

ADA = "ada@example.org"
PURPOSE = "We tell you where heating is wasted."


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path, extra="consentcore.web.support_email = help@lumen.example")
    yield made
    made.runtime.close()


@pytest.fixture
def tokens(platform):
    return connect(platform, Request(scope="sites.read comfort.read"))


def address(platform, which: int = -1) -> str:
    """The path of the receipt in a mail."""
    mail = mails(platform, ADA)[which]
    found = set(re.findall(rf"{ISSUER}(/receipts/[\w-]+)", mail.get_body(("plain",)).get_content()))
    assert len(found) == 1
    assert found.copy().pop() in mail.get_body(("html",)).get_content()
    return found.pop()


def owners(platform) -> list[str]:
    with platform.runtime.storage.reading() as uow:
        return [owner.owner_id for owner in uow.owners.list()]


def number(platform, which: int = -1) -> str:
    text = mails(platform, ADA)[which].get_body(("plain",)).get_content()
    return re.search(r"Confirmation number: (\S+)", text)[1]


def keys_of(platform) -> dict:
    return platform.browser().get("/.well-known/consent-receipt-keys.json").json


def state(platform) -> GrantState:
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all()
    return grant.state


def test_nt_21_the_address_is_random_and_unrelated_to_the_number(platform, tokens):
    path, shown = address(platform), number(platform)
    assert re.fullmatch(r"/receipts/[\w-]{43}", path)
    assert shown.replace("-", "").lower() not in path.lower()
    with platform.runtime.storage.reading() as uow:
        (event,) = uow.ledger.of_grant(uow.grants.all()[0].grant_id)
    assert event.event_id.replace("-", "") not in path


def test_nt_21_rt_14_without_a_sign_in_it_says_what_and_when_and_nothing_of_the_person(platform, tokens):
    page = platform.browser().get(address(platform))
    text = visible(page)
    assert "CoolSite" in text
    assert number(platform) in text
    for private in ("Ada", ADA, "Moreau", "Room climate", "Your sites", PURPOSE, "Europe"):
        assert private not in page.text
    assert "is shown to its owner only" in text
    assert "CoolSite was allowed to use data" in text


@pytest.mark.parametrize("path", ["{}", "{}/signed", "{}/revoke"])
def test_rt_14_nothing_of_it_is_cached_listed_or_named_to_others(platform, tokens, path):
    for browser in (platform.browser(), signed_in(platform)):
        response = browser.get(path.format(address(platform)))
        assert response.headers["Cache-Control"] == "no-store"
        assert "noindex" in response.headers["X-Robots-Tag"]
        assert response.headers["Referrer-Policy"] == "strict-origin"
        assert "?" not in response.request.path_qs


def test_nt_21_its_owner_reads_all_of_it(platform, tokens):
    text = visible(signed_in(platform).get(address(platform)))
    for said in (
        "You allowed CoolSite to see",
        "Confirmation number",
        "Ada Moreau",
        "made by Frostline SAS",
        "Room climate",
        PURPOSE,
        "How to stop it",
        "help@lumen.example",
    ):
        assert said in text, said


def test_receipt_of_what_does_not_stand_says_no_way_to_stop_it(platform):
    _, page = to_consent_page(platform, Request())
    answer(page, "deny")
    browser = signed_in(platform)
    refused = visible(browser.get(address(platform)))
    assert "You said no: CoolSite had asked to see" in refused
    assert "How to stop it" not in refused
    assert "already shared" not in refused
    connect(platform)
    path = address(platform)
    assert "How to stop it" in visible(browser.get(path))
    form_of(browser.get(f"{path}/revoke"), f"{path}/revoke").submit()
    for ended in (path, address(platform)):
        assert "How to stop it" not in visible(browser.get(ended))


def test_nt_21_somebody_else_who_is_signed_in_reads_no_more_than_nobody(platform, tokens):
    page = signed_in(platform, "grace@example.org").get(address(platform))
    assert "You are signed in as somebody else." in visible(page)
    assert "Room climate" not in page.text
    assert "Ada" not in page.text


def test_nt_21_opening_it_never_revokes(platform, tokens):
    browser, path = platform.browser(), address(platform)
    for one in (path, f"{path}/revoke", f"{path}/signed"):
        browser.get(one)
        browser.head(one)
    assert state(platform) is GrantState.ACTIVE
    assert introspect(platform, tokens["access_token"])["active"]


def test_nt_21_db_32_without_a_sign_in_it_revokes_by_a_form(platform, tokens):
    browser, path = platform.browser(), address(platform)
    page = browser.get(path).click("Revoke Access")
    assert "Ada" not in page.text
    assert "Room climate" not in page.text
    after = form_of(page, f"{path}/revoke").submit(headers={"Origin": ISSUER}).follow()
    assert "has ended since" in visible(after)
    assert not introspect(platform, tokens["access_token"])["active"]
    assert state(platform) is GrantState.WITHDRAWN
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all()
        last = uow.ledger.of_grant(grant.grant_id)[-1]
    assert json.loads(last.body)["evidence"]["indication_method"] == "link:receipt"
    assert str(mails(platform, ADA)[-1]["Subject"]) == "CoolSite can no longer see your data"
    assert "The access of CoolSite to data has ended" in visible(browser.get(address(platform)))


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {}])
def test_nt_21_a_form_of_another_site_revokes_nothing(platform, tokens, headers):
    path = address(platform)
    platform.browser().post(f"{path}/revoke", {"csrf_token": "x"}, headers=headers, status=403)
    assert state(platform) is GrantState.ACTIVE


def test_nt_21_the_address_dies_with_the_permission_and_is_read_on(platform, tokens):
    browser, path = platform.browser(), address(platform)
    page = browser.get(f"{path}/revoke")
    form_of(page, f"{path}/revoke").submit(headers={"Origin": ISSUER})
    browser.get(f"{path}/revoke", status=303)
    assert "Revoke Access" not in browser.get(path).text
    again = form_of(page, f"{path}/revoke").submit(headers={"Origin": ISSUER})
    assert again.status_int == 303
    connect(platform)
    assert "Revoke Access" not in browser.get(path).text, "what was allowed anew has another receipt"
    assert "Revoke Access" in browser.get(address(platform)).text


def test_nt_21_an_address_that_nobody_made_is_not_found_and_nothing_tells_why(platform, tokens):
    good = address(platform)
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all()
        (event,) = uow.ledger.of_grant(grant.grant_id)
    flipped = good[:-5] + ("A" if good[-5] != "A" else "B") + good[-4:]
    nothing = platform.runtime.receipts.links.name("00000000-0000-4000-8000-000000000000")
    for path in (
        flipped,
        f"/receipts/{event.event_id}",
        f"/receipts/{nothing}",
        "/receipts/x",
        "/receipts/%C3%A9",
    ):
        response = platform.browser().get(path, status=404)
        assert response.text == platform.browser().get("/receipts/y", status=404).text


def test_nt_21_a_denial_has_a_receipt_that_can_do_nothing(platform):
    _, page = to_consent_page(platform, Request())
    answer(page, "deny")
    text = visible(platform.browser().get(address(platform)))
    assert "CoolSite asked for data and got none" in text
    assert "Revoke Access" not in text


def test_rt_07_its_owner_keeps_a_signed_copy_that_anybody_can_check(platform, tokens):
    browser = signed_in(platform)
    response = browser.get(browser.get(address(platform)).click("signed copy").request.path)
    assert response.content_type == "application/ld+json"
    assert f"receipt-{number(platform)}.json" in response.headers["Content-Disposition"]
    checked = check(response.text, keys_of(platform))
    assert checked.confirmation_number == number(platform)
    assert checked.record["purposes"][0]["text"] == PURPOSE
    assert ADA not in response.text
    assert "Moreau" not in response.text


def test_rt_07_nobody_else_gets_the_signed_copy(platform, tokens):
    path = f"{address(platform)}/signed"
    assert "/login?next=/receipts/" in platform.browser().get(path, status=303).location
    signed_in(platform, "grace@example.org").get(path, status=303)


@pytest.mark.parametrize("column", ["body", "owner_id", "prev_hash", "record_hash", "key_id", "sequence"])
def test_rt_09_nothing_is_signed_that_is_not_as_it_was_written(platform, tokens, column, caplog):
    """Somebody with the database changes a row, has it signed, and puts it back: nobody would ever know."""
    who = "grace@example.org" if column == "owner_id" else ADA
    browser, path = signed_in(platform, who), f"{address(platform)}/signed"
    events = platform.runtime.storage._engine.committed.events
    ((event_id, event),) = events.items()
    grace = next(owner_id for owner_id in owners(platform) if owner_id != event.owner_id)
    changed = {
        "body": event.body.replace("comfort.read", "alarms.read"),
        "owner_id": grace,
        "key_id": "lost",
        "sequence": 2,
    }
    events.put(event_id, replace(event, **{column: changed.get(column, b"x" * 32)}))
    browser.get(path, status=404)
    assert f"the receipt of event {event_id} is not signed" in caplog.text
    events.put(event_id, event)
    assert check(signed_in(platform).get(path).text, keys_of(platform)).record["scopes"]


def test_nt_21_signing_in_from_it_leads_back(platform, tokens):
    browser, path = platform.browser(), address(platform)
    page = browser.get(path).click("Sign in to see all of it")
    assert "Room climate" in sign_in(browser, page)


@pytest.mark.parametrize(
    ("language", "title"), [("de", "Beleg"), ("fr", "Attestation"), ("es", "Justificante")]
)
def test_cr_11_receipt_is_in_the_language_that_was_shown(platform, language, title):
    _, page = to_consent_page(platform, Request(extra={"ui_locales": language}))
    answer(page, "approve")
    page = platform.browser().get(address_in(platform), headers={"Accept-Language": "en"})
    assert page.headers["Content-Language"] == language
    assert title in visible(page)
    copy = signed_in(platform).get(f"{address_in(platform)}/signed")
    document = check(copy.text, keys_of(platform)).document
    assert document["dct:language"] == language
    assert document["cc:words"][0]["dct:title"] not in {"Your sites", "Room climate"}


def address_in(platform) -> str:
    text = mails(platform, ADA)[-1].get_body(("plain",)).get_content()
    return re.search(rf"{ISSUER}(/receipts/[\w-]+)", text)[1]
