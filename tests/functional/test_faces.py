"""The face of an application: its logo, fetched once and served from here, and whether the operator has checked it."""

from __future__ import annotations

import base64

import pytest

from consentcore.api import InvalidInput, NotFound
from consentcore.clients.form import ClientForm
from consentcore.clients.logo import logo_digest
from consentcore.testing.fakes import ManualClock
from tests.support.platform import CALLBACK, Request, make_platform, to_consent_page
from tests.support.sinks import Answer, http_sink

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
TYPED = {"name": "CoolSite", "redirect_uris": (CALLBACK,), "scopes": ("sites.read",)}


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path, clock=ManualClock())
    yield made
    made.runtime.close()


@pytest.fixture
def site():
    """Where the application has its logo, and what it says of it."""
    with http_sink(contract=False) as sink:
        sink.answers["/logo"] = Answer(200, {"Content-Type": "text/html"}, PNG)
        yield sink


def registered(platform, **typed):
    """Register an application as somebody typed it."""
    clients = platform.runtime.clients
    new = clients.prepare(ClientForm(**TYPED, client_id="lit", **typed))
    with platform.runtime.storage.transaction() as uow:
        clients.add(uow, new)
    return new.client


def revised(platform, **typed):
    clients, storage = platform.runtime.clients, platform.runtime.storage
    with storage.reading() as uow:
        client = clients.find(uow, "lit")
    revision = clients.prepare_revision(client, typed)
    with storage.transaction() as uow:
        return clients.revise(uow, "lit", revision)


def consent_page_of(platform, client_id):
    return to_consent_page(platform, Request(client_id=client_id, scope="sites.read"))[1]


def test_a_logo_is_fetched_once_and_served_from_here(platform, site):
    client = registered(platform, logo_url=site.url("/logo"))
    assert client.logo == logo_digest(PNG)
    picture = consent_page_of(platform, "lit").html.select_one("img.tile")
    assert (picture["src"], picture["alt"]) == (f"/applications/lit/logo?v={client.logo}", "")
    for _ in range(2):
        answer = platform.browser().get(picture["src"])
        assert answer.body == PNG
        assert answer.content_type == "image/png"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Set-Cookie" not in answer.headers
    assert [one.path for one in site.received] == ["/logo"]
    assert platform.browser().get("/applications/lit/logo?v=old").headers["Cache-Control"] == "no-cache"


def test_a_logo_is_replaced_and_removed(platform, site):
    registered(platform, logo_url=site.url("/logo"))
    site.answers["/logo"] = Answer(200, {}, other := PNG.replace(b"IDAT", b"tEXt\0\0\0\0\0\0\0\0IDAT"))
    assert revised(platform, logo_url=site.url("/logo")).logo == logo_digest(other)
    assert platform.browser().get("/applications/lit/logo").body == other
    assert revised(platform, name="Renamed").logo == logo_digest(other)
    assert revised(platform, logo_url="").logo == ""
    platform.browser().get("/applications/lit/logo", status=404)
    with platform.runtime.storage.reading() as uow:
        assert uow.clients.logo("lit") is None


def test_what_is_no_picture_is_refused_and_nothing_is_stored(platform, site):
    site.answers["/page"] = Answer(200, {"Content-Type": "image/png"}, b"<svg onload='alert(1)'/>")
    for path in ("/page", "/nothing"):
        with pytest.raises(InvalidInput) as refusal:
            registered(platform, logo_url=site.url(path))
        assert refusal.value.field == "logo_url"
    with platform.runtime.storage.reading() as uow, pytest.raises(NotFound):
        platform.runtime.clients.find(uow, "lit")


def test_a_logo_passes_the_guard_of_outgoing_requests(platform):
    with pytest.raises(InvalidInput, match="https to a public address"):
        registered(platform, logo_url="http://169.254.169.254/latest/meta-data")


def test_without_a_logo_there_is_a_letter_in_a_colour_that_stays(platform):
    registered(platform)
    before = consent_page_of(platform, "lit").html.select_one(".face .tile")
    revised(platform, name="Éclair")
    after = consent_page_of(platform, "lit").html.select_one(".face .tile")
    assert (before["data-letter"], after["data-letter"]) == ("C", "É")
    assert before["class"] == after["class"]
    platform.browser().get("/applications/lit/logo", status=404)
    platform.browser().get("/applications/nobody/logo", status=404)


def test_cp_02_the_page_says_who_asks_and_whether_we_have_checked_them(platform):
    registered(platform, publisher="Frostline SAS", website="https://frostline.example/")
    face = consent_page_of(platform, "lit").html.select_one(".face")
    said = " ".join(face.get_text(" ").split())
    assert "CoolSite is made by Frostline SAS." in said
    assert "Not checked by Your Energy Company" in said
    assert face.a["href"] == "https://frostline.example/"
    assert (face.a["target"], face.a["rel"]) == ("_blank", ["noopener"])
    verified = revised(platform, verified=True)
    assert verified.verified_at == platform.runtime.clock.now()
    said = consent_page_of(platform, "lit").html.select_one(".face").get_text(" ")
    assert "Checked by Your Energy Company on 18 November 2026" in said
    assert revised(platform, verified=False).verified_at is None
