"""What the mails of consent events have to say (NT-01 to NT-07, NT-20 to NT-27): every kind, text and HTML alike."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape

import pytest

from consentcore.api import Audience, ClientView, Mail, NoticeKind, OwnerView
from consentcore.i18n import Catalogs, Language
from consentcore.mail.renderer import MailRenderer
from consentcore.mail.sites import NAMED, Sites, named_sites
from consentcore.testing import FakeEnvelope, factories
from consentcore.testing.scenario import CATALOG
from tests.support.worker_scenario import worker_settings

LABELS = {"s1": "Lyon office", "s2": "Warehouse 2", "s3": "Harbour plant"}
END = "2027-03-01T00:00:00Z"
ENDED = {
    "previous_scopes": ["comfort.read"],
    "previous_resource_ids": ["s1", "s2"],
    "granted_at": "2026-03-01T09:00:00Z",
    "expires_at": END,
}
EVENTS = {
    "granted": (
        NoticeKind.GRANTED,
        {
            "event_type": "granted",
            "initiator": "user",
            "scopes": ["comfort.read"],
            "resource_ids": ["s1", "s2"],
            "expires_at": END,
        },
    ),
    "amended": (
        NoticeKind.GRANTED,
        {
            "event_type": "amended",
            "initiator": "user",
            "scopes": ["comfort.read", "energy.read"],
            "previous_scopes": ["comfort.read"],
            "resource_ids": ["s1", "s2"],
            "previous_resource_ids": ["s1", "s3"],
            "expires_at": END,
        },
    ),
    "denied": (NoticeKind.DENIED, {"event_type": "denied", "initiator": "user"}),
    "withdrawn": (NoticeKind.REVOKED, {**ENDED, "event_type": "withdrawn", "initiator": "user"}),
    "closed": (NoticeKind.REVOKED, {**ENDED, "event_type": "closed", "initiator": "client"}),
    "revoked": (NoticeKind.REVOKED, {**ENDED, "event_type": "revoked", "initiator": "admin"}),
    "ending": (
        NoticeKind.ACCESS_ENDING,
        {
            "scopes": ["comfort.read"],
            "resource_ids": ["s1", "s2"],
            "granted_at": "2026-03-01T09:00:00Z",
            "expires_at": END,
            "about": "4f1c09ab-77e2-4000-8000-000000000000",
        },
    ),
    "expired": (NoticeKind.EXPIRED, {**ENDED, "event_type": "expired", "initiator": "system"}),
}
WHO = {
    "granted": "you allowed CoolSite",
    "amended": "you changed what CoolSite",
    "denied": "you said no",
    "withdrawn": "you revoked the access of CoolSite",
    "closed": "CoolSite, made by Frostline SAS, ended its own access",
    "revoked": "we ended the access of CoolSite",
    "ending": "On 1 March 2027 the access of CoolSite, made by Frostline SAS, to your data",
    "expired": "had an end date, and that date has come: 1 March 2027",
}


def mail_of(event: str, *, labels=LABELS, locale: str = "en", **web: str) -> Mail:
    settings = worker_settings()
    settings = replace(settings, web=replace(settings.web, **{"support_phone": "+33 1 23 45", **web}))
    kind, data = EVENTS[event]
    notice = replace(factories.notice(factories.grant("owner-1", "cid")), kind=kind, data=json.dumps(data))
    owner = OwnerView("owner-1", "ada@example.org", "Ada Moreau", locale, "Europe/Paris")
    client = ClientView("cid", "CoolSite", "Frostline SAS", "dev@frostline.example")
    renderer = MailRenderer(
        settings, CATALOG, labels=lambda _owner, ids: {i: labels[i] for i in ids if i in labels}
    )
    mail = renderer.mail(Audience.OWNER, FakeEnvelope(notice, owner, client))
    assert mail is not None
    return mail


def words(html: str) -> str:
    """The visible text of an HTML mail."""
    bare = re.sub(r"(?s)<(style|title)\b.*?</\1>", "", html)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).split())


def both(mail: Mail) -> tuple[str, str]:
    return " ".join(mail.text.split()), words(mail.html)


def says_in_both(event: str, *wanted: str, **options) -> None:
    for text in both(mail_of(event, **options)):
        for one in wanted:
            squeezed = re.sub(r"\s+([,.:])", r"\1", text)
            assert one in squeezed, (event, one)


WORDS_ABOUT_LINKS = {"page", "above", "oben", "genannte", "Seite", "dessus", "página", "indicada", "arriba"}
COMMON = ("Lumen Energy", "CoolSite", "Frostline SAS", "Confirmation number:", "+33 1 23 45")


@pytest.mark.parametrize("event", EVENTS)
def test_nt_01_nt_02_nt_03_nt_04_nt_05_nt_07_mails_say_who_what_when_and_where_to_turn(event):
    dated = ("18 November 2026, 12:06 CET",) if event not in {"expired", "ending"} else ()
    says_in_both(event, *COMMON, *dated, WHO[event], "https://authority.example/")


@pytest.mark.parametrize("event", ["granted", "amended"])
def test_nt_01_nt_05_mails_name_data_and_sites_and_the_end_in_the_words_of_the_page(event):
    says_in_both(
        event,
        "Room climate: temperature, humidity and CO2 in each room",
        "Where: ",
        "Lyon office",
        "Warehouse 2",
        "This ends by itself on 1 March 2027.",
    )


def test_nt_06_a_reminder_says_what_goes_on_until_when_and_names_the_decision_that_it_is_about():
    says_in_both(
        "ending",
        "Until then CoolSite can use:",
        "Lyon office",
        "You allowed it on 1 March 2026.",
        "Confirmation number: 4F1C-09AB-77E2",
        "If you want it to end earlier, revoke it.",
    )


@pytest.mark.parametrize("event", ["withdrawn", "closed", "revoked", "expired"])
def test_nt_03_nt_04_nt_07_mails_say_what_has_ended_where_and_since_when_it_stood(event):
    says_in_both(
        event, "It can no longer use:", "Room climate", "Lyon office", "You had allowed it on 1 March 2026."
    )


def test_nt_05_a_changed_choice_is_told_by_its_differences():
    text = both(mail_of("amended"))[0]
    assert "New: - Daily energy totals" in text
    assert "New places: - Warehouse 2" in text
    assert "No longer these places: - Harbour plant" in text
    assert "another time" not in text


@pytest.mark.parametrize(
    ("web", "way"),
    [
        ({}, "call +33 1 23 45 or write to help@lumen.example"),
        ({"support_phone": ""}, "write to help@lumen.example and name the confirmation number"),
        ({"support_email": ""}, "call +33 1 23 45 and name the confirmation number"),
        ({"support_phone": "", "support_email": ""}, "turn to Lumen Energy by letter or telephone"),
    ],
)
@pytest.mark.parametrize("event", [name for name in EVENTS if name != "denied"])
def test_nt_01_nt_03_there_is_always_a_way_without_the_pages(event, web, way):
    says_in_both(event, way, **web)


@pytest.mark.parametrize("event", EVENTS)
def test_nt_01_there_is_always_somebody_to_complain_to(event):
    says_in_both(event, "turn to us, or to the data protection authority", complaint_url="")


@pytest.mark.parametrize("event", ["granted", "amended", "denied", "withdrawn"])
def test_nt_01_nt_02_nt_03_what_somebody_did_in_the_owners_name_can_be_disowned(event):
    says_in_both(event, "Was this not you?", "Please tell us too: +33 1 23 45 or help@lumen.example")


def test_nt_01_a_telephone_number_stays_on_one_line():
    assert "+33\u00a01\u00a023\u00a045" in mail_of("granted").text


def test_nt_02_nt_27_the_mail_of_a_denial_is_short_and_names_no_data():
    text = mail_of("denied").text
    assert "again" not in text
    assert "Room climate" not in text
    assert len(text) < len(mail_of("granted").text)


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("locale", ["en", "de", "fr", "es"])
def test_nt_20_no_secret_no_id_of_a_site_and_no_words_of_the_application(event, locale):
    for text in both(mail_of(event, locale=locale)):
        assert not re.search(r"cc[abcirst]_|whsec_", text)
        assert not re.search(r"\bs[123]\b", text)
        assert "heating is wasted" not in text


@pytest.mark.parametrize("locale", ["en", "de", "fr", "es"])
@pytest.mark.parametrize("event", EVENTS)
def test_nt_23_text_and_html_say_the_same_and_nothing_tracks(event, locale):
    mail = mail_of(event, locale=locale)
    html = re.sub(r"[^\w]+", " ", words(mail.html))
    for line in mail.text.splitlines():
        if "http" in line:
            continue
        missing = [word for word in re.findall(r"\w{4,}", line) if word not in html]
        # What leads to a page is a link in the one and its address in the other.
        assert set(missing) <= WORDS_ABOUT_LINKS, line
    assert "<img" not in mail.html
    assert f'lang="{locale}"' in mail.html


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ((), Sites(0)),
        (("s2", "s1"), Sites(2, ("Lyon office", "Warehouse 2"))),
        (("s1", "gone"), Sites(2)),
        (tuple(f"s{n}" for n in range(NAMED + 1)), Sites(NAMED + 1)),
        (("site|*", "meter|*"), Sites(0, everything=True)),
        (("*", "s1"), Sites(1, ("Lyon office",), everything=True)),
    ],
)
def test_nt_01_few_sites_are_named_and_many_are_counted(ids, expected):
    labels = {**LABELS, **{f"s{n}": f"Site {n}" for n in range(4, 9)}}
    assert named_sites(ids, labels) == expected


@pytest.mark.parametrize("tag", ["en", "de"])
def test_nt_01_what_is_not_named_is_counted_by_its_kind(tag):
    language = Language(tag, Catalogs())
    sites = named_sites(("device|a", "meter|*", "site|b"), {})
    expected = {
        "en": ("1 site and 1 device", "all your meters, also those that you add later"),
        "de": ("1 Standort und 1 Gerät", "alle Ihre Zähler, auch die, die Sie später hinzufügen"),
    }
    assert (language.translate(sites.counted), *map(language.translate, sites.wholly)) == expected[tag]
