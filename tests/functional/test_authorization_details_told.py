"""What was granted of authorization details (RFC 9396), the same wherever it is told: JWT, introspection, webhook,
record, receipt, API, pages, mail."""

from __future__ import annotations

import base64
import csv
import io
import json

import pytest

from consentcore.api import ClientKind, TokenFormat, iso
from consentcore.consent.receipt_json_ld import from_json_ld, json_ld
from consentcore.consent.receipt_record import missing, record_of
from consentcore.consent.verify import verify_all
from consentcore.ports.keys import pairwise_subject
from consentcore.webhooks.payload import webhook_body
from tests.support.account import mails, signed_in
from tests.support.client_api import GRANTS, call
from tests.support.command_line import Cli
from tests.support.platform import (
    PREFIX,
    Request,
    answer,
    introspect,
    proceed,
    refresh,
    to_consent_page,
    visible,
)
from tests.support.rich_requests import (
    ADA,
    BOTH,
    READ_DAILY,
    asking,
    grant_of,
    granted,
    registered,
    rich_platform,
    with_sites,
)
from tests.support.webhook_contract import document, schema

TOLD = [with_sites(BOTH, "lyon-1")]


@pytest.fixture
def platform(request, tmp_path, monkeypatch):
    yield from rich_platform("memory", request, tmp_path, monkeypatch)


def events_of(platform, grant):
    with platform.runtime.storage.reading() as uow:
        return uow.ledger.of_grant(grant.grant_id)


def payloads(platform, grant):
    """What webhooks say of a grant, each held against the schema that receivers read."""
    ids = [one.event_id for one in events_of(platform, grant)]
    with platform.runtime.storage.reading() as uow:
        notices = uow.notices.several(ids)
    subject = pairwise_subject(platform.runtime.keys, grant.client_id, grant.owner_id)
    found = [
        json.loads(webhook_body(notices[one], subject=subject, issuer="https://as.example")) for one in ids
    ]
    for one in found:
        name = document()["components"]["schemas"]
        wanted = next(
            key
            for key, value in name.items()
            if value.get("properties", {}).get("type", {}).get("const") == one["type"]
        )
        assert list(schema(wanted).iter_errors(one)) == []
    return [one["data"] for one in found]


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def test_rfc9396_9_1_jwt_names_the_details_as_a_claim_of_its_own(platform):
    registered(platform, access_token_format=TokenFormat.JWT)
    tokens = granted(platform, asking(BOTH)).json
    assert claims(tokens["access_token"])["authorization_details"] == TOLD
    assert tokens["authorization_details"] == TOLD
    assert introspect(platform, tokens["access_token"])["authorization_details"] == TOLD


def test_details_that_do_not_fit_into_a_jwt_make_the_token_a_reference(platform):
    registered(platform, access_token_format=TokenFormat.JWT)
    many = [
        {**READ_DAILY, "history_months": number, "locations": [f"https://{'x' * 150}.example/{number}"]}
        for number in range(10)
    ]
    tokens = granted(platform, asking(*many)).json
    assert tokens["access_token"].startswith("cca_")
    assert len(introspect(platform, tokens["access_token"])["authorization_details"]) == 10
    assert refresh(platform, tokens["refresh_token"]).json["access_token"].startswith("cca_")


def test_rfc9396_9_1_token_for_an_api_has_the_details_for_its_location(platform):
    here, there = "https://here.example", "https://there.example"
    registered(platform, audiences=(here, there))
    details = [{**READ_DAILY, "locations": [one]} for one in (here, there)]
    tokens = granted(platform, asking(*details, BOTH)).json
    assert len(tokens["authorization_details"]) == 3
    narrow = refresh(platform, tokens["refresh_token"], resource=there).json
    assert narrow["authorization_details"] == [with_sites(details[1], "lyon-1"), *TOLD]
    told = introspect(platform, narrow["access_token"])
    assert (told["aud"], told["authorization_details"]) == (there, narrow["authorization_details"])


def test_rfc9396_9_2_api_is_told_of_its_types_and_its_locations_only(platform):
    here, there = "https://here.example", "https://there.example"
    api = {"kind": ClientKind.RESOURCE_SERVER, "redirect_uris": ()}
    scoped = platform.add_client("scoped", **api, scopes=("sites.read",))
    assert scoped
    platform.add_client("typed", **api, scopes=(), authorization_details_types=("meter_readings",))
    platform.add_client("other", **api, scopes=(), authorization_details_types=("payments",))
    platform.add_client("there", **api, scopes=(), audiences=(there,))
    details = [{**READ_DAILY, "locations": [one]} for one in (here, there)]
    token = granted(platform, asking(*details)).json["access_token"]
    both = [with_sites(one, "lyon-1") for one in details]
    assert introspect(platform, token, "typed")["authorization_details"] == both
    assert introspect(platform, token, "there")["authorization_details"] == both[1:]
    for stranger in ("other", "scoped"):
        assert introspect(platform, token, stranger) == {"active": False}
    mixed = granted(platform, asking(*details, scope="sites.read"), "site|lyon-1").json["access_token"]
    told = introspect(platform, mixed, "scoped")
    assert (told["active"], told["scope"]) == (True, "sites.read")
    assert "authorization_details" not in told
    platform.add_client(
        "both", **api, scopes=("sites.read",), authorization_details_types=("meter_readings",)
    )
    assert introspect(platform, mixed, "both")["authorization_details"] == both


