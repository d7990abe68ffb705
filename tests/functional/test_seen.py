"""See exactly what you saw: a past decision replays, whatever has changed since."""

from __future__ import annotations

import json
import sqlite3

import pytest

from consentcore.consent.markup_reading import SPOKEN
from consentcore.consent.past_decision import past_decision
from tests.support.command_line import Cli
from tests.support.platform import Request, answer, connect, make_platform, sign_in, to_consent_page, visible


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path, storage="sqlalchemy")
    yield made
    made.runtime.close()


def events(platform, email="ada@example.org"):
    with platform.runtime.storage.reading() as uow:
        owner = uow.owners.by_email(email)
        return list(uow.ledger.of_owner(owner.owner_id))


def decision(platform, event):
    with platform.runtime.storage.reading() as uow:
        return past_decision(uow, platform.runtime.keys, event.event_id)


def signed_in(platform, email="ada@example.org"):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"), email)
    return browser


def test_every_string_of_the_page_stands_in_the_snapshot_in_order(platform):
    """Against what the page itself says, read by somebody else's parser."""
    _, page = to_consent_page(platform, Request())
    soup = page.html.html
    for unseen in soup(["script", "style"]):
        unseen.decompose()
    shown = [" ".join(text.split()) for text in soup.stripped_strings]
    answer(page, "approve")
    (event,) = events(platform)
    said = decision(platform, event).page.strings("[erased]")
    left = iter(said)
    assert [text for text in shown if text not in left] == []
    spoken = [one[name] for name in SPOKEN for one in soup.select(f"[{name}]")]
    assert set(said) - set(shown) <= {" ".join(text.split()) for text in spoken}
    assert {"Approve", "Deny"} <= set(said)
    assert any("Ada" in text for text in said)


def test_nothing_secret_and_nobody_stands_in_it(platform):
    browser, page = to_consent_page(platform, Request())
    secret, csrf = page.form["i"].value, page.form["csrf_token"].value
    answer(page, "approve")
    (event,) = events(platform)
    with platform.runtime.storage.reading() as uow:
        content = uow.ledger.snapshot(decision(platform, event).snapshot_hash).content
        owner = uow.owners.by_email("ada@example.org")
    for hidden in (secret, csrf, owner.email, *([owner.name] if owner.name else [])):
        assert hidden not in content
    assert browser is not None


def test_the_owner_sees_it_again_inert_with_its_fingerprint(platform):
    tokens = connect(platform)
    assert tokens
    (event,) = events(platform)
    browser = signed_in(platform)
    history = browser.get("/consents/history")
    path = f"/consents/{event.grant_id}/seen/{event.event_id}"
    assert path in history.text
    page = browser.get(path)
    was = page.html.select_one("section.seen")
    found = decision(platform, event)
    assert found.snapshot_hash in page.text
    assert event.event_id in page.text
    assert not was.select("a, form, script, input:not([disabled]), button:not([disabled])")
    assert [button.get_text() for button in was.select("button")][-2:] == ["Approve", "Deny"]
    assert page.headers["Cache-Control"] == "no-store"


def test_rt_14_proof_pages_are_not_stored_and_carry_ids_only_in_the_path(platform):
    connect(platform)
    (event,) = events(platform)
    page = signed_in(platform).get(f"/consents/{event.grant_id}/seen/{event.event_id}")
    assert page.headers["Cache-Control"] == "no-store"
    assert "?" not in page.request.path_qs


def test_somebody_else_sees_nothing_of_it(platform):
    connect(platform)
    (event,) = events(platform)
    other = signed_in(platform, "grace@example.org")
    other.get(f"/consents/{event.grant_id}/seen/{event.event_id}", status=404)
    other.get("/consents/nothing/seen/nothing", status=404)
    own = signed_in(platform)
    own.get(f"/consents/{event.grant_id}/seen/nothing", status=404)


