"""What a person takes home of everything that is kept of them, and how they ask for its deletion."""

from __future__ import annotations

import csv
import io
import json

import pytest

from consentcore.consent.receipt_json_ld import from_json_ld
from tests.support.account import form_of, mails, signed_in
from tests.support.platform import ISSUER, Request, answer, connect, make_platform, to_consent_page, visible

ADA, OPS = "ada@example.org", "ops@lumen.example"
EXTRA = f"consentcore.operator.email = {OPS}\nconsentcore.web.support_email = help@lumen.example"
FILES = ("everything.json", "consents.jsonld", "history.csv")


@pytest.fixture
def house(tmp_path):
    made = []

    def house(extra: str = EXTRA):
        made.append(make_platform(tmp_path, extra=extra))
        return made[-1]

    yield house
    for one in made:
        one.runtime.close()


@pytest.fixture
def platform(house):
    platform = house()
    connect(platform)
    _, page = to_consent_page(platform, Request(client_id="shiftplan"))
    answer(page, "deny")
    return platform


def rows(response) -> list[dict[str, str]]:
    assert response.content_type == "text/csv"
    return list(csv.DictReader(io.StringIO(response.body.decode("utf-8-sig"))))


def test_db_41_rt_07_everything_that_is_kept_is_offered_on_the_account_page(platform):
    browser = signed_in(platform)
    page = browser.get("/account").click("See and download your data")
    for name in FILES:
        response = browser.get(page.click(href=name).request.path)
        assert response.headers["Cache-Control"] == "no-store"
        kind, _, suffix = name.rpartition(".")
        assert response.content_disposition.startswith(f'attachment; filename="{kind}-20')
        assert response.content_disposition.endswith(f'.{suffix}"')


def test_db_41_rt_07_json_has_account_and_decisions_with_their_evidence_and_no_secret(platform):
    mails(platform, ADA)
    document = signed_in(platform).get("/account/data/everything.json").json
    assert len(document["sessions"]) >= 1
    assert document["identities"] == []
    assert [(one["to"], one["state"]) for one in document["mails"]] == [("owner", "delivered")] * 2
    assert document["owner"]["email"] == ADA
    assert {grant["client_id"] for grant in document["grants"]} == {"coolsite", "shiftplan"}
    assert document["snapshots"]
    text = json.dumps(document)
    assert "grace@example.org" not in text
    assert "argon2" not in text


def test_db_41_json_ld_has_a_record_of_each_decision(platform):
    response = signed_in(platform).get("/account/data/consents.jsonld")
    assert response.content_type == "application/ld+json"
    records = [from_json_ld(one) for one in json.loads(response.text)["@graph"]]
    assert {one["events"][-1]["event_state"] for one in records} == {"dpv:ConsentGiven", "dpv:ConsentRefused"}


def test_db_41_the_table_has_a_row_for_each_event_in_words(platform):
    found = rows(signed_in(platform).get("/account/data/history.csv"))
    assert [(row["application"], row["event"], row["by"]) for row in found] == [
        ("ShiftPlan EV", "denied", "owner"),
        ("CoolSite", "granted", "owner"),
    ]
    assert "Room climate" in found[1]["data"]


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-1", "@x", "\t=1"])
def test_db_41_no_name_is_a_formula_in_a_spreadsheet(house, name):
    platform = house()
    platform.add_client("odd", name=name)
    connect(platform, Request(client_id="odd"))
    (row,) = rows(signed_in(platform).get("/account/data/history.csv"))
    assert row["application"].startswith("'")


def test_db_41_the_page_that_prints_tells_it_in_sentences(platform):
    text = visible(signed_in(platform).get("/account/data/print"))
    assert "What Ada Moreau has decided with" in text
    assert "You allowed CoolSite to see" in text


@pytest.mark.parametrize("name", ["", *(f"/{name}" for name in (*FILES, "print"))])
def test_rt_07_nobody_else_gets_them(platform, name):
    assert "/login" in platform.browser().get(f"/account/data{name}", status=303).location
    grace = signed_in(platform, "grace@example.org").get(f"/account/data{name}")
    assert ADA not in grace.text
    assert "CoolSite" not in grace.text


def test_deletion_is_asked_for_and_both_sides_are_told(platform):
    browser = signed_in(platform)
    page = browser.get("/account/data")
    assert "every application loses its access at once" in visible(page)
    assert "stays without your name" in visible(page)
    after = form_of(page, "/account/data/deletion").submit(headers={"Origin": ISSUER}).follow()
    assert "We have your request." in visible(after)
    (told,) = mails(platform, OPS)
    assert str(told["Subject"]) == "A data owner asks for deletion"
    assert f"consentcore owner erase {ADA}" in told.get_body(("plain",)).get_content()
    assert str(mails(platform, ADA)[-1]["Subject"]) == "You asked us to delete your data"


def test_nobody_is_flooded_with_requests_for_deletion(platform):
    browser = signed_in(platform)
    form = form_of(browser.get("/account/data"), "/account/data/deletion")
    for _ in range(3):
        form.submit(headers={"Origin": ISSUER}, status=303)
    assert "Retry-After" in form.submit(headers={"Origin": ISSUER}, status=429).headers
    assert len(mails(platform, OPS)) == 3


def test_where_nobody_can_be_told_the_page_says_whom_to_write_to(house):
    platform = house("consentcore.web.support_email = help@lumen.example")
    browser = signed_in(platform)
    page = browser.get("/account/data")
    assert "Ask for deletion" not in page.text
    assert "To have it deleted, write to help@lumen.example" in visible(page)
    token = page.forms[0]["csrf_token"].value
    browser.post("/account/data/deletion", {"csrf_token": token}, headers={"Origin": ISSUER}, status=404)
