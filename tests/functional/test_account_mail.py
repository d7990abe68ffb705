"""Mails about an account reach those only who have declared ``account_mail``; and what is said when nobody has."""

from __future__ import annotations

import sys

import pytest
from aiosmtpd.controller import Controller

from consentcore.consent.evidence.anchored import NO_ANCHOR
from consentcore.domain.notice import DeliveryState
from consentcore.worker.worker import Worker
from tests.support import tiny_plugins as tiny
from tests.support.account import ask_reset
from tests.support.command_line import NO_DIRECTORY, Cli
from tests.support.platform import connect, make_platform, sign_in, visible
from tests.support.ports import reserved_port

GOSSIP = '''
from consentcore.api import Audience, Delivered, PluginInfo, PluginKind, hookimpl

HEARD = []


class Gossip:
    """Repeats whatever it can get."""

    retry_schedule_s = (5.0,)

    def targets(self, envelope):
        HEARD.append((envelope.notice.kind.value, envelope.notice.data, repr(envelope.owner)))
        return ["room"]

    def send(self, envelope, target):
        mails = [envelope.mail(audience) for audience in Audience]
        HEARD.append((envelope.notice.kind.value, target, repr(mails)))
        return Delivered()


@hookimpl
def consentcore_plugin():
    return PluginInfo("gossip", PluginKind.NOTIFIER, "Tells a room.", api="1.0"{more})


@hookimpl
def consentcore_notifier(settings, clock):
    return Gossip()
'''


@pytest.fixture
def install(tmp_path, monkeypatch):
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def install(more: str = ""):
        tiny.install(site, "gossip", "1.0", code=GOSSIP.replace("{more}", more), gossip="tiny_gossip")

    return install


@pytest.fixture
def house(tmp_path, monkeypatch):
    made = []

    def house(notifiers: str, **options):
        monkeypatch.setenv("CONSENTCORE_NOTIFIERS", notifiers)
        made.append(make_platform(tmp_path, **options))
        return made[-1]

    yield house
    for one in made:
        one.runtime.close()


def heard() -> list[tuple[str, str, str]]:
    return sys.modules["tiny_gossip"].HEARD


def test_link_that_resets_a_password_reaches_no_room(house, install):
    install()
    platform = house("devmail gossip")
    connect(platform)
    ask_reset(platform.browser())
    Worker(platform.runtime).run_once()
    assert {kind for kind, *_ in heard()} == {"consent.granted"}
    told = {(one.notifier, one.target) for one in platform.runtime.storage.delivery_log.deliveries()}
    assert told == {("devmail", "owner"), ("gossip", "room")}
    assert "/account/reset/new" not in repr(heard())


def test_what_an_older_version_has_chosen_for_it_is_not_handed_over_either(house, install):
    install()
    platform = house("devmail gossip")
    ask_reset(platform.browser())
    worker = Worker(platform.runtime)
    # As 26e6d57 chose: every notifier was asked.
    asked = dict(platform.runtime.made_notifiers)
    worker._expander._targets._notifiers = asked
    worker._expander._notifiers = asked
    worker._expander.expand_all(10)
    heard().clear()
    Worker(platform.runtime).run_once()
    assert heard() == []
    (kept,) = [one for one in platform.runtime.storage.delivery_log.deliveries() if one.notifier == "gossip"]
    assert (kept.state, kept.last_error) == (
        DeliveryState.REJECTED,
        "the plugin does not declare account_mail",
    )


def test_who_declares_it_is_given_them(house, install):
    install(', capabilities=frozenset({"account_mail"})')
    platform = house("webhook gossip")
    ask_reset(platform.browser())
    Worker(platform.runtime).run_once()
    assert "/account/reset/new?t=" in repr(heard())


