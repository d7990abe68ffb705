"""Ending a permission is as plain as giving it, and only a deliberate answer does it."""

from __future__ import annotations

from importlib.resources import files

import pytest

from consentcore.domain.grant_states import GrantState
from tests.support.platform import ISSUER, connect, decide, make_platform, proceed, sign_in, visible

CATALOG = files("consentcore_scopes_file") / "energy.toml"


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path)
    yield made
    made.runtime.close()


def ada(platform):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    return browser


def states(platform) -> list[GrantState]:
    with platform.runtime.storage.reading() as uow:
        return [grant.state for grant in uow.grants.all()]


def test_db_01_the_front_door_is_the_dashboard_by_the_same_sign_in(platform):
    connect(platform)
    browser = ada(platform)
    assert browser.get("/", status=303).location.endswith("/consents")
    assert "CoolSite" in visible(browser.get("/consents"))


def test_db_02_nothing_on_the_way_out_sells_or_discourages(platform):
    connect(platform)
    browser = ada(platform)
    confirm = browser.get("/consents").click("Revoke Access")
    said = visible(confirm).lower()
    for word in ("are you sure", "lose", "sorry", "miss", "upgrade", "offer", "recommend"):
        assert word not in said


def test_db_30_no_reason_is_asked_for(platform):
    connect(platform)
    form = proceed(ada(platform).get("/consents").click("Revoke Access"))
    assert {name for name in form.fields if name} == {"csrf_token", "shown"}  # which page it was
    assert {field.attrs["type"] for name in ("csrf_token", "shown") for field in form.fields[name]} == {
        "hidden"
    }
    form.submit(headers={"Origin": ISSUER}, status=303)
    assert states(platform) == [GrantState.WITHDRAWN]


def test_db_31_nobody_signs_in_again_for_it(platform):
    connect(platform)
    browser = ada(platform)
    confirm = browser.get("/consents").click("Revoke Access")
    assert "password" not in str(confirm.html.main).lower()
    done = proceed(confirm).submit(headers={"Origin": ISSUER}, status=303)
    assert "/login" not in done.location


def test_who_proceeds_when_their_sign_in_is_over_signs_in_and_is_asked_again(platform):
    connect(platform)
    browser = ada(platform)
    for link in ("Revoke Access", "Details"):
        page = browser.get("/consents").click(link)
        if link == "Details":
            page = page.click("Change what it may use")
        form = next(form for form in page.forms.values() if form.action == page.request.path)
        sign_out_everywhere(platform)
        login = form.submit(headers={"Origin": ISSUER}, status=303).follow()
        back = sign_in(browser, login)
        assert back.request.path == page.request.path
        assert states(platform) == [GrantState.ACTIVE], "nothing was done"
    token = browser.get("/account/password").html.select_one("main input[name=csrf_token]")["value"]
    sign_out_everywhere(platform)
    login = browser.post("/account/data/deletion", {"csrf_token": token}, {"Origin": ISSUER}, status=303)
    assert login.location.endswith("/login?next=/consents"), "there is no page of that address"


def sign_out_everywhere(platform):
    with platform.runtime.storage.transaction() as uow:
        uow.owners.end_sessions(uow.owners.by_email("ada@example.org").owner_id)


def test_db_33_only_a_post_with_its_token_revokes(platform):
    connect(platform)
    browser = ada(platform)
    confirm = browser.get("/consents").click("Revoke Access")
    path = confirm.request.path
    token = proceed(confirm)["csrf_token"].value
    browser.get(f"{path}?csrf_token={token}")
    browser.head(path)
    browser.post(path, {}, status=403)
    browser.post(path, {"csrf_token": "x"}, status=403)
    assert states(platform) == [GrantState.ACTIVE]


def test_db_36_the_button_says_revoke_access_and_the_page_what_stops(platform):
    connect(platform)
    page = ada(platform).get("/consents")
    assert "Revoke Access" in visible(page)
    confirm = visible(page.click("Revoke Access"))
    assert "Stop CoolSite from using your data?" in confirm
    assert "Room climate" in confirm
    assert "Proceed" in confirm
    assert "Keep access" in confirm


ACTING = "device.control.setpoint"
PUT_BACK = "When access ends, the devices go back to the settings that you chose as your default."
STAYS = (
    "Settings that it already changed stay as they are",
    "Settings that they already changed stay as they are",
)


@pytest.mark.parametrize("said", [True, False], ids=["said", "unsaid"])
def test_wd_07_what_becomes_of_settings_is_what_the_consent_page_said(tmp_path, said):
    text = CATALOG.read_text()
    assert PUT_BACK in text
    (tmp_path / "own.toml").write_text(text if said else text.replace(f'on_revoke = "{PUT_BACK}"', ""))
    made = make_platform(tmp_path, extra=f"consentcore.plugin.scopes_file.path = {tmp_path}/own.toml")
    try:
        made.add_client("heater", scopes=("sites.read", ACTING))
        with made.runtime.storage.reading() as uow:
            owner = uow.owners.by_email("ada@example.org")
        decide(made, owner, "sites.read", ACTING, client_id="heater")
        browser = ada(made)
        pages = browser.get("/consents").click("Revoke Access"), browser.get("/consents/revoke-all")
        for page, stays in zip(pages, STAYS, strict=True):
            assert (PUT_BACK in visible(page)) is said
            assert (stays in visible(page)) is not said
    finally:
        made.runtime.close()


def test_cp_40_what_was_agreed_to_is_taken_back_after_being_asked(platform):
    connect(platform)
    confirm = ada(platform).get("/consents").click("Revoke Access")
    assert states(platform) == [GrantState.ACTIVE], "asked first"
    proceed(confirm).submit(headers={"Origin": ISSUER}, status=303)
    assert states(platform) == [GrantState.WITHDRAWN]
