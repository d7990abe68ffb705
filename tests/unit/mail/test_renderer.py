"""Mails in the words of the pages."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser

import pytest

from consentcore.api import DAY, Actor, ActorType, Audience, EventType, InvalidInput, Mail, NoticeKind
from consentcore.mail.mime import mail_targets, mime_message
from consentcore.mail.renderer import COLUMNS, MailRenderer, one_line, template_of, wrapped
from consentcore.settings import OperatorSettings, WebSettings
from consentcore.testing import FakeEnvelope, factories

URL = "https://consent.example/consents"


def render(scenario, grant, audience: Audience = Audience.OWNER, **settings) -> Mail | None:
    """The mail of the newest notice of a grant, as the worker would render it."""
    envelope = envelope_of(scenario, scenario.notices(grant)[-1])
    return MailRenderer(replace(scenario.settings, **settings), scenario.catalog).mail(audience, envelope)


def envelope_of(scenario, notice):
    from consentcore.worker.envelope import DeliveryContextBuilder

    renderer = MailRenderer(scenario.settings, scenario.catalog)
    builder = DeliveryContextBuilder(
        scenario.storage, scenario.keys, issuer="https://consent.example", render=renderer.mail
    )
    return builder.build(notice, scenario.clock.now())


def flat(text: str) -> str:
    return " ".join(text.split())


class Text(HTMLParser):
    """The visible text of an HTML mail, and what it would fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._quiet = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._quiet += tag in {"style", "title", "script"}

    def handle_endtag(self, tag):
        self._quiet -= tag in {"style", "title", "script"}

    def handle_data(self, data):
        if not self._quiet:
            self.words.append(data)

    @property
    def text(self) -> str:
        return flat(" ".join(self.words))


def every_mail(scenario) -> dict[str, Mail]:
    """One mail of every kind that an owner can get, and the operator's."""
    mails = {"denied": render(scenario, scenario.deny().grant)}
    grant = scenario.allow("comfort.read")
    mails["granted"] = render(scenario, grant)
    grant = scenario.allow("comfort.read", "energy.read")
    mails["amended"] = render(scenario, grant)
    scenario.withdraw(grant, Actor(ActorType.OWNER, scenario.owner.owner_id))
    mails["revoked"] = render(scenario, grant)
    for actor in (ActorType.CLIENT, ActorType.OPERATOR, ActorType.SYSTEM):
        grant = scenario.allow("comfort.read")
        reason = "client_disabled" if actor is ActorType.SYSTEM else ""
        scenario.withdraw(grant, Actor(actor, "x"), reason_code=reason)
        mails[f"revoked by {actor.value}"] = render(scenario, grant)
    grant = scenario.allow("comfort.read")
    with scenario.storage.transaction() as uow:
        uow.tokens.add_code(factories.code(grant, family_id="family-1"))
        scenario.service.compromised(
            uow, family_id="family-1", grant_id=grant.grant_id, event_type=EventType.REFRESH_REUSED
        )
    mails["security"] = render(scenario, grant, Audience.OPERATOR)
    scenario.clock.advance(366 * DAY)
    with scenario.storage.transaction() as uow:
        scenario.service.expire(uow, grant.grant_id)
    mails["expired"] = render(scenario, grant)
    return mails


