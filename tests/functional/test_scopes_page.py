"""The scope catalog that anybody may read: ``/scopes`` for people, ``/scopes.json`` for programs."""

from __future__ import annotations

import re
from html import unescape

import pytest

from consentcore.app import app_from_runtime
from consentcore.config import load_ini
from consentcore.keys import create_key_file
from consentcore.runtime import build_runtime
from tests.support.platform import (
    INI,
    ISSUER,
    PREFIX,
    Platform,
    Request,
    make_platform,
    sign_in,
    to_consent_page,
)

WELL_KNOWN = "/.well-known/oauth-authorization-server"
MEMBERS = [
    *("id", "version", "revision", "status", "replaced_by", "type", "necessity", "products"),
    *("level", "history_max_days", "access_max_days", "retention_max_days"),
    *("purposes", "includes", "data_categories", "resource_kinds", "operations", "texts"),
]
TEXTS = ["label", "sees", "cannot", "example", "sensitivity", "cluster", "on_revoke", "locale"]


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path)
    yield made
    made.runtime.close()


def words(node) -> str:
    return " ".join(unescape(node.get_text(" ")).split())


def test_every_scope_is_there_in_the_order_of_the_catalog(platform):
    page = platform.browser().get("/scopes")
    ids = [section["id"] for section in page.html.select("section.offer")]
    assert sorted(ids) == sorted(scope.scope_id for scope in platform.runtime.catalog)
    assert ids[:3] == ["sites.read", "meters.read", "equipment.read"]
    for section, scope_id in zip(page.html.select("section.offer"), ids, strict=True):
        scope = platform.runtime.catalog[scope_id]
        said = words(section)
        assert section.h3.code.text == scope_id
        assert scope.label in said
        assert f"Risk {scope.level} of 4" in said
        assert f"Lasts at most {scope.access_max_days} days" in said
    headings = [words(heading) for heading in page.html.select("h2")]
    products = list(dict.fromkeys(one.products[0] for one in platform.runtime.catalog if one.products))
    assert headings == [*products, "For how long", "How to ask for it"]


def test_what_is_framed_is_what_the_consent_page_says(platform):
    _, consent = to_consent_page(platform, Request(scope="sites.read comfort.read"))
    asked = [words(item) for item in consent.html.select("ul.scopes > li")]
    page = platform.browser().get("/scopes")
    framed = [page.html.select_one(f'[id="{one}"] .framed > li') for one in ("sites.read", "comfort.read")]
    assert [words(item) for item in framed] == asked
    assert all("It could not" in text and "An example" in text for text in asked)


def test_the_page_says_how_to_ask(platform):
    page = platform.browser().get("/scopes")
    asked = page.html.select("pre")[-1].text
    assert asked.startswith(f"{ISSUER}{PREFIX}/authorize?response_type=code&client_id=")
    assert asked.endswith("&scope=sites.read%20meters.read")
    for link in page.html.select("main ul.plain a"):
        answer = platform.browser().get(link["href"].removeprefix(ISSUER), status=200)
        assert answer.content_type == "application/json"


@pytest.mark.parametrize(
    ("accepted", "tag", "title", "label"),
    [
        ("en", "en", "What applications can ask for", "Your sites"),
        ("de-AT", "de", "Worum Anwendungen bitten können", "Ihre Standorte"),
        ("fr", "fr", "Ce que les applications peuvent demander", "Vos sites"),
        ("es", "es", "Qué pueden pedir las aplicaciones", "Sus instalaciones"),
    ],
)
def test_it_is_in_the_language_of_the_browser(platform, accepted, tag, title, label):
    page = platform.browser().get("/scopes", headers={"Accept-Language": accepted})
    assert page.html.html["lang"] == page.headers["Content-Language"] == tag
    assert page.headers["Vary"] == "Accept-Language"
    assert page.html.h1.text == title
    assert label in words(page.html.find(id="sites.read"))


@pytest.mark.parametrize("tag", ["de", "fr", "es"])
def test_cp_61_what_nobody_translates_says_in_which_language_it_is(platform, tag):
    english, other = (
        platform.browser().get("/scopes", headers={"Accept-Language": one}).html.select(".operations span")
        for one in ("en", tag)
    )
    assert [one.text for one in other] == [one.text for one in english]
    assert {one.get("lang") for one in other} == {"en"}
    assert not any(one.has_attr("lang") for one in english)


def drawings(page):
    return [entry.select_one("svg.icon").decode() for entry in page.html.select(".scopes.framed li")]


@pytest.mark.parametrize("tag", ["de", "fr", "es"])
def test_a_picture_is_the_same_in_every_language(platform, tag):
    english = drawings(platform.browser().get("/scopes", headers={"Accept-Language": "en"}))
    assert drawings(platform.browser().get("/scopes", headers={"Accept-Language": tag})) == english
    assert len(set(english)) == 6, "site, reading, climate, alarm, control and paper"


