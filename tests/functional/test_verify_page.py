"""``/verify``: anybody checks a receipt or a bundle, without a sign-in, a cookie or a script; nothing is kept."""

from __future__ import annotations

import gzip
import io
import json

import pytest
from webtest import TestApp

from consentcore.consent.bundle.service import FILES_A_MINUTE
from consentcore.consent.bundle.writing import Selection
from tests.support.bundles import TAMPERINGS, parsed, text_of
from tests.support.platform import connect, decide, make_platform, sign_in


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path)
    connect(made)
    made.runtime.evidence.advance()
    return made


def event_of(platform):
    with platform.runtime.storage.reading() as uow:
        (event,) = uow.ledger.leaves(0, 10)
    return event


@pytest.fixture
def receipt(platform):
    runtime = platform.runtime
    with runtime.storage.reading() as uow:
        found = runtime.receipts.find(uow, runtime.receipts.name_for(event_of(platform)))
        return runtime.receipts.file(uow, found, runtime.clock.now()).encode()


@pytest.fixture
def bundle(platform):
    file = io.BytesIO()
    platform.runtime.bundles.write(file, Selection())
    return file.getvalue()


def bring(platform, file=b"", text=""):
    """As a browser does: a file that was not chosen comes empty."""
    files = [("file", "evidence.json" if file else "", file)]
    # With the checks of WebTest around it the body is none in memory, as the server gives it.
    browser = TestApp(platform.app, lint=False)
    return browser.post("/verify", {"text": text}, upload_files=files, expect_errors=True)


def headline(page):
    return page.html.select_one("main h2").get_text(strip=True)


def test_the_page_is_for_anybody(platform):
    page = platform.browser().get("/verify")
    assert "Set-Cookie" not in page.headers
    assert page.html.select_one("form")["enctype"] == "multipart/form-data"
    assert not page.html.select("main script")


def test_rt_07_a_receipt_is_checked_as_a_file_or_as_text(platform, receipt):
    for page in (bring(platform, receipt), bring(platform, text=receipt.decode())):
        assert page.status_int == 200
        assert headline(page) == "This receipt comes from us, and nothing in it was changed."
        number = page.html.select_one("main .number").get_text()
        assert number == json.loads(receipt)["receipt"]["cc:confirmationNumber"]
        assert page.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in page.headers


def test_a_receipt_that_was_changed_does_not_hold(platform, receipt):
    page = bring(platform, receipt.replace(b"comfort.read", b"energy.read"))
    assert headline(page) == "This does not hold."


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_rt_07_a_bundle_is_checked(platform, bundle, pack):
    page = bring(platform, pack(bundle))
    assert headline(page) == "This bundle holds: it is all of our record, and nothing in it was changed."
    assert platform.browser().get("/verify").html.select("main h2") == []


def test_the_first_bad_event_is_named(platform, bundle):
    lines = parsed(bundle)
    TAMPERINGS["edited_event"](lines)
    page = bring(platform, text_of(lines))
    assert headline(page) == "This does not hold."
    assert page.html.select_one("main code").get_text() == event_of(platform).event_id


def test_a_bundle_of_another_service_is_none_of_ours(platform, tmp_path):
    (tmp_path / "there").mkdir()
    other = make_platform(tmp_path / "there", issuer="http://localhost:7777")
    decide(other, other.add_owner("somebody@example.org"), "sites.read")
    file = io.BytesIO()
    other.runtime.bundles.write(file, Selection())
    page = bring(platform, file.getvalue())
    assert headline(page) == "This does not hold."
    assert "It says that it comes from localhost:7777." in page.text.replace("<bdi>", "").replace(
        "</bdi>", ""
    )


@pytest.mark.parametrize(
    "junk", [b"hello", b"\x1f\x8b", b"\xff\xfe\x00", b"{}", b'{"bundle":1}', b"[" * 9000]
)
def test_junk_is_answered_in_words(platform, junk):
    page = bring(platform, junk)
    assert page.status_int == 200
    assert headline(page) == "This does not hold."


def test_what_a_stranger_wrote_into_it_is_text(platform, bundle):
    lines = parsed(bundle)
    lines[0]["bundle"]["log"] = "<script>alert(1)</script>"
    page = bring(platform, text_of(lines))
    assert "<script>alert(1)" not in page.text


def test_without_a_file_it_says_what_is_expected(platform):
    page = bring(platform)
    assert page.status_int == 400
    page = platform.browser().post("/verify", {"text": "x"}, expect_errors=True)
    assert page.status_int == 400


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=abc", b"--abc\r\n"),
        ("multipart/form-data; boundary=abc", b"--abc\r\nno blank line--abc--"),
        ("multipart/form-data; boundary=abc", b"--abc\r\n" * 40 + b"--abc--"),
        ("text/plain", b"x"),
    ],
)
def test_a_broken_form_is_refused(platform, content_type, body):
    page = platform.browser().post("/verify", body, content_type=content_type, expect_errors=True)
    assert page.status_int == 400


def test_a_file_that_grows_beyond_measure_when_unpacked_is_refused(platform):
    line = b'{"bundle":{"padding":"' + b" " * 15_000_000 + b'"}}\n'
    bomb = gzip.compress(line * 3)
    assert len(bomb) < 256 * 1024
    page = bring(platform, bomb)
    assert page.status_int in {200, 400}
    assert "holds" not in page.text


def test_whoever_brings_too_many_waits(platform, receipt):
    for _ in range(FILES_A_MINUTE):
        last = bring(platform, b"junk")
    assert last.status_int == 200
    page = bring(platform, receipt)
    assert page.status_int == 429
    assert 0 < int(page.headers["Retry-After"]) <= 60


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("de", "Einen Beleg prüfen"),
        ("fr", "Vérifier une attestation"),
        ("es", "Comprobar un justificante"),
    ],
)
def test_it_speaks_the_language_of_the_browser(platform, language, title):
    page = platform.browser().get("/verify", headers={"Accept-Language": language})
    assert page.html.select_one("h1").get_text(strip=True) == title


def test_a_receipt_leads_to_it(platform):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    name = platform.runtime.receipts.name_for(event_of(platform))
    assert browser.get(f"/receipts/{name}").html.select_one('a[href="/verify"]') is not None
