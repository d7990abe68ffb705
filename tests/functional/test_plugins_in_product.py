"""Every hook that the product calls, through the product: tiny plugins of a stranger in a running platform."""

from __future__ import annotations

import json
import sys

import pytest

from consentcore.consent.shown import replay
from consentcore.keys import Keys
from consentcore.worker.worker import Worker
from tests.support import tiny_plugins as tiny
from tests.support.platform import (
    ISSUER,
    PREFIX,
    Request,
    answer,
    connect,
    exchange,
    introspect,
    make_platform,
    sign_in,
    to_consent_page,
    visible,
)

HEAD = """
    from dataclasses import dataclass
    from consentcore.api import *
    HEARD = []
    FAILS = []

    @hookimpl
    def consentcore_plugin():
        return PluginInfo("{name}", PluginKind.{kind}, "Tiny.")
"""
HOOKS = {
    "panels": """
    @hookimpl
    def consentcore_consent_panels(context):
        return [ConsentPanel("About <this> app", f"{context.client.name} was checked by us & others.")]
""",
    "claims": """
    @hookimpl
    def consentcore_token_claims(context):
        return {"tariff": "night", "known_as": context.subject}
""",
    "reserved": """
    @hookimpl
    def consentcore_token_claims(context):
        return {"sub": "somebody else"}
""",
    "event": """
    @hookimpl
    def consentcore_event(event):
        if FAILS:
            raise RuntimeError(FAILS.pop())
        HEARD.append((event.type.value, event.grant_id))
""",
    "pages": """
    @hookimpl
    def consentcore_configure(config, settings):
        config.add_route("tiny", "/tiny")
        config.add_view(lambda request: {"hello": "from a plugin"}, route_name="tiny", renderer="json")
""",
    "anchor": """
    class Anchor:
        def publish(self, checkpoint):
            HEARD.append(checkpoint.size)

    @hookimpl
    def consentcore_anchor(settings):
        return Anchor()
""",
    "sites": """
    class Directory:
        def resources(self, owner):
            return [Resource("site-1", f"The house of {owner.name}"), Resource("site-2", "The shed")]

    @hookimpl
    def consentcore_resources(settings):
        return Directory()
""",
    "vault": """
    class Vault:
        def master_keys(self):
            return [("vault1", b"v" * 32)]

    @hookimpl
    def consentcore_key_provider(settings):
        return Vault()
""",
    "words": """
    class Words:
        def scopes(self):
            return [Scope("water.read", "Water use", "Litres of water a day.")]

    @hookimpl
    def consentcore_scope_catalog(settings):
        return Words()
""",
    "chat": """
    class Chat:
        retry_schedule_s = (1.0,)
        def targets(self, envelope):
            return ["room"]
        def send(self, envelope, target):
            HEARD.append((envelope.notice.kind.value, envelope.client.name, target))
            return Delivered()

    @hookimpl
    def consentcore_notifier(settings, clock):
        return Chat()
""",
    "badge": """
    class Badge:
        def __init__(self, storage):
            self._storage = storage
        def authenticate(self, attempt):
            with self._storage.reading() as uow:
                owner = uow.owners.by_email(attempt.email)
            if owner is not None and attempt.password == "open sesame":
                return Authenticated(owner.owner_id, "1", ("hwk",))
            return Refused()
        def set_password(self, uow, owner_id, password):
            pass

    @hookimpl
    def consentcore_login(settings, storage, clock):
        return Badge(storage)
""",
}
KINDS = {"words": "SCOPES", "chat": "NOTIFIER", "badge": "LOGIN"}
SETTINGS = {"words": "scopes", "chat": "notifiers", "badge": "login"}