@pytest.mark.parametrize("notifiers", ["webhook", "webhook log", "webhook gossip", ""])
def test_without_anybody_who_mails_the_pages_promise_no_mail(house, install, notifiers):
    install()
    platform = house(notifiers, extra="consentcore.web.support_email = help@lumen.example")
    browser = platform.browser()
    page = browser.get("/account/reset")
    assert "No link can be sent" in visible(page)
    assert "help@lumen.example" in visible(page)
    assert not [form for form in page.forms.values() if form.action == "/account/reset"]
    assert "No link can be sent" in visible(browser.get("/account/reset/sent"))
    token = browser.get("/login").forms[0]["csrf_token"].value
    fields = {"email": "ada@example.org", "csrf_token": token}
    answer = browser.post("/account/reset", fields, headers={"Origin": "http://127.0.0.1:6543"}, status=503)
    assert "Nothing was changed." in visible(answer)
    with platform.runtime.storage.reading():
        assert platform.runtime.storage.outbox.unexpanded(10) == []
    sign_in(browser, browser.get("/login"))
    assert "No link can be sent" in visible(browser.get("/account/email"))


def test_with_somebody_who_mails_the_pages_are_as_they_were(house):
    browser = house("devmail webhook").browser()
    assert "We send a link" in visible(browser.get("/account/reset"))


class TestPluginsCheck:
    @pytest.fixture
    def cli(self, tmp_path):
        made = Cli(tmp_path)
        assert made("init").code == 0
        return made

    def name(self, cli: Cli, notifiers: str) -> None:
        text = cli.ini.read_text().replace(
            "consentcore.notifiers = devmail webhook", f"consentcore.notifiers = {notifiers}"
        )
        cli.ini.write_text(text)

    def test_nobody_who_mails_is_said(self, cli):
        self.name(cli, "webhook")
        checked = cli("plugins", "check")
        assert checked.code == 0
        assert "note: no notifier is given mails about accounts" in checked.out
        assert "reach nobody" in checked.out

    @pytest.mark.parametrize("others", ["", "devmail "])
    def test_a_stranger_is_told_what_to_declare(self, cli, install, others):
        install()
        self.name(cli, f"{others}webhook gossip")
        checked = cli("plugins", "check")
        assert checked.code == 0
        assert "note: notifier gossip (gossip 1.0) does not declare account_mail" in checked.out
        assert 'PluginInfo(..., capabilities=frozenset({"account_mail"}))' in checked.out
        assert ("no notifier is given mails" in checked.out) is not others

    def test_nothing_is_said_of_what_we_bring(self, cli):
        said = cli("plugins", "check").out
        notes = [line for line in said.splitlines() if "note" in line]
        assert notes == [f"note: {one}" for one in (NO_ANCHOR, *NO_DIRECTORY)]

    def test_mail_server_that_cannot_be_reached_is_a_note(self, cli):
        self.name(cli, "smtp webhook")
        cli.ini.write_text(cli.ini.read_text() + smtp(9))
        checked = cli("plugins", "check")
        assert checked.code == 0
        said = "note: consentcore.plugin.smtp: 127.0.0.1:9: the mail server could not be reached"
        assert said in checked.out

    def test_mail_server_that_does_not_take_us_is_a_problem(self, cli):
        class Refusing:
            async def handle_MAIL(self, server, session, envelope, address, options):
                return "550 5.7.1 \x1b[31msender is not verified"

        with reserved_port() as port:
            controller = Controller(Refusing(), hostname="127.0.0.1", port=port)
            controller.start()
            try:
                self.name(cli, "smtp webhook")
                cli.ini.write_text(cli.ini.read_text() + smtp(port))
                checked = cli("plugins", "check")
            finally:
                controller.stop()
        assert checked.code == 1
        said = (
            f"consentcore.plugin.smtp: 127.0.0.1:{port}: the mail server does not take our sender (550 5.7.1"
        )
        assert said in checked.err
        assert "\x1b" not in checked.err


def smtp(port: int) -> str:
    values = {"host": "127.0.0.1", "port": port, "tls": "none", "sender": "consent@lumen.example"}
    return "".join(f"consentcore.plugin.smtp.{name} = {value}\n" for name, value in values.items())
