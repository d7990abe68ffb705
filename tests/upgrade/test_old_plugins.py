"""Wheels for the plugin API 1.0, as others built them with commit 26e6d57: installed, named in an INI, and at work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from email.parser import Parser
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from consentcore.consent.verify import verify_all
from consentcore.worker.worker import Worker
from tests.support.account import form_of
from tests.support.command_line import Cli
from tests.support.leaks import date_back
from tests.support.platform import (
    ISSUER,
    Request,
    answer,
    exchange,
    introspect,
    sign_in,
    visible,
)
from tests.support.sinks import Answer, http_sink
from tests.upgrade.old_installation import OLD, OldInstallation, closing, sqlite_installation

MINE = {
    "doorman": ("login", ("consentcore.plugin.doorman.path = %(here)s/passwords",)),
    "badge": ("login", ()),
    "pier": ("scopes", ("consentcore.plugin.pier.harbour = Vieux-Port",)),
    "pager": ("notifiers", ("consentcore.plugin.pager.url = http://127.0.0.1:9/room",)),
    "town": ("extensions", ("consentcore.plugin.town.folder = %(here)s/town",)),
}

ENVIRONMENT = {"env:DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}


@pytest.fixture(autouse=True)
def installed(wheels_of_then, monkeypatch):
    """The wheels are where Python finds them, and nothing else is changed."""
    monkeypatch.syspath_prepend(str(wheels_of_then))
    return wheels_of_then


@pytest.fixture
def house(tmp_path):
    """The old SQLite database, upgraded."""
    with closing(sqlite_installation(tmp_path, (9, 9))) as made:
        assert made.cli("init").code == 0
        yield made


def with_plugin(house: OldInstallation, name: str, *more: str, value: str = "") -> OldInstallation:
    """Name a plugin in the INI, in place of what was there or as ``value`` says."""
    setting, lines = MINE[name]
    house.write_ini(*lines, *more, changes={f"consentcore.{setting}": value or name})
    return house


def consent_page(house: OldInstallation, request: Request, email: str = "grace@example.org"):
    browser = house.platform.browser()
    page = sign_in(
        browser, browser.get(request.url).follow(), email, house.facts["people"][email]["password"]
    )
    return browser, page


def tokens(house: OldInstallation, page, request: Request) -> dict[str, str]:
    done = exchange(house.platform, request, answer(page, "approve")["code"])
    assert done.status_int == 200, done.text
    return done.json


@pytest.mark.parametrize("name", MINE)
def test_a_wheel_of_then_is_chosen_by_the_ini_alone_and_in_order(house, name):
    with_plugin(house, name)
    assert house.cli("init").code == 0
    checked = house.cli("plugins", "check")
    assert (checked.code, checked.err) == (0, "")
    shown = house.cli("plugins", "show", name, "--json").json
    assert (shown["active"], shown["api"], shown["problems"]) == (True, "1.0", [])


def test_all_wheels_of_then_serve_together_in_processes_of_their_own(house, installed):
    lines = [line for name, (_, own) in MINE.items() if name != "badge" for line in own]
    house.write_ini(
        *lines,
        changes={
            "consentcore.login": "doorman",
            "consentcore.scopes": "scopes_file pier",
            "consentcore.notifiers": "smtp webhook pager",
            "consentcore.extensions": "town",
        },
    )
    environ = {**os.environ, "PYTHONPATH": str(installed)}
    for arguments in (("init",), ("plugins", "check"), ("town", "--json")):
        command = [sys.executable, "-m", "consentcore.cli.main", "-c", str(house.cli.ini), *arguments]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["consents"] > 10


def test_a_wheel_for_another_api_stops_the_start_and_says_why(house):
    house.write_ini(changes={"consentcore.notifiers": "tomorrow"})
    for arguments in (("plugins", "check"), ("init",), ("worker",)):
        refused = house.cli(*arguments)
        assert refused.code == 78
        for word in ("test.ini", "tomorrow", "consentcore-tomorrow", "2.0", "1."):
            assert word in refused.err


def test_a_wheel_for_a_newer_minor_api_warns_and_works(house, caplog):
    house.write_ini(changes={"consentcore.notifiers": "soon"})
    done = house.cli("plugins", "check")
    assert done.code == 0
    assert "1.9" in done.err + caplog.text


def test_a_login_of_then_signs_in_and_keeps_passwords(house):
    with_plugin(house, "doorman")
    made = house.cli(
        "owner", "create", "--email", "eve@example.org", "--password-stdin", stdin=b"a long one, indeed\n"
    )
    assert made.code == 0, made.err
    browser = house.platform.browser()
    page = sign_in(browser, browser.get("/login"), "eve@example.org", "a long one, indeed")
    assert "Authorized Applications" in page
    form = next(
        one for one in browser.get("/account/password").forms.values() if one.action == "/account/password"
    )
    form["current_password"], form["password"] = "a long one, indeed", "another long one"
    form.submit(headers={"Origin": ISSUER}, status=303)
    browser = house.platform.browser()
    assert "Authorized Applications" in sign_in(
        browser, browser.get("/login"), "eve@example.org", "another long one"
    )


def test_a_login_by_redirect_of_then_brings_people_back(house):
    with_plugin(house, "badge")
    request = Request(scope="sites.read")
    browser = house.platform.browser()
    page = browser.get(request.url)
    for _ in range(5):
        if page.status_int in (302, 303) and "badges.example" in page.location:
            break
        page = (
            page.follow()
            if page.status_int in (302, 303)
            else page.forms[0].submit(headers={"Origin": ISSUER})
        )
    sent = {name: values[0] for name, values in parse_qs(urlsplit(page.location).query).items()}
    back = {"state": sent["state"], "proof": sent["proof"], "from": "https://badges.example"}
    back["badge"] = "grace@example.org"
    page = browser.get(f"{urlsplit(sent['back']).path}?{urlencode(back)}")
    while page.status_int in (302, 303):
        page = page.follow()
    assert introspect(house.platform, tokens(house, page, request)["access_token"])["acr"] == "2"


def test_scopes_of_then_are_asked_for_in_their_words(house):
    with_plugin(house, "pier", value="scopes_file pier")
    changed = house.cli("client", "update", "coolsite", "--scope", "sites.read berths.read berths.lights")
    assert changed.code == 0, changed.err
    request = Request(scope="berths.read berths.lights")
    _, page = consent_page(house, request, "linus@example.org")
    assert "See your berths" in visible(page)
    assert "Vieux-Port" in visible(page)
    page.forms[0]["scope"] = ["berths.lights"]  # what acts is nobody's by itself
    assert tokens(house, page, request)["scope"] == "berths.read berths.lights"


@pytest.fixture
def room(house):
    """A room that the notifier posts into, and mail that nobody takes beside it."""
    with http_sink(contract=False) as sink:
        sink.answer = Answer(200)
        lines = (
            f"consentcore.plugin.pager.url = {sink.url('/room')}",
            "consentcore.plugin.pager.allow_networks = 127.0.0.0/8",
        )
        house.write_ini(*lines, changes={"consentcore.notifiers": "smtp pager"})
        yield sink


def told(house: OldInstallation, room) -> set[str]:
    """What the room hears when the worker has had its turn."""
    Worker(house.platform.runtime).run_once()
    return {json.loads(got.body)["text"] for got in room.received}


def test_a_notifier_of_then_is_told(house, room):
    request = Request(scope="sites.read")
    _, page = consent_page(house, request, "linus@example.org")
    tokens(house, page, request)
    assert "consent.granted: CoolSite" in told(house, room)


def test_a_notifier_of_then_hears_nothing_of_an_account(house, room):
    """It does not declare `account_mail`: links that reset a password are none of its business."""
    form = form_of(house.platform.browser().get("/account/reset"), "/account/reset")
    form["email"] = "grace@example.org"
    form.submit(headers={"Origin": ISSUER}, status=303)
    assert [text for text in told(house, room) if text.startswith("account.")] == []


def test_every_hook_of_an_extension_of_then_is_called(house, tmp_path):
    import consentcore_town

    with_plugin(house, "town")
    consentcore_town.TOLD.clear()
    request = Request(scope="sites.read")
    _, page = consent_page(house, request, "linus@example.org")
    assert "The town's advice" in visible(page).replace("&#39;", "'")
    for box in page.forms[0].fields["resource"]:
        box.checked = True
    found = introspect(house.platform, tokens(house, page, request)["access_token"])
    assert found["active"] is True
    assert (found["town"], found["for"]) == ("Altstadt", "coolsite")
    assert found["houses"] == ["house-1", "house-2"]
    assert "house-2" in str(found["resources"])
    Worker(house.platform.runtime).run_once()
    assert ("granted", found["grant_id"], 1) in {one[1:] for one in consentcore_town.TOLD}
    (kept, *_) = (tmp_path / "town" / "checkpoints").read_text().splitlines()
    assert json.loads(kept)["size"] > 0
    assert house.platform.browser().get("/town").json["streets"] == ["High-Street", "Mill-Lane"]
    assert house.cli("town", "--json").json["consents"] > 10
    assert not verify_all(house.platform.runtime.storage, house.platform.runtime.keys).problems


def test_keys_of_a_provider_of_then_are_used(house):
    house.write_ini(
        *MINE["town"][1],
        "consentcore.plugin.town.vault = " + "ab" * 32,
        changes={
            "consentcore.extensions": "town",
            "consentcore.keys": "provider:town",
            "consentcore.storage": "memory",
        },
    )
    assert house.cli("init").code == 0
    assert house.cli("audit", "verify").code == 0
    assert house.platform.runtime.keys.current_id == "town1"


def test_wheels_say_what_they_need(installed):
    """A wheel that asks for `consentcore` of any version is installed beside the newest one."""
    for path in installed.glob("*.dist-info/METADATA"):
        assert Parser().parsestr(path.read_text()).get_all("Requires-Dist") == ["consentcore"]
    assert len(list(OLD.glob("wheels/*.whl"))) == 8


def test_keys_of_then_load_from_the_environment_too(house, monkeypatch):
    monkeypatch.setenv("THE_KEYS", (OLD / "keys").read_text())
    house.write_ini(changes={"consentcore.keys": "env:THE_KEYS"})
    (house.folder / "keys").unlink()
    assert house.cli("audit", "verify").code == 0
    monkeypatch.setenv("THE_KEYS", ";".join((OLD / "keys").read_text().splitlines()[1:]))
    assert house.cli("audit", "verify").code == 0
    token = house.facts["tokens"]["opaque"]["access_token"]
    assert introspect(house.platform, token)["active"] is True


SURE = ("--as-they-stand", "all", "--reason", "the file was in a mail; the database is elsewhere")


def lets_the_token_of_then_in(house) -> bool:
    return introspect(house.platform, house.facts["tokens"]["opaque"]["access_token"])["active"]


def test_keys_of_then_rotate_and_everything_stays_readable(house):
    """Nothing has leaked: keys that are replaced, and not revoked, go on verifying and reading."""
    assert house.cli("keys", "rotate", "--now", "--keep-old").code == 0
    assert len(house.cli("keys", "list", "--json").json) == 3
    assert house.cli("audit", "verify").code == 0
    assert lets_the_token_of_then_in(house)


def test_keys_of_then_leak_and_what_they_have_sealed_is_sealed_anew(house):
    """`--now` revokes: nothing of then counts until it is sealed anew; its evidence needs nobody's word for it."""
    assert house.cli("keys", "rotate", "--now").code == 0
    date_back(house.folder / "keys")
    refused = house.cli("audit", "verify")
    assert refused.code == 1
    assert "which was revoked" in refused.err
    done = house.cli("keys", "reseal")
    assert done.code == 0, done.err
    for sealed in ("consents: 20", "pages: 24", "words: 15"):
        assert f"{sealed} sealed anew, 0 left" in done.err.splitlines()
    assert house.cli("keys", "reseal", *SURE).code == 0
    assert house.cli("audit", "verify").code == 0
    assert lets_the_token_of_then_in(house)


@pytest.mark.parametrize("name", ["development", "production"])
def test_every_setting_of_the_inis_of_then_is_still_known(tmp_path, name, monkeypatch):
    text = (OLD / "inis" / f"{name}.ini").read_text()
    for word in set(text.replace("\n", " ").split()):
        if word.startswith("env:"):
            monkeypatch.setenv(word.removeprefix("env:"), ENVIRONMENT.get(word, "https://id.example.com"))
    cli = Cli(tmp_path)
    cli.ini.write_text(text)
    told = cli("plugins", "show", "webhook")
    assert told.code == 0, told.err