def test_the_json_says_it_in_every_language(platform):
    answer = platform.browser().get("/scopes.json")
    assert answer.content_type == "application/json"
    document, catalog = answer.json, platform.runtime.catalog
    assert list(document) == ["catalog_version", "default_locale", "locales", "scopes", "retired"]
    assert document["catalog_version"] == catalog.version
    assert (document["default_locale"], document["locales"]) == ("en", ["de", "en", "es", "fr"])
    assert [scope["id"] for scope in document["scopes"]] == [scope.scope_id for scope in catalog]
    for scope in document["scopes"]:
        assert list(scope) == MEMBERS
        assert list(scope["texts"]) == document["locales"]
        assert all(list(texts) == TEXTS for texts in scope["texts"].values())
        assert scope["texts"]["en"]["sees"] == catalog[scope["id"]].sees
        assert (scope["version"], scope["type"]) == (catalog[scope["id"]].version, catalog[scope["id"]].type)
    (sites,) = (scope for scope in document["scopes"] if scope["id"] == "sites.read")
    assert sites["texts"]["de"]["label"] == "Ihre Standorte"
    assert sites["texts"]["fr"]["cannot"] == "Voir les personnes ni les relevés."


def test_scripts_of_any_site_may_read_the_json_and_none_the_page(platform):
    browser, foreign = platform.browser(), {"Origin": "https://isv.example"}
    assert browser.get("/scopes.json", headers=foreign).headers["Access-Control-Allow-Origin"] == "*"
    asks = {**foreign, "Access-Control-Request-Method": "GET"}
    assert (
        browser.options("/scopes.json", headers=asks, status=204).headers["Access-Control-Allow-Origin"]
        == "*"
    )
    assert "Access-Control-Allow-Origin" not in browser.get("/scopes", headers=foreign).headers


@pytest.mark.parametrize("path", ["/scopes", "/scopes.json"])
def test_it_may_be_kept_for_a_while_and_asked_for_again(platform, path):
    browser = platform.browser()
    first = browser.get(path)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert re.fullmatch(r'"[0-9a-f]{32}"', first.headers["ETag"])
    again = browser.get(path, headers={"If-None-Match": first.headers["ETag"]}, status=304)
    assert again.body == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    assert browser.get(path, headers={"If-None-Match": '"other"'}).status_int == 200
    german = browser.get(path, headers={"Accept-Language": "de"})
    assert (german.headers["ETag"] == first.headers["ETag"]) is (path == "/scopes.json")


@pytest.mark.parametrize("path", ["/scopes", "/scopes.json"])
def test_it_is_only_read(platform, path):
    browser = platform.browser()
    head = browser.head(path)
    assert (head.status_int, head.body) == (200, b"")
    for method in (browser.post, browser.put, browser.delete):
        assert method(path, status=405).headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/scopes", "/scopes.json"])
def test_it_is_the_same_for_everybody_and_asks_no_storage(platform, path, monkeypatch):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    stranger = platform.browser().get(path)
    assert "Set-Cookie" not in stranger.headers

    def refuse(*_args, **_options):
        raise AssertionError("nothing of it is in the storage")

    monkeypatch.setattr(platform.runtime.storage, "join", refuse)
    known = browser.get(path)
    assert known.body == stranger.body
    assert "Set-Cookie" not in known.headers
    assert known.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in known.headers["Content-Security-Policy"]


def test_the_metadata_says_where_it_is(platform, tmp_path):
    browser = platform.browser()
    assert browser.get(WELL_KNOWN).json["service_documentation"] == f"{ISSUER}/scopes"
    (tmp_path / "two").mkdir()
    apart = make_platform(
        tmp_path / "two", issuer=f"{ISSUER}/tenant", extra="consentcore.web_url = http://127.0.0.1:6544/pages"
    )
    said = apart.browser().get(f"{WELL_KNOWN}/tenant").json
    apart.runtime.close()
    assert said["service_documentation"] == "http://127.0.0.1:6544/pages/scopes"


def test_what_a_plugin_has_beside_it_is_a_page_like_any_other(platform):
    from pyramid.request import Request as PyramidRequest

    from consentcore.web.transactions import needs_transaction

    hook = needs_transaction(platform.runtime.settings)
    paths = ("/scopes", "/scopes.json", "/scopes-of-mine", "/scopes/mine")
    assert [hook(PyramidRequest.blank(path)) for path in paths] == [False, False, True, True]