@pytest.fixture
def platform_with(tmp_path, monkeypatch):
    """A platform with one tiny plugin; its module is ``platform.plugin``."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    made = []

    def platform_with(name, *lines):
        code = HEAD.format(name=name, kind=KINDS.get(name, "EXTENSION")) + HOOKS[name]
        tiny.install(site, name, "1.0", code=code, **{name: f"tiny_{name}"})
        if name not in SETTINGS:
            lines = (f"consentcore.extensions = {name}", *lines)
        for line in lines:
            key, _, value = line.partition(" = ")
            monkeypatch.setenv(
                "CONSENTCORE_" + key.removeprefix("consentcore.").upper().replace(".", "__"), value
            )
        platform = make_platform(tmp_path)
        platform.plugin = sys.modules[f"tiny_{name}"]
        made.append(platform)
        return platform

    yield platform_with
    for platform in made:
        platform.runtime.close()


def test_panel_stands_on_the_consent_page_escaped_and_in_the_evidence(platform_with):
    platform = platform_with("panels")
    _, page = to_consent_page(platform, Request())
    assert "About &lt;this&gt; app" in page.text
    assert "CoolSite was checked by us &amp; others." in page.text
    answer(page, "approve")
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all()
        (event,) = uow.ledger.of_grant(grant.grant_id)
        shown = replay(uow.ledger, json.loads(event.body)["evidence"]["snapshot_hash"])
    assert {"About <this> app", "CoolSite was checked by us & others."} <= set(shown.strings("forgotten"))
    # A panel may name places of a person: it can be forgotten, so it stands beside what is kept for good.
    assert "was checked by us" not in json.dumps(shown.content)


def test_claims_stand_in_the_introspection_answer(platform_with):
    platform = platform_with("claims")
    facts = introspect(platform, connect(platform)["access_token"])
    assert (facts["tariff"], facts["known_as"]) == ("night", facts["sub"])


def test_reserved_claim_never_reaches_an_api(platform_with):
    platform = platform_with("reserved")
    token = connect(platform)["access_token"]
    body = {"token": token, "client_id": "api", "client_secret": platform.secrets["api"]}
    response = platform.browser().post(f"{PREFIX}/introspect", body, expect_errors=True)
    assert response.status_int >= 400
    assert "somebody else" not in response.text


def test_events_reach_a_plugin_even_when_it_fails_first(platform_with):
    platform = platform_with("event")
    platform.plugin.FAILS.append("not now")
    connect(platform)
    worker = Worker(platform.runtime)
    worker.run_once()
    assert platform.plugin.HEARD == []
    (delivery,) = [
        one for one in platform.runtime.storage.delivery_log.deliveries() if one.notifier == "event:event"
    ]
    platform.runtime.storage.delivery_log.requeue([delivery.delivery_id], platform.runtime.clock.now())
    worker.run_once()
    ((kind, grant_id),) = platform.plugin.HEARD
    assert kind == "granted"
    with platform.runtime.storage.reading() as uow:
        assert uow.grants.get(grant_id) is not None


def test_pages_of_a_plugin_are_served(platform_with):
    platform = platform_with("pages")
    assert platform.browser().get("/tiny", headers={"Origin": ISSUER}).json == {"hello": "from a plugin"}


def test_checkpoints_are_given_to_an_anchor(platform_with):
    platform = platform_with("anchor")
    connect(platform)
    Worker(platform.runtime).run_once()
    assert platform.plugin.HEARD == [2]  # the consent, and the note of who and what signs in


def test_keys_may_come_from_a_provider(platform_with):
    platform = platform_with("vault", "consentcore.keys = provider:vault")
    assert platform.runtime.keys.mac("ledger", b"x") == Keys([("vault1", b"v" * 32)]).mac("ledger", b"x")
    assert introspect(platform, connect(platform)["access_token"])["active"] is True


def test_scopes_of_a_plugin_are_asked_for_in_its_words(platform_with):
    platform = platform_with("words", "consentcore.scopes = scopes_file words")
    platform.add_client("pump", name="Pump", scopes=("water.read",))
    _, page = to_consent_page(platform, Request(client_id="pump", scope="water.read"))
    assert "Water use" in visible(page)
    assert "Litres of water a day." in visible(page)


def test_notifier_of_a_plugin_is_told(platform_with):
    platform = platform_with("chat", "consentcore.notifiers = chat", "consentcore.plugin.devmail.dir = mail")
    connect(platform)
    Worker(platform.runtime).run_once()
    assert platform.plugin.HEARD == [("consent.granted", "CoolSite", "room")]


def test_login_of_a_plugin_lets_people_in(platform_with):
    platform = platform_with("badge", "consentcore.login = badge")
    browser = platform.browser()
    page = browser.get(Request().url).follow()
    page = sign_in(browser, page, password="open sesame")
    assert answer(page, "approve")["code"]


def test_sites_of_a_directory_are_offered_and_what_was_chosen_reaches_the_api(platform_with):
    platform = platform_with("sites")
    request = Request()
    _, page = to_consent_page(platform, request)
    assert "The house of Ada Moreau" in visible(page)
    assert "The shed" in visible(page)
    choose(page, "site|site-2")
    token = exchange(platform, request, answer(page, "approve")["code"]).json["access_token"]
    assert introspect(platform, token)["resources"] == [{"type": "site", "identifiers": ["site-2"]}]


def choose(page, resource_id):
    """Tick the box of a resource."""
    for field in page.forms[0].fields["resource"]:
        if field._value == resource_id:
            field.checked = True