class TestContent:
    def test_granted(self, scenario):
        mail = render(scenario, grant := scenario.allow("comfort.read", "energy.read"))
        assert mail.to == "ada@example.org"
        assert mail.subject == "CoolSite can now see your data"
        text = flat(mail.text)
        assert "Hello Ada Moreau," in text
        assert "On 18 November 2026, 12:06 CET you allowed CoolSite, made by Frostline SAS," in text
        assert "- Room climate: temperature, humidity and CO2 in each room" in text
        assert "- Daily energy totals: one total per day and meter" in text
        assert "This ends by itself on 6 June 2027." in text
        number = scenario.notices(grant)[0].notice_id.replace("-", "").upper()[:12]
        assert f"Confirmation number: {number[:4]}-{number[4:8]}-{number[8:]}" in text
        assert URL in mail.text
        assert "Revoke Access" in text
        assert "Was this not you?" in text
        assert "help@lumen.example" in text
        assert "https://authority.example/" in text
        assert mail.text.count("Lumen Energy") >= 2

    def test_amended_says_what_is_new(self, scenario):
        scenario.allow("comfort.read")
        mail = render(scenario, scenario.allow("comfort.read", "energy.read"))
        assert mail.subject == "You changed what CoolSite can see"
        new, all_ = re.split(r"In all", flat(mail.text))
        assert "New: - Daily energy totals" in new
        assert "Room climate" not in new
        assert "Room climate" in all_
        assert "No longer" not in new

    def test_denied_is_short_and_does_not_persuade(self, scenario):
        mail = render(scenario, scenario.deny().grant)
        assert mail.subject == "You said no to CoolSite"
        assert "Nothing of what it asked for was shared." in flat(mail.text)
        assert "again" not in mail.text
        assert "Room climate" not in mail.text

    @pytest.mark.parametrize(
        ("actor", "words"),
        [
            (ActorType.OWNER, "you revoked the access of CoolSite, made by Frostline SAS,"),
            (ActorType.CLIENT, "CoolSite, made by Frostline SAS, ended its own access"),
            (ActorType.OPERATOR, "we ended the access of CoolSite"),
        ],
    )
    def test_revoked_says_by_whom(self, scenario, actor, words):
        grant = scenario.allow("comfort.read")
        scenario.withdraw(grant, Actor(actor, "somebody"))
        mail = render(scenario, grant)
        text = flat(mail.text)
        assert mail.subject == "CoolSite can no longer see your data"
        assert words in text
        assert "It can no longer use: - Room climate" in text
        assert f"{URL}/revoked" in mail.text
        assert ("Was this not you?" in text) is (actor is ActorType.OWNER)

    def test_disabled_application_is_named_as_the_cause(self, scenario):
        grant = scenario.allow("comfort.read")
        scenario.withdraw(grant, Actor(ActorType.SYSTEM, "worker"), reason_code="client_disabled")
        assert "because we have shut this application out" in flat(render(scenario, grant).text)

    def test_expired(self, scenario):
        grant = scenario.allow("comfort.read")
        scenario.clock.advance(366 * DAY)
        with scenario.storage.transaction() as uow:
            scenario.service.expire(uow, grant.grant_id)
        mail = render(scenario, grant)
        assert mail.subject == "The access of CoolSite to your data has ended"
        assert "that date has come: 6 June 2027." in flat(mail.text)

    def test_security_goes_to_the_operator_with_what_to_do(self, scenario):
        mail = every_mail(scenario)["security"]
        assert mail.to == "ops@lumen.example"
        assert mail.subject == "Security: a refresh token of CoolSite was used twice"
        assert f"consentcore client disable {scenario.client.client_id}" in mail.text
        assert "Ada" not in mail.text

    def test_time_is_that_of_the_owner(self, scenario):
        scenario.owner = replace(scenario.owner, timezone="America/New_York")
        with scenario.storage.transaction() as uow:
            uow.owners.update(scenario.owner)
        assert "18 November 2026, 06:06 EST" in flat(render(scenario, scenario.allow()).text)

    def test_scope_that_left_the_catalog_keeps_its_name(self, scenario):
        grant = scenario.allow("comfort.read")
        scenario.catalog = type(scenario.catalog).of([])
        assert "- comfort.read" in render(scenario, grant).text