def test_it_comes_in_the_language_that_was_read(platform):
    _, page = to_consent_page(platform, Request(extra={"ui_locales": "fr"}))
    answer(page, "approve")
    (event,) = events(platform)
    found = decision(platform, event)
    assert found.locale == "fr"
    assert found.page.content["locale"] == "fr"


@pytest.mark.parametrize(
    ("tag", "preset", "read_in"),
    [
        ("en", "What stood already, or is usual: 12 months", "English"),
        ("de", "Was schon galt oder üblich ist: 12 Monate", "Deutsch"),
    ],
)
def test_what_was_chosen_beforehand_is_said_in_words(platform, tag, preset, read_in):
    _, page = to_consent_page(platform, Request(extra={"ui_locales": tag}))
    answer(page, "approve")
    (event,) = events(platform)
    assert decision(platform, event).preset == ["duration:365"]
    page = signed_in(platform).get(
        f"/consents/{event.grant_id}/seen/{event.event_id}", headers={"Accept-Language": tag}
    )
    said = [row.dd.text for row in page.html.select("dl.rows > div")]
    assert preset in said
    assert read_in in said


def test_what_stood_already_is_called_by_its_name(platform):
    scopes = ("sites.read", "comfort.read")
    platform.add_client("free", name="Free", scopes=scopes, optional_scopes=("comfort.read",))
    request = Request(client_id="free", extra={"prompt": "consent"})
    browser, page = to_consent_page(platform, request)
    page.forms[0].fields["scope"][0].checked = True
    answer(page, "approve")
    answer(browser.get(Request(client_id="free", extra={"prompt": "consent"}).url).follow(), "approve")
    (event,) = (one for one in events(platform) if one.type == "amended")
    page = browser.get(f"/consents/{event.grant_id}/seen/{event.event_id}")
    (said,) = [row.dd.text for row in page.html.select("dl.rows > div") if row.dt.text == "Ticked beforehand"]
    assert said.endswith(", room climate")


def test_words_that_have_changed_since_change_nothing(platform):
    connect(platform)
    (event,) = events(platform)
    before = decision(platform, event).page.strings("x")
    scope = platform.runtime.catalog.scopes["sites.read"]
    object.__setattr__(scope, "sees", "entirely other words")
    assert decision(platform, event).page.strings("x") == before


def test_the_operator_sees_it_by_command(platform, tmp_path):
    connect(platform)
    (event,) = events(platform)
    ini = (tmp_path / "test.ini").read_text()
    cli = Cli(tmp_path)
    cli.ini.write_text(ini)
    shown = cli("consents", "shown", event.event_id, "--json").json
    assert shown["intact"] is True
    assert shown["erased"] is False
    assert "Approve" in shown["shown"]
    assert not any(one["on"] for one in shown["controls"] if one["type"] == "checkbox")
    assert shown["snapshot_hash"] == json.loads(event.body)["evidence"]["snapshot_hash"]
    assert cli("consents", "shown", "nothing").code == 1


def test_rt_14_another_page_that_an_event_was_made_to_name_is_not_the_one_that_was_shown(platform, tmp_path):
    """The page is as it was written, and the event is not."""
    connect(platform, Request(scope="sites.read comfort.read"))
    connect(platform, Request(scope="alarms.read"))
    first, second = sorted(events(platform), key=lambda event: event.sequence)
    shown = [json.loads(event.body)["evidence"]["snapshot_hash"] for event in (first, second)]
    with sqlite3.connect(tmp_path / "consentcore.sqlite") as database:
        database.execute(
            "UPDATE consent_event SET body = replace(body, ?, ?) WHERE sequence = 1", (shown[0], shown[1])
        )
    page = signed_in(platform).get(f"/consents/{first.grant_id}/seen/{first.event_id}")
    assert "is not the one that was shown" in visible(page)
    ini = (tmp_path / "test.ini").read_text()
    cli = Cli(tmp_path)
    cli.ini.write_text(ini)
    done = cli("consents", "shown", first.event_id, "--json")
    assert (done.code, json.loads(done.out)["intact"], json.loads(done.out)["shown"]) == (1, False, [])
