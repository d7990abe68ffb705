"""The development mailbox: files, and pages that show them."""

from __future__ import annotations

import email
import email.policy

import pytest
from pyramid.config import Configurator
from pyramid_jinja2 import add_jinja2_renderer
from webtest import TestApp

import consentcore
from consentcore.api import Audience, ConfigurationError, Delivered, Mail, PluginKind, Reject
from consentcore.testing import FakeEnvelope, ManualClock, NotifierConformance, factories
from consentcore_devmail import (
    DevmailSettings,
    consentcore_configure,
    consentcore_notifier,
    consentcore_plugin,
)


class Envelope(FakeEnvelope):
    """With a mail that tries things."""

    def mail(self, audience: Audience) -> Mail | None:
        mail = super().mail(audience)
        if mail is None:
            return None
        return Mail(
            mail.to,
            "<b>Hello</b> & welcome",
            "Text with <script>alert(1)</script>\n",
            "<p>HTML part</p><script>alert(1)</script>",
            mail.message_id,
        )


def make(folder):
    return consentcore_notifier(DevmailSettings(dir=folder), ManualClock())


class TestConformance(NotifierConformance):
    capabilities = frozenset({"account_mail", "readback"})

    @pytest.fixture
    def told(self, tmp_path):
        return lambda: [
            email.message_from_bytes(path.read_bytes())["X-Consentcore-Event"]
            for path in (tmp_path / "var" / "mail").glob("*.eml")
        ]

    @pytest.fixture
    def notifier(self, tmp_path):
        return make(tmp_path / "var" / "mail")

    @pytest.fixture
    def broken_notifier(self, tmp_path):
        (tmp_path / "file").write_text("not a folder")
        return make(tmp_path / "file" / "mail")


def test_sender_that_is_no_address_stops_the_start(tmp_path):
    with pytest.raises(
        ConfigurationError, match=r"consentcore\.plugin\.devmail\.sender: expected one address"
    ):
        consentcore_notifier(DevmailSettings(dir=tmp_path, sender="nobody"), ManualClock())


class TestFiles:
    def test_mail_becomes_a_file(self, tmp_path):
        folder = tmp_path / "var" / "mail"
        envelope = FakeEnvelope()
        assert make(folder).send(envelope, "owner") == Delivered()
        (path,) = folder.iterdir()
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert (message["To"], message["Subject"]) == ("ada@example.org", "About your consent")
        assert message["X-Consentcore-Event"] == envelope.notice.notice_id
        assert path.name.startswith(f"{envelope.notice.occurred_at}-")
        assert path.suffix == ".eml"
        assert folder.stat().st_mode & 0o077 == 0

    def test_96_telling_twice_is_one_mail(self, tmp_path):
        notifier, envelope = make(tmp_path), FakeEnvelope()
        notifier.send(envelope, "owner")
        notifier.send(envelope, "owner")
        assert len(list(tmp_path.iterdir())) == 1
        notifier.send(envelope, "operator")
        assert len(list(tmp_path.iterdir())) == 2

    def test_without_an_address_nothing_is_written(self, tmp_path):
        assert isinstance(make(tmp_path).send(FakeEnvelope(recipients={}), "owner"), Reject)
        assert list(tmp_path.iterdir()) == []

    def test_plugin_says_who_it_is(self):
        info = consentcore_plugin()
        assert (info.name, info.kind, info.settings) == ("devmail", PluginKind.NOTIFIER, DevmailSettings)


class TestPages:
    @pytest.fixture
    def folder(self, tmp_path):
        return tmp_path / "mail"

    @pytest.fixture
    def browser(self, folder):
        config = Configurator(
            package="consentcore",
            settings={"jinja2.directories": ["consentcore_templates:"], "jinja2.undefined": "strict"},
        )
        # What including pyramid_jinja2 does, which would look for templates beside this file.
        config.add_directive("add_jinja2_renderer", add_jinja2_renderer)
        config.add_jinja2_renderer(".jinja2", package=consentcore)
        consentcore_configure(config, DevmailSettings(dir=folder))
        return TestApp(config.make_wsgi_app())

    def send(self, folder, **changes) -> str:
        grant = factories.grant("owner-1", "client-1")
        envelope = Envelope(notice=factories.notice(grant, **changes))
        make(folder).send(envelope, "owner")
        return max(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns).name

    def test_empty_mailbox(self, browser):
        assert "There is none yet." in browser.get("/_dev/mail").text

    def test_newest_comes_first(self, browser, folder):
        names = [self.send(folder, occurred_at=at) for at in (2_000, 10_000, 900)]
        page = browser.get("/_dev/mail")
        places = [page.text.index(name) for name in (names[1], names[0], names[2])]
        assert places == sorted(places)
        assert "<bdi>&lt;b&gt;Hello&lt;/b&gt; &amp; welcome</bdi>" in page.text, (
            "whatever direction it runs in"
        )

    def test_message_shows_text_and_links_the_html(self, browser, folder):
        name = self.send(folder)
        page = browser.get("/_dev/mail").click(href=name)
        assert "ada@example.org" in page.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
        assert "<script" not in page.text
        assert f'href="/_dev/mail/{name}/html"' in page.text
        assert "<iframe" not in page.text
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")

    def test_html_part_may_do_nothing(self, browser, folder):
        name = self.send(folder)
        part = browser.get(f"/_dev/mail/{name}/html")
        assert "<p>HTML part</p>" in part.text
        policy = part.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "; sandbox" in policy

    @pytest.mark.parametrize(
        "name",
        [
            "1-000000000000.eml",
            "..%2Ftest.ini",
            "%2e%2e",
            "1-00000000000g.eml",
            "x.eml",
            "1-000000000000.eml%00",
        ],
    )
    @pytest.mark.parametrize("suffix", ["", "/html"])
    def test_other_names_are_not_found(self, browser, folder, name, suffix):
        self.send(folder)
        assert browser.get(f"/_dev/mail/{name}{suffix}", status=404).status_int == 404

    def test_file_that_is_no_mail_spoils_nothing(self, browser, folder):
        name = self.send(folder)
        (folder / "notes.eml").write_bytes(b"\xff\xfe not a mail")
        (folder / "7-000000000000.eml").mkdir()
        assert name in browser.get("/_dev/mail").text