def test_webhook_says_what_was_granted_and_what_before(platform):
    granted(platform, asking(READ_DAILY, scope="sites.read"))
    grant = grant_of(platform)
    (first,) = payloads(platform, grant)
    assert first["authorization_details"] == [with_sites(READ_DAILY, "lyon-1")]
    assert first["previous_authorization_details"] == []
    assert (first["resources"], first["change"]) == (
        first["authorization_details"][0]["resources"],
        "created",
    )
    browser, page = to_consent_page(platform, asking(BOTH))
    answer(page, "approve")
    second = payloads(platform, grant)[-1]
    assert (second["change"], second["authorization_details"]) == ("extended", TOLD)
    assert second["previous_authorization_details"] == first["authorization_details"]
    browser.get(f"/consents/{grant.grant_id}/revoke")
    proceed(browser.get(f"/consents/{grant.grant_id}/revoke")).submit()
    ended = payloads(platform, grant)[-1]
    assert (ended["authorization_details"], ended["previous_authorization_details"]) == ([], TOLD)


def test_denial_tells_what_was_asked(platform):
    _, page = to_consent_page(platform, asking(BOTH))
    answer(page, "deny")
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all()
    (told,) = payloads(platform, grant)
    assert told["requested_authorization_details"] == [BOTH]
    body = json.loads(events_of(platform, grant)[0].body)
    assert body["authorization_details_requested"] == [{"detail": BOTH, "kinds": ["site"], "version": "1"}]
    assert "authorization_details_after" not in body


def test_plain_consent_says_nothing_of_details_anywhere(platform):
    tokens = granted(platform, Request(scope="sites.read")).json
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all()
    event = events_of(platform, grant)[-1]
    told = [
        tokens,
        introspect(platform, tokens["access_token"]),
        payloads(platform, grant),
        json.loads(event.body),
        record_of([event], "s"),
        call(platform, f"{GRANTS}/{grant.grant_id}").json,
    ]
    assert "authorization_details" not in json.dumps(told)


def test_record_and_snapshot_have_what_was_granted(platform):
    granted(platform, asking(BOTH))
    grant = grant_of(platform)
    events = events_of(platform, grant)
    body = json.loads(events[-1].body)
    kept = [{"detail": BOTH, "kinds": ["site"], "version": "1"}]
    assert body["authorization_details_after"] == body["authorization_details_requested"] == kept
    with platform.runtime.storage.reading() as uow:
        shown = json.loads(uow.ledger.snapshot(body["evidence"]["snapshot_hash"]).content)
    assert shown["authorization_details"] == kept
    assert any("One total per day" in text for text in shown["shown"])
    record = record_of(events, "subject")
    assert (record["authorization_details"], record["scopes"], missing(record)) == (TOLD, [], [])
    assert from_json_ld(json_ld(record)) == record


def test_api_of_the_application_says_what_it_has(platform):
    granted(platform, asking(BOTH))
    grant = grant_of(platform)
    assert call(platform, f"{GRANTS}/{grant.grant_id}").json["authorization_details"] == TOLD
    call(platform, f"{GRANTS}/{grant.grant_id}", "DELETE", status=204)
    assert call(platform, f"{GRANTS}/{grant.grant_id}").json["authorization_details"] == []


def test_pages_of_the_owner_say_in_words_what_was_allowed(platform):
    granted(platform, asking(BOTH))
    grant = grant_of(platform)
    browser = signed_in(platform)
    assert "Readings of your meters" in visible(browser.get("/consents"))
    page = browser.get(f"/consents/{grant.grant_id}")
    said = visible(page)
    assert "Which readings: One total per day · Every 15 minutes" in said
    assert "You allowed CoolSite to see readings of your meters of 1 site." in said
    assert "connected while you are away" not in said
    history = visible(browser.get("/consents/history"))
    assert "You allowed CoolSite to see readings of your meters of 1 site." in history
    receipt = platform.runtime.receipts.name_for(events_of(platform, grant)[-1])
    assert "Which readings: One total per day · Every 15 minutes" in visible(
        browser.get(f"/receipts/{receipt}")
    )


