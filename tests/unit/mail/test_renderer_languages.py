"""Mails in the language of their reader."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from consentcore.api import Audience, ClientView, NoticeKind, OwnerView
from consentcore.domain.scope import Catalog, Scope, ScopeTexts
from consentcore.mail.renderer import MailRenderer
from consentcore.owners.links import AccountLinkMail
from consentcore.settings import WebSettings
from consentcore.testing import FakeEnvelope, factories
from tests.support.pseudo_locale import CLOSE, OPEN, TAG, make_theme, shown_texts, untranslated
from tests.support.worker_scenario import worker_settings

SCOPES = [
    Scope("room", "Tila", "ilma"),
    Scope("site", "Talo", "osoite", texts={TAG: ScopeTexts("Paikka", "katu")}),
]
DATA = [
    "Tila",
    "ilma",
    "Paikka",
    "katu",
    "Valo",
    "Lumo",
    "Äiti",
    "Yhtiö",
    "cid",
    "gid",
    "eid",
    "ep_1",
    "host",
    "syy",
    "owner-1",
    "aino@example.org",
]
ENDS = {"scopes": [], "previous_scopes": ["room", "site"], "expires_at": "2027-03-01T00:00:00Z"}
ALLOWS = {"scopes": ["room"], "expires_at": "2027-03-01T00:00:00Z"}
FAILS = {
    "endpoint_id": "ep_1",
    "endpoint_host": "host",
    "failing_since": "2026-11-01T00:00:00Z",
    "reason": "syy",
}
EVERY = [
    (NoticeKind.GRANTED, {**ALLOWS, "event_type": "granted"}),
    (NoticeKind.GRANTED, {**ALLOWS, "event_type": "granted", "scopes": ["room", "site"]}),
    (NoticeKind.GRANTED, {**ALLOWS, "event_type": "amended", "change": "extended"}),
    (
        NoticeKind.GRANTED,
        {**ALLOWS, "event_type": "amended", "change": "renewed", "previous_scopes": ["room"]},
    ),
    (NoticeKind.GRANTED, {**ENDS, "event_type": "amended", "change": "narrowed"}),
    (NoticeKind.DENIED, {"event_type": "denied"}),
    *(
        (NoticeKind.REVOKED, {**ENDS, "event_type": "revoked", "initiator": who})
        for who in ("user", "client", "system")
    ),
    (
        NoticeKind.REVOKED,
        {**ENDS, "event_type": "revoked", "reason": "client_disabled", "reason_text": "syy"},
    ),
    (NoticeKind.REVOKED, {**ENDS, "event_type": "revoked", "reason": "client_disabled"}),
    (NoticeKind.EXPIRED, {**ENDS, "event_type": "expired"}),
    (NoticeKind.EXPIRED, {"event_type": "expired"}),
    *((NoticeKind.SECURITY, {"event_type": kind}) for kind in ("code_replayed", "refresh_reused")),
    (NoticeKind.ENDPOINT_FAILING, FAILS),
    (NoticeKind.ENDPOINT_DISABLED, FAILS),
    (NoticeKind.ACCESS_ENDING, {**ALLOWS, "granted_at": "2026-03-01T00:00:00Z", "resource_ids": ["*"]}),
    *((kind, {}) for kind in NoticeKind if kind.is_account),
]


@pytest.fixture(scope="module")
def renderer(tmp_path_factory):
    web = WebSettings(
        theme=make_theme(tmp_path_factory.mktemp("theme")),
        default_locale=TAG,
        operator_name="Yhtiö",
        support_email="apu@example.org",
        complaint_url="https://yhtio.example/c",
    )
    return MailRenderer(replace(worker_settings(), web=web), Catalog.of(SCOPES))


def envelope(kind: NoticeKind, data: dict, locale: str, name: str = "Äiti") -> FakeEnvelope:
    owner = OwnerView("owner-1", "aino@example.org", name, locale, "UTC", "ennen@example.org")
    notice = replace(
        factories.notice(factories.grant("owner-1", "cid")),
        kind=kind,
        grant_id="gid",
        client_id="cid",
        data=json.dumps(data),
    )
    return FakeEnvelope(notice, owner, ClientView("cid", "Valo", "Lumo", "yhteys@example.org"))


def letter() -> AccountLinkMail:
    return AccountLinkMail("https://consent.example/account/x?t=cct_x", factories.NOW, "uusi@example.org")


@pytest.mark.parametrize(("kind", "data"), EVERY)
@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("name", ["Äiti", ""])
def test_every_word_of_every_mail_is_of_the_language(renderer, kind, data, audience, name):
    mail = renderer.mail(audience, envelope(kind, data, f"{TAG}-FI", name), letter())
    if mail is None:
        return
    assert f'<html lang="{TAG}">' in mail.html
    for text in (mail.subject, mail.text, mail.html):
        assert OPEN in text
        assert text.count(OPEN) == text.count(CLOSE)
    commands = ("consentcore ", "https://")
    lines = [line for line in mail.text.splitlines() if not line.startswith(commands)]
    assert untranslated([mail.subject, *lines, *shown_texts(mail.html)], DATA) == []


def test_every_kind_that_has_a_mail_is_among_them():
    assert {kind for kind, _ in EVERY} == set(NoticeKind) - {NoticeKind.TEST}


@pytest.mark.parametrize(
    ("locale", "tag"), [("en", TAG), ("en-GB", "en"), ("fi", TAG), ("sv", TAG), ("", TAG)]
)
def test_an_owner_is_written_to_in_their_language_or_the_default_one(renderer, locale, tag):
    mail = renderer.mail(Audience.OWNER, envelope(NoticeKind.DENIED, {}, locale))
    assert f'<html lang="{tag}">' in mail.html
    assert mail.subject == ("You said no to Valo" if tag == "en" else mail.subject)


@pytest.mark.parametrize(("locale", "tag"), [("en", "en"), ("fi", TAG), ("", TAG), ("tlh", TAG)])
def test_an_owner_who_has_set_no_language_is_written_to_in_that_of_the_decision(renderer, locale, tag):
    mail = renderer.mail(Audience.OWNER, envelope(NoticeKind.DENIED, {"locale": locale}, "en"))
    assert f'<html lang="{tag}">' in mail.html


@pytest.mark.parametrize("audience", [Audience.OPERATOR, Audience.CONTACT])
def test_others_are_written_to_in_the_default_one(renderer, audience):
    settings = replace(
        renderer._settings, operator=replace(renderer._settings.operator, email="ops@example.org")
    )
    renderer = MailRenderer(settings, renderer._catalog)
    mail = renderer.mail(audience, envelope(NoticeKind.ENDPOINT_FAILING, FAILS, "en-GB"))
    assert f'<html lang="{TAG}">' in mail.html


def test_scopes_are_named_in_the_words_that_they_have_in_the_language(renderer):
    said = renderer.mail(
        Audience.OWNER, envelope(NoticeKind.GRANTED, {"scopes": ["room", "site"]}, "fi")
    ).text
    assert "Paikka: katu" in said
    assert "Tila: ilma" in said
    english = renderer.mail(Audience.OWNER, envelope(NoticeKind.GRANTED, {"scopes": ["site"]}, "en-GB")).text
    assert "Talo: osoite" in english