class TestForm:
    def test_text_and_html_say_the_same_things(self, scenario):
        for kind, mail in every_mail(scenario).items():
            html = Text(mail.html).text
            for line in mail.text.splitlines():
                words = flat(line.removeprefix("- ").strip())
                if words.startswith("http") or "http" in words or not words or "page" in words:
                    continue
                for word in re.findall(r"\w{6,}", words):
                    assert word in html, (kind, word)

    def test_text_is_readable_at_72_columns(self, scenario):
        for kind, mail in every_mail(scenario).items():
            long = [line for line in mail.text.splitlines() if len(line) > COLUMNS]
            assert [line for line in long if " " in line] == [], kind
            assert "\n\n\n" not in mail.text

    def test_nothing_is_fetched_and_nothing_runs(self, scenario):
        for kind, mail in every_mail(scenario).items():
            for tag, attributes in Text(mail.html).tags:
                assert tag not in {"img", "script", "iframe", "link", "form", "object"}, kind
                assert {"src", "srcset", "background", "onclick", "onload"}.isdisjoint(attributes), kind
                assert "url(" not in (attributes.get("style") or "")
            assert "style=" in mail.html
            # What cannot stand at an element, and changes nothing where it is not understood: the dark, and a phone.
            (sheet,) = re.findall(r"(?s)<style>(.*?)</style>", mail.html)
            assert re.match(r"\s*@media", sheet)
            assert not re.search(r"url\(|@import|@font-face", sheet)

    def test_every_link_leads_to_us(self, scenario):
        allowed = (URL, "mailto:help@lumen.example", "https://authority.example/")
        for mail in every_mail(scenario).values():
            links = [attributes["href"] for tag, attributes in Text(mail.html).tags if tag == "a"]
            assert [link for link in links if not link.startswith(allowed)] == []

    def test_94_no_secret_and_no_words_of_the_application(self, scenario):
        for mail in every_mail(scenario).values():
            both = mail.text + mail.html
            assert scenario.client.purpose not in both
            assert not re.search(r"cc[abcirs]_|whsec_", both)

    def test_names_of_strangers_stay_text(self, scenario):
        scenario.client = replace(
            scenario.client, name="<b>Cool</b>\r\nBcc: x@example.org", publisher="A & B\n\nClick here"
        )
        with scenario.storage.transaction() as uow:
            uow.clients.update(scenario.client)
        mail = render(scenario, scenario.allow())
        assert "\n" not in mail.subject
        assert mail.subject.startswith("<b>Cool</b> Bcc: x@example.org can now")
        assert "&lt;b&gt;Cool&lt;/b&gt;" in mail.html
        assert "<b>Cool" not in mail.html
        assert "A & B Click here" in flat(mail.text)

    def test_message_id_is_the_same_every_time_and_another_for_everybody(self, scenario):
        mails = every_mail(scenario)
        assert len({mail.message_id for mail in mails.values()}) == len(mails)
        grant = scenario.allow()
        assert render(scenario, grant).message_id == render(scenario, grant).message_id
        assert render(scenario, grant).message_id == (
            f"<{scenario.notices(grant)[0].notice_id}.owner@consent.example>"
        )


class TestFromRightToLeft:
    """UAX 9: a name in Arabic or Hebrew moves what stands beside it, unless something keeps it to itself."""

    NAME, PUBLISHER = "שמש (12)", "شركة الطاقة الشمسية المحدودة للخدمات " * 2 + "24"

    def mail(self, scenario):
        scenario.client = replace(scenario.client, name=self.NAME, publisher=self.PUBLISHER)
        with scenario.storage.transaction() as uow:
            uow.clients.update(scenario.client)
        return render(scenario, scenario.allow())

    def test_names_are_isolated_in_subject_text_and_html(self, scenario):
        mail = self.mail(scenario)
        assert mail.subject == "\u2068שמש (12)\u2069 can now see your data"
        assert "From now on \u2068שמש (12)\u2069 can use:" in mail.text
        assert "<bdi>שמש (12)</bdi> can now see your data</h1>" in mail.html
        assert f", made by <bdi>{self.PUBLISHER}</bdi>," in mail.html
        assert "<title>שמש (12) can now see your data</title>" in mail.html

    def test_isolation_outlasts_the_folding_of_a_line(self, scenario):
        lines = [line for line in self.mail(scenario).text.splitlines() if re.search("[א-ת؀-ۿ]", line)]
        assert len(lines) == 3
        for line in lines:
            assert line.count("\u2068") == line.count("\u2069") >= 1, line

    def test_names_from_left_to_right_stay_as_they_are(self, scenario):
        mail = render(scenario, scenario.allow())
        assert not set("\u2068\u2069") & set(mail.subject + mail.text)
        assert "<bdi>" not in mail.html


class TestWhoGetsMail:
    def test_client_gets_none(self, scenario):
        assert render(scenario, scenario.allow(), Audience.CLIENT) is None

    def test_operator_without_an_address_gets_none(self, scenario):
        grant = scenario.allow()
        assert render(scenario, grant, Audience.OPERATOR, operator=OperatorSettings()) is None

    def test_test_of_a_webhook_is_no_mail(self, scenario):
        notice = replace(scenario.notices(scenario.allow())[0], kind=NoticeKind.TEST)
        assert template_of(notice) == ""
        assert envelope_of(scenario, notice).mail(Audience.OWNER) is None

    def test_targets_are_those_who_are_told_and_have_an_address(self, scenario):
        envelope = FakeEnvelope()
        both = (Audience.OWNER, Audience.OPERATOR)
        assert mail_targets(envelope) == ["owner"]
        all_told = replace(envelope, notice=replace(envelope.notice, audiences=both))
        assert mail_targets(all_told) == ["owner", "operator"]
        assert mail_targets(replace(all_told, owner=None, recipients={})) == []