def test_db_36_every_page_before_an_end_or_a_change_names_what_was_allowed_in_detail(platform):
    granted(platform, asking(BOTH))
    grant, browser = grant_of(platform), signed_in(platform)
    receipt = platform.runtime.receipts.name_for(events_of(platform, grant)[-1])
    for path in (f"/consents/{grant.grant_id}/revoke", f"/receipts/{receipt}/revoke"):
        page = browser.get(path)
        assert [one.get_text() for one in page.html.select("main ul.plain > li")] == [
            "Readings of your meters"
        ]
        assert "Where: 1 site" in visible(page)
    page = browser.get(f"/consents/{grant.grant_id}/change")
    assert "What you allowed in detail" in visible(page)
    assert "Which readings: One total per day · Every 15 minutes" in visible(page)
    assert all(one.select("input") for one in page.html.select("fieldset")), "nothing to tick, no list of it"


def test_db_12_dashboard_offers_to_look_for_what_was_allowed_in_detail(platform):
    granted(platform, asking(BOTH))
    browser = signed_in(platform)
    page = browser.get("/consents?data=meter_readings")
    assert page.html.select_one("select#data option[selected]").get_text() == "Readings of your meters"
    for query, found in (("data=meter_readings", True), ("q=readings", True), ("data=sites.read", False)):
        assert bool(browser.get(f"/consents?{query}").html.select("li.card")) is found


def test_mail_says_in_words_what_was_allowed_and_what_is_new(platform):
    granted(platform, asking(READ_DAILY))
    (first,) = mails(platform, ADA)
    text = " ".join(first.get_body(("plain",)).get_content().split())
    assert (
        "Readings of your meters: What it would do: Read them whenever it needs them; Which readings:" in text
    )
    _, page = to_consent_page(platform, asking(BOTH))
    answer(page, "approve")
    text = " ".join(mails(platform, ADA)[-1].get_body(("plain",)).get_content().split())
    assert "New: - Readings of your meters" in text
    assert "Every 15 minutes" in text


def test_notice_of_the_end_and_history_name_what_is_taken_back(platform):
    granted(platform, asking(BOTH))
    grant = grant_of(platform)
    browser = signed_in(platform)
    proceed(browser.get(f"/consents/{grant.grant_id}/revoke")).submit()
    assert "Readings of your meters" in visible(browser.get(f"/consents/{grant.grant_id}"))
    text = " ".join(mails(platform, ADA)[-1].get_body(("plain",)).get_content().split())
    assert "Readings of your meters" in text


def test_rt_08_detail_alone_was_permitted_from_its_beginning_until_its_end(platform):
    granted(platform, asking(BOTH))
    grant = grant_of(platform)
    (given,) = events_of(platform, grant)
    path = f"{GRANTS}/{grant.grant_id}/at?time="

    def asked(moment, more=""):
        answer = call(platform, f"{path}{iso(moment)}{more}").json
        return answer["permitted"], answer.get("authorization_details")

    # The row is drafted first, and may be a millisecond older than the event that tells of it.
    assert grant.created_at <= given.occurred_at
    assert asked(grant.created_at - 1) == (False, None)
    assert asked(grant.created_at) == (True, TOLD)
    assert asked(given.occurred_at, "&scope=sites.read") == (False, None)
    call(platform, f"{GRANTS}/{grant.grant_id}", "DELETE", status=204)
    ended = events_of(platform, grant)[-1]
    assert ended.occurred_at > given.occurred_at
    assert asked(ended.occurred_at - 1) == (True, TOLD)
    assert asked(ended.occurred_at) == (False, None)


def test_db_41_the_table_says_in_words_what_was_allowed_in_detail_and_what_ended(platform):
    granted(platform, asking(BOTH))
    call(platform, f"{GRANTS}/{grant_of(platform).grant_id}", "DELETE", status=204)
    text = signed_in(platform).get("/account/data/history.csv").text.removeprefix("\ufeff")
    table = list(csv.DictReader(io.StringIO(text)))
    assert [row["event"] for row in table] == ["closed", "granted"]
    for row in table:
        assert row["data"].startswith("Readings of your meters (What it would do: ")
        assert "One total per day, Every 15 minutes" in row["data"]


def test_detail_alone_is_a_permission_that_stands_and_is_verified(platform):
    granted(platform, asking(READ_DAILY))
    assert grant_of(platform).scopes == ()
    report = verify_all(platform.runtime.storage, platform.runtime.keys)
    assert report.ok, report.problems