def test_each_scope_stands_beside_what_it_opens_and_how_to_ask_for_it(platform):
    page = platform.browser().get("/scopes")
    daily = page.html.find(id="energy.usage.interval")
    assert words(daily.select_one(".opens h4")) == "Opens in Energy Data API"
    calls = [words(one) for one in daily.select(".operations li")]
    assert calls[0] == "GET /meters/{meter}/readings Readings per quarter of an hour"
    assert daily.select_one("pre").text.endswith("&state=…&scope=energy.usage.interval")
    facts = {words(one.dt): words(one.dd) for one in daily.select(".facts > div")}
    assert facts["Goes back"] == "396 days"
    assert facts["May be kept for"] == "365 days"
    assert facts["Contains"] == "energy.usage.daily"
    assert facts["Version"] == "1"
    live = page.html.find(id="energy.usage.live")
    assert "Goes back not at all" in words(live)
    assert page.html.find(id="alarms.read").select_one(".facts dd").text == "1 (wording 2)"


def test_cp_09_what_acts_says_so_and_what_becomes_of_it_when_access_ends(platform):
    acts = platform.browser().get("/scopes").html.find(id="device.control.setpoint")
    assert "This is more than looking: the application could act." in words(acts)
    assert "When access ends, the devices go back to the settings that you chose" in words(
        acts.select_one(".framed")
    )


def test_cp_04_a_scope_that_contains_another_says_so_once_in_words(platform):
    platform.add_client("many", scopes=("energy.usage.interval",))
    _, consent = to_consent_page(platform, Request(client_id="many", scope="energy.usage.interval"))
    assert words(consent.html.main).count("Includes the daily totals") == 1


def test_cp_03_no_scope_token_is_what_a_person_reads(platform):
    tokens = [scope.scope_id for scope in platform.runtime.catalog]
    asked = "sites.read meters.read comfort.read energy.usage.interval"
    platform.add_client("many", scopes=tuple(asked.split()))
    _, consent = to_consent_page(platform, Request(client_id="many", scope=asked))
    said = words(consent.html.main)
    assert [words(one) for one in consent.html.select("h3")] == ["Your sites and equipment"]
    assert [token for token in tokens if token in said] == []
    for scope_id in asked.split():
        scope = platform.runtime.catalog[scope_id]
        assert scope.label in said
    assert len(consent.html.select("ul.scopes > li details")) == 4


OWN = """\
[[scope]]
id = "new.read"
label = "New data"
sees = "Everything new."
status = "draft"
[[scope]]
id = "old.read"
label = "Old data"
sees = "Everything old."
status = "deprecated"
replaced_by = "rooms.read"
[[scope]]
id = "gone.read"
label = "Gone data"
sees = "Nothing."
status = "retired"
replaced_by = "rooms.read"
[[scope]]
id = "rooms.read"
label = "Rooms"
sees = "Rooms."
[scope.texts.de]
label = "Räume"
sees = "Räume."
"""


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own.toml").write_text(OWN, "utf-8")
    extra = "consentcore.plugin.scopes_file.path = %(here)s/own.toml"
    ini = tmp_path / "test.ini"
    ini.write_text(INI.format(issuer=ISSUER, storage="memory", login="login_local", extra=extra))
    create_key_file(tmp_path / "keys")
    runtime = build_runtime(load_ini(str(ini)))
    yield Platform(runtime, app_from_runtime(runtime))
    runtime.close()


def test_drafts_are_not_shown_and_what_is_on_its_way_out_or_gone_says_so(own):
    page = own.browser().get("/scopes")
    said = words(page.html.main)
    assert "new.read" not in said
    assert "Being retired: ask for rooms.read instead." in words(page.html.find(id="old.read"))
    assert "gone.read is now rooms.read" in said
    assert page.html.find(id="gone.read") is None
    document = own.browser().get("/scopes.json").json
    assert [one["id"] for one in document["scopes"]] == ["old.read", "rooms.read"]
    assert document["retired"] == [{"id": "gone.read", "version": "1", "replaced_by": "rooms.read"}]
    supported = own.browser().get(WELL_KNOWN).json["scopes_supported"]
    assert supported == ["old.read", "rooms.read"]


def test_cp_61_a_scope_without_words_in_a_language_is_shown_whole_in_its_own_and_says_so(own):
    page = own.browser().get("/scopes", headers={"Accept-Language": "de"})
    old, rooms = (page.html.find(id=one).select_one(".framed > li") for one in ("old.read", "rooms.read"))
    assert (old["lang"], "lang" in rooms.attrs) == ("en", False)
    assert "Everything old." in words(old)
    texts = {one["id"]: one["texts"]["de"] for one in own.browser().get("/scopes.json").json["scopes"]}
    assert (texts["old.read"]["locale"], texts["rooms.read"]["locale"]) == ("en", "de")
