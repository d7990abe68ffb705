"""A text that changes asks again, or says under which revision; and pages about the past show the words of the past."""

from __future__ import annotations

import json

import pytest

from consentcore.api import ConfigurationError
from consentcore.app import app_from_runtime
from consentcore.config import load_ini
from consentcore.runtime import build_runtime
from tests.support.platform import (
    Platform,
    Request,
    connect,
    make_platform,
    sign_in,
    to_consent_page,
    visible,
)

OWN = """\
[[scope]]
id = "sites.read"
label = "Your sites"
sees = "Names of your sites."
[[scope]]
id = "comfort.read"
label = "{label}"
sees = "{sees}"
{more}
[scope.texts.de]
label = "Raumklima"
sees = "Temperatur in jedem Raum."
"""


class House:
    """A database, and one process after another with a catalog of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.write("Room climate", "Temperature in each room.")
        path = "consentcore.plugin.scopes_file.path = %(here)s/own.toml"
        self.platform = make_platform(folder, storage="sqlalchemy", extra=path)
        self.platform.runtime.pin_scopes()

    def write(self, label, sees, more=""):
        (self.folder / "own.toml").write_text(OWN.format(label=label, sees=sees, more=more), "utf-8")

    def restart(self, label="Room climate", sees="Temperature in each room.", more=""):
        """A new process that has read another catalog."""
        self.write(label, sees, more)
        secrets = self.platform.secrets
        self.platform.runtime.close()
        runtime = build_runtime(load_ini(str(self.folder / "test.ini")))
        self.platform = Platform(runtime, app_from_runtime(runtime), secrets=secrets)
        runtime.pin_scopes()

    def sees(self, path, **headers):
        browser = self.platform.browser()
        sign_in(browser, browser.get("/login"))
        return visible(browser.get(path, headers=headers))

    def events(self):
        with self.platform.runtime.storage.reading() as uow:
            owner = uow.owners.by_email("ada@example.org")
            return [json.loads(one.body) for one in uow.ledger.of_owner(owner.owner_id)]


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.platform.runtime.close()


ASKED = Request(scope="sites.read comfort.read")


def test_cr_09_a_new_meaning_is_asked_again_and_the_old_one_keeps_its_words(house):
    connect(house.platform, ASKED)
    house.restart("Climate and people", "Who is where.", 'version = "2"')
    for path in ("/consents", "/consents/history"):
        said = house.sees(path).casefold()
        assert "room climate" in said
        assert "climate and people" not in said
    _, page = to_consent_page(house.platform, ASKED)
    assert "Climate and people" in visible(page)


def test_a_new_wording_is_not_asked_again_and_the_history_keeps_the_old_one(house):
    connect(house.platform, ASKED)
    house.restart("Climate of rooms", "Temperature in every room.", "revision = 2")
    assert "Climate of rooms" in house.sees("/consents")
    history = house.sees("/consents/history").casefold()
    assert "room climate" in history
    assert "climate of rooms" not in history
    (granted,) = house.events()
    assert granted["scope_revisions"] == {"comfort.read@1": 1, "sites.read@1": 1}


def test_words_that_changed_under_neither_start_no_process(house):
    connect(house.platform, ASKED)
    with pytest.raises(
        ConfigurationError, match="comfort.read: sees: changed under the same version and revision"
    ):
        house.restart(sees="Who is where.")
    ready = house.platform.browser().get("/readyz", status=503).json
    assert "changed under the same version" in ready["checks"]["scopes"][0]
    house.write("Room climate", "Temperature in each room.")


def test_a_scope_that_has_left_the_catalog_keeps_its_words(house):
    connect(house.platform, ASKED)
    (house.folder / "own.toml").write_text(
        '[[scope]]\nid = "sites.read"\nlabel = "Your sites"\nsees = "Names of your sites."\n'
    )
    house.platform.runtime.close()
    runtime = build_runtime(load_ini(str(house.folder / "test.ini")))
    runtime.pin_scopes()
    house.platform = Platform(runtime, app_from_runtime(runtime), secrets=house.platform.secrets)
    assert "Room climate" in house.sees("/consents")
    assert "comfort.read" not in house.sees("/consents")


def test_cp_65_the_words_of_the_language_that_was_shown_are_part_of_what_is_kept(house):
    browser, page = to_consent_page(house.platform, ASKED)
    german = browser.get(page.request.path_qs, headers={"Accept-Language": "de"})
    assert "Raumklima" in visible(german)
    form = german.forms[-1] if not hasattr(german, "form") else german.form
    form.submit("decision", value="approve", headers={"Accept-Language": "de"})
    (granted,) = house.events()
    with house.platform.runtime.storage.reading() as uow:
        shown = json.loads(uow.ledger.snapshot(granted["evidence"]["snapshot_hash"]).content)
    said = {one["scope_id"]: one for one in shown["scopes"]}
    assert (said["comfort.read"]["label"], said["comfort.read"]["locale"]) == ("Raumklima", "de")
    assert said["sites.read"]["label"] == "Your sites"
    assert "locale" not in said["sites.read"]


def test_what_a_page_asks_the_storage_for_is_no_more_than_before(house, monkeypatch):
    """Words of the past are read when a process starts, and not again."""
    connect(house.platform, ASKED)
    house.restart("Climate and people", "Who is where.", 'version = "2"')
    storage = house.platform.runtime.storage

    def refuse():
        raise AssertionError("read again")

    pins = house.platform.runtime.scope_pins
    monkeypatch.setattr(pins, "pinned", refuse)
    assert "Room climate" in house.sees("/consents")
    assert storage is house.platform.runtime.storage