def test_command_line_lists_details_and_registers_types(tmp_path, monkeypatch, request):
    made = rich_platform("sqlalchemy", request, tmp_path, monkeypatch)
    platform = next(made)
    granted(platform, asking(BOTH))
    text = (tmp_path / "test.ini").read_text()
    cli = Cli(tmp_path)
    cli.ini.write_text(text)
    (found,) = cli("consents", "list", "--owner", ADA, "--json").json
    assert (found["authorization_details"], found["scopes"]) == (TOLD, [])
    past = ("consents", "at", found["granted_at"], "--owner", ADA)
    then = cli(*past, "--json").json
    (permitted,) = then["authorization_details"]
    assert (then["permitted"], then["permissions"]) == (True, [])
    assert permitted["authorization_details"] == TOLD
    assert (permitted["grant_id"], permitted["client_id"]) == (found["grant_id"], "coolsite")
    (line,) = [one for one in cli(*past).out.splitlines() if found["grant_id"] in one]
    assert line.split() == ["coolsite", "meter_readings", "yes", found["grant_id"], permitted["event_id"]]
    assert "authorization_details" not in cli(*past, "--scope", "sites.read", "--json").json
    created = cli(
        *("client", "create", "--name", "Reader", "--redirect-uri", "https://reader.example/cb"),
        *("--authorization-details-type", "meter_readings", "--json"),
    ).json
    shown = cli("client", "show", created["client_id"], "--json").json
    assert (shown["authorization_details_types"], shown["scopes"]) == (["meter_readings"], [])
    refused = cli(
        *(
            "client",
            "create",
            "--name",
            "R",
            "--redirect-uri",
            "https://reader.example/cb",
            "--scope",
            "sites.read",
        ),
        *("--authorization-details-type", "payments"),
    )
    assert refused.code == 2
    assert (
        "--authorization-details-type: 'payments' is not in the catalog (there: meter_readings)"
        in refused.err
    )
    assert next(made, None) is None


def test_owner_takes_a_site_away_from_what_was_allowed_in_detail_alone(platform):
    token = granted(platform, asking(BOTH), "site|lyon-1", "site|lyon-2").json["access_token"]
    browser = signed_in(platform)
    page = browser.get(f"/consents/{grant_of(platform).grant_id}/change")
    form = next(one for one in page.forms.values() if "resource" in one.fields)
    for field in form.fields["resource"]:
        field.checked = field._value == "site|lyon-2"
    form.submit().follow()
    assert introspect(platform, token)["authorization_details"] == [with_sites(BOTH, "lyon-2")]


def test_rfc9396_12_what_was_pushed_cannot_be_swapped_on_its_way_through_the_browser(platform):
    request = asking(READ_DAILY)
    body = {
        "client_id": "coolsite",
        "client_secret": platform.client_secret,
        "response_type": "code",
        "redirect_uri": request.redirect_uri,
        **request.extra,
    }
    pushed = platform.browser().post(f"{PREFIX}/par", body).json["request_uri"]
    request.extra = {"request_uri": pushed, "authorization_details": json.dumps([BOTH])}
    _, page = to_consent_page(platform, request)
    assert "One total per day" in visible(page)
    assert "Every 15 minutes" not in visible(page)


def test_rfc9396_12_texts_of_an_application_forge_no_line_of_a_mail_and_no_markup(platform):
    address = 'https://x.example/"><img src=x onerror=alert(1)>{{7*7}}%(name)s'
    granted(platform, asking({**READ_DAILY, "locations": [address]}))
    (mail,) = mails(platform, ADA)
    assert "<img" not in mail.get_body(("html",)).get_content()
    browser = signed_in(platform)
    grant = grant_of(platform)
    receipt = platform.runtime.receipts.name_for(events_of(platform, grant)[-1])
    for path in (f"/consents/{grant.grant_id}", "/consents", f"/receipts/{receipt}", "/consents/history"):
        assert "<img" not in browser.get(path).text
    assert "{{7*7}}%(name)s" in visible(browser.get(f"/consents/{grant.grant_id}"))


def test_replaced_permission_says_that_its_details_end_and_they_do(tmp_path, monkeypatch, request):
    monkeypatch.setenv("CONSENTCORE_OAUTH__GRANT_MANAGEMENT", "on")
    made = rich_platform("memory", request, tmp_path, monkeypatch)
    platform = next(made)
    registered(platform, grant_management=True)
    granted(platform, asking(READ_DAILY, scope="sites.read"))
    grant = grant_of(platform)
    live = {**READ_DAILY, "datatypes": ["live"]}
    managed = {"grant_management_action": "replace", "grant_id": grant.grant_id}
    _, page = to_consent_page(platform, asking(live, scope="sites.read", extra=managed))
    said = visible(page)
    assert "they end if you approve: Readings of your meters" in said
    assert "what stays as it is" not in said
    answer(page, "approve")
    assert [json.loads(one)["detail"] for one in grant_of(platform).authorization_details] == [live]
    assert next(made, None) is None
