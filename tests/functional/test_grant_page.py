"""The page of one permission: what was agreed to, what reads otherwise since, and where to turn to."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.platform import Request, connect, decide, make_platform, sign_in, to_consent_page, visible
from tests.support.platform import answer as press

EXTRA = "consentcore.web.support_email = help+me@energy.example"


@pytest.fixture(params=[pytest.param("memory", marks=pytest.mark.slow), "sqlalchemy"])
def platform(request, tmp_path):
    made = make_platform(tmp_path, storage=request.param, extra=EXTRA)
    yield made
    made.runtime.close()


def update(platform, **changes) -> None:
    with platform.runtime.storage.transaction() as uow:
        uow.clients.update(replace(uow.clients.get("coolsite"), **changes))


def details(platform, email: str = "ada@example.org"):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"), email)
    return browser.get("/consents").click("Details")


def facts(page) -> dict[str, str]:
    rows = page.html.select("dl.rows > div")
    return {row.dt.get_text(" ", strip=True): " ".join(row.dd.get_text(" ").split()) for row in rows}


def test_db_20_the_page_says_what_was_agreed_to_by_whom_when_and_in_which_language(platform):
    _, page = to_consent_page(platform, Request(extra={"ui_locales": "de"}))
    press(page, "approve")
    page = details(platform)
    said = facts(page)
    assert said["Allowed"].endswith(", by you")
    assert said["Read in"] == "Deutsch"
    assert said["What for, in the words of CoolSite"] == "We tell you where heating is wasted."
    assert "Until" in said
    assert "What has changed since" not in visible(page)


def test_db_20_what_reads_otherwise_since_is_said_as_it_was_and_as_it_is(platform):
    connect(platform)
    update(
        platform,
        name="CoolSite Pro",
        publisher="Glacier AG",
        website="https://glacier.example",
        purpose="We sell what we learn.",
    )
    page = details(platform)
    said = facts(page)
    assert said["Name"] == "Then: CoolSite Now: CoolSite Pro"
    assert said["Publisher"] == "Then: Frostline SAS Now: Glacier AG"
    assert said["Website"] == "Then: nothing Now: https://glacier.example"
    assert said["What for, in its own words"] == (
        "Then: We tell you where heating is wasted. Now: We sell what we learn."
    )
    assert said["What for, in the words of CoolSite Pro"] == "We tell you where heating is wasted."
    assert "What you agreed to stands as it was" in visible(page)


def test_db_20_after_a_further_yes_nothing_has_changed_since(platform):
    connect(platform, Request(scope="sites.read"))
    update(platform, publisher="Glacier AG")
    assert "Publisher" in facts(details(platform))
    with platform.runtime.storage.reading() as uow:
        ada = uow.owners.by_email("ada@example.org")
    decide(platform, ada, "sites.read", "comfort.read")
    page = details(platform)
    assert "Publisher" not in facts(page)
    assert "Last changed" in facts(page)


def test_db_42_a_problem_is_reported_with_the_reference(platform):
    connect(platform)
    page = details(platform)
    link = page.html.find("a", string="Report a problem with this application")["href"]
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all()
    address = urlsplit(link)
    assert (address.scheme, address.path) == ("mailto", "help+me@energy.example")
    assert parse_qs(address.query) == {"subject": [f"Problem with CoolSite (reference {grant.grant_id})"]}


def test_db_32_revoking_begins_on_the_page_too(platform):
    connect(platform)
    page = details(platform)
    assert "Stop CoolSite from using your data?" in visible(page.click("Revoke Access"))


def test_a_permission_that_was_never_one_has_no_end_and_nothing_that_changed(platform):
    _, page = to_consent_page(platform, Request())
    press(page, "deny")
    update(platform, name="CoolSite Pro")
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    page = browser.get("/consents/history").click("Details")
    assert "Until" not in facts(page)
    assert "Then:" not in visible(page)
    assert "got nothing" in visible(page)


def test_the_past_of_an_application_is_a_click_away(platform):
    connect(platform)
    page = details(platform).click("What CoolSite had before")
    assert "Only what CoolSite had." in visible(page)