class TestTheme:
    def test_folder_wins_and_the_rest_stays(self, scenario, tmp_path):
        (tmp_path / "email" / "granted").mkdir(parents=True)
        (tmp_path / "email" / "granted" / "subject.txt").write_text("Hi from {{ app }}")
        mail = render(scenario, scenario.allow(), web=WebSettings(theme=tmp_path))
        assert mail.subject == "Hi from CoolSite"
        assert "Room climate" in mail.text


class TestMessage:
    def message(self, **changes):
        mail = Mail("ada@example.org", "Grüße", "Text\n", "<p>Text</p>", "<n.owner@consent.example>")
        notice = factories.notice(factories.grant("o", "c"))
        options = {"sender": "Lumen Énergie <consent@lumen.example>", "now": factories.NOW}
        sender = changes.pop("sender", options["sender"])
        return notice, mime_message(replace(mail, **changes), notice, sender=sender, now=options["now"])

    def test_headers(self):
        notice, message = self.message()
        assert message["Message-ID"] == "<n.owner@consent.example>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["X-Consentcore-Event"] == notice.notice_id
        assert message["Date"] == "Wed, 18 Nov 2026 11:06:40 +0000"
        assert "List-Unsubscribe" not in message
        assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("to", "ada@example.org\r\nBcc: eve@example.org"),
            ("to", "ada@example.org, eve@example.org"),
            ("to", ""),
            ("subject", "Hello\r\nBcc: eve@example.org"),
            ("subject", "Hello\nBcc: eve@example.org"),
            ("message_id", "<a@b>\r\nBcc: eve@example.org"),
            ("sender", "consent@lumen.example\nBcc: eve@example.org"),
        ],
    )
    def test_96_header_cannot_be_smuggled_in(self, field, value):
        with pytest.raises(InvalidInput):
            self.message(**{field: value})

    @pytest.mark.parametrize("field", ["to", "sender"])
    def test_domain_of_an_address_is_that_of_idna_2008(self, field):
        """strasse.example, which IDNA 2003 made of it, is somebody else's."""
        _, message = self.message(**{field: "Ada <ada@straße.example>"})
        header = message["To" if field == "to" else "From"]
        assert header.addresses[0].addr_spec == "ada@xn--strae-oqa.example"
        assert b"xn--strae-oqa.example" in message.as_bytes()

    def test_domain_that_is_no_name_gets_no_mail(self):
        with pytest.raises(InvalidInput, match="To: expected exactly one valid address"):
            self.message(to="ada@☃.example")

    @pytest.mark.parametrize(
        "name",
        [
            "=?utf-8?q?a=0D=0ABcc:_eve@example.org?=",
            "=?utf-8?b?DQpCY2M6IGV2ZUBleGFtcGxlLm9yZw==?=",
            "É =?utf-8?q?a=0ABcc:_eve@example.org?=",
            "=?utf-8?q?=E2=80=AEnoitacilppa?=",
            "==??utf-8?q?=00?=",
        ],
    )
    def test_96_encoded_word_in_the_name_of_an_application_stays_text(self, name):
        _, plain = self.message()
        _, message = self.message(subject=f"{name} can now see your data")
        read = message_from_bytes(message.as_bytes(), policy=default)
        assert read.keys() == message_from_bytes(plain.as_bytes(), policy=default).keys()
        assert read["Subject"] == f"{name} can now see your data".replace("=?", "= ?")

    def test_96_encoded_word_in_an_address_adds_no_header(self):
        with pytest.raises(InvalidInput):
            self.message(to="=?utf-8?q?a=0D=0ABcc:_eve=40example.org?=@example.org")


def test_one_line_drops_controls_and_what_turns_the_direction():
    assert one_line(" a\r\n\tb\x00\u202ec\u2028d ") == "a b c d"


def test_one_line_keeps_what_languages_need():
    for text in (
        "10\u00a0%",
        "«\u202fÉté\u202f»",
        "می\u200cخواهم",
        "電力\u3000会社",
        "👩\u200d🔧",
        "Strom\xadzähler",
    ):
        assert one_line(text) == text


def test_wrapping_keeps_urls_and_indents_items():
    url = "https://example.com/" + "a" * 80
    text = wrapped(f"\n\n- {'word ' * 20}\n\n\n\n{url}\n")
    lines = text.splitlines()
    assert lines[1].startswith("  word")
    assert lines[-1] == url
    assert lines[-2] == ""
