"""Mails about a consent: rendered from ``templates/email/<kind>/``, in the words of the pages.

Content: who, what, when, until when, a number, how to stop it. No token, no free
text of an ISV, nothing that reports back that the mail was read.
"""

from __future__ import annotations

import textwrap
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from consentcore.domain.clock import from_iso
from consentcore.domain.event_kinds import notice_profile, told_by
from consentcore.domain.notice import Notice
from consentcore.domain.notice_facts import ConsentFacts, EndpointFacts, facts_of
from consentcore.domain.parties import Audience
from consentcore.domain.scope import Catalog
from consentcore.domain.text import held, one_line
from consentcore.i18n import Language, Languages, wording
from consentcore.mail.allowed import allowed
from consentcore.mail.sites import Labels, Sites, named_sites
from consentcore.mail.templates import mail_templates
from consentcore.ports.notifier import Envelope, Mail
from consentcore.settings.palette import TILE_COLOURS, palette

if TYPE_CHECKING:
    from collections.abc import Callable

    from css_inline import CSSInliner
    from jinja2 import Environment

    from consentcore.owners.links import AccountLinkMail
    from consentcore.settings import CoreSettings

COLUMNS = 72
NO_BREAK = "\u00a0"
_OWNERS = frozenset({Audience.OWNER, Audience.OWNER_BEFORE})
"""Who may be called by name: at an address that nobody has confirmed, anybody may read."""


class MailRenderer:
    """Renders mails; safe to use from any thread. The libraries are imported by the first mail.

    :param catalog: for the words in which scopes are named.
    :param languages: those that mails are written in; None reads them anew.
    :param labels: what owners call their resources; None: they are counted.
    :param receipt_url: the address of the receipt of an event; None: no mail names one.
    """

    def __init__(
        self,
        settings: CoreSettings,
        catalog: Catalog,
        languages: Languages | None = None,
        *,
        labels: Labels | None = None,
        receipt_url: Callable[[str], str] | None = None,
    ) -> None:
        self._receipt_url = receipt_url or (lambda _event_id: "")
        self._labels = labels or (lambda _owner_id, _ids: {})
        self._settings = settings
        self._catalog = catalog
        self._languages = languages or Languages(settings.web.default_locale, settings.web.theme)

    def mail(
        self, audience: Audience, envelope: Envelope, link_mail: AccountLinkMail | None = None
    ) -> Mail | None:
        """Render the mail for the owner or the operator; None when there is no address or nothing to say.

        :param link_mail: the link of a mail that is about one; without it there is no such mail.
        """
        to = self._address(audience, envelope, link_mail)
        template = template_of(envelope.notice)
        if not to or not template or (notice_profile(envelope.notice.kind).needs_link and link_mail is None):
            return None
        values = self._values(audience, envelope) | _link_values(audience, link_mail)
        text = self._render(f"email/{template}/body.txt", values)
        html = self._render(f"email/{template}/body.html", values)
        return Mail(
            to=to,
            # Its values are clean; one_line would take away what isolates them.
            subject=" ".join(self._render(f"email/{template}/subject.txt", values).splitlines()).strip(),
            text=wrapped(text),
            html=self._inliner.inline(html),
            message_id=f"<{envelope.notice.notice_id}.{audience.value}@{self._domain}>",
        )

    def _address(self, audience: Audience, envelope: Envelope, link_mail: AccountLinkMail | None) -> str:
        if audience is Audience.OWNER and envelope.owner is not None:
            return envelope.owner.email
        if audience is Audience.OWNER_BEFORE and envelope.owner is not None:
            return envelope.owner.previous_email
        if audience is Audience.OWNER_NEW and link_mail is not None:
            return link_mail.new_email
        if audience is Audience.CONTACT and envelope.client is not None:
            return envelope.client.contact_email
        if audience is Audience.OPERATOR:
            return self._settings.operator.email
        return ""

    def _values(self, audience: Audience, envelope: Envelope) -> dict[str, Any]:
        notice, owner = envelope.notice, envelope.owner
        facts = facts_of(notice)
        consent = facts if isinstance(facts, ConsentFacts) else ConsentFacts()
        endpoint = facts if isinstance(facts, EndpointFacts) else EndpointFacts()
        to_owner = audience in _OWNERS and owner is not None
        timezone = owner.timezone if to_owner and owner else "UTC"
        web, language = self._settings.web, self._language(audience, envelope, consent.locale)
        client_name = consent.client_name or (envelope.client.name if envelope.client else "")
        return {
            "app": one_line(client_name or notice.client_id),
            "publisher": one_line(envelope.client.publisher) if envelope.client else "",
            "unchecked": envelope.client is not None and envelope.client.unchecked,
            "name": one_line(owner.name) if to_owner and owner else "",
            "when": language.moment(notice.occurred_at, timezone),
            "until": language.day(from_iso(consent.expires_at), timezone) if consent.expires_at else "",
            "until_before": (
                language.day(from_iso(consent.previous_expires_at), timezone)
                if consent.previous_expires_at
                else ""
            ),
            "since": language.day(from_iso(consent.granted_at), timezone) if consent.granted_at else "",
            "number": wording.confirmation_number(consent.about or notice.notice_id),
            "event_id": notice.notice_id,
            "grant_id": notice.grant_id,
            "client_id": notice.client_id,
            "owner_id": notice.owner_id,
            "owner_email": owner.email if owner and audience is Audience.OPERATOR else "",
            "event_type": consent.event_type,
            "initiator": consent.initiator or "system",
            "reason": one_line(consent.reason or endpoint.reason),
            "reason_text": one_line(consent.reason_text),
            **_endpoint_values(endpoint, language),
            "change": consent.change,
            **allowed(consent, self._catalog.in_language(language.ranges), notice.occurred_at, language),
            **self._sites(notice.owner_id, consent),
            "operator_name": one_line(web.operator_name),
            "support_email": web.support_email,
            "support_phone": one_line(web.support_phone).replace(" ", NO_BREAK),
            "complaint_url": web.complaint_url,
            "receipt_url": self._receipt_url(_decision_of(notice, consent)) if to_owner else "",
            "consents_url": f"{self._settings.web_url.rstrip('/')}/consents",
            "login_url": f"{self._settings.web_url.rstrip('/')}/login",
            "account_url": f"{self._settings.web_url.rstrip('/')}/account",
            "paint": self._paint,
            "audience": audience.value,
            "sentence": wording.sentence,
            "timezone": timezone,
            "language": language,
        }

    def _language(self, audience: Audience, envelope: Envelope, shown: str) -> Language:
        """That of the owner, or of the page on which the owner has just decided; of an address of the operator or an
        application nothing is known."""
        owner = None if audience in {Audience.CONTACT, Audience.OPERATOR} else envelope.owner
        if owner is None:
            return self._languages.default
        own = self._languages.of_owner(owner.locale)
        return own or self._languages.lookup((shown,)) or self._languages.default

    def _sites(self, owner_id: str, facts: ConsentFacts) -> dict[str, Sites]:
        now, before = facts.resource_ids, facts.previous_resource_ids
        references = sorted({*now, *before})
        labels = self._labels(owner_id, references) if references else {}
        return {
            "sites": named_sites(now, labels),
            "sites_before": named_sites(before, labels),
            "sites_added": named_sites([one for one in now if one not in before], labels),
            "sites_removed": named_sites([one for one in before if one not in now], labels),
        }

    def _render(self, template: str, values: dict[str, Any]) -> str:
        return self._environment.get_template(template).render(values)

    @property
    def _domain(self) -> str:
        host = urlsplit(self._settings.web_url).hostname or "localhost"
        return f"[{host}]" if ":" in host else host

    @cached_property
    def _environment(self) -> Environment:
        return mail_templates(self._settings.web.theme)

    @cached_property
    def _paint(self) -> dict[str, Any]:
        """The colours of the pages; a mail in the dark keeps the tiles of the light, which are quiet there too."""
        theme = self._settings.theme
        return {"light": palette(theme), "dark": palette(theme, dark=True), "tiles": TILE_COLOURS}

    @cached_property
    def _inliner(self) -> CSSInliner:
        from css_inline import CSSInliner

        # Nothing is fetched while a mail is made, whatever a theme's template asks for.
        return CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)


def _decision_of(notice: Notice, facts: ConsentFacts) -> str:
    """Id of the event that a mail is about; "" where it is about none."""
    return facts.about or (notice.notice_id if notice.kind.is_consent else "")


def _link_values(audience: Audience, link_mail: AccountLinkMail | None) -> dict[str, Any]:
    if link_mail is None:
        return {"link": "", "link_until": 0, "new_email": ""}
    # The new address is told to the old one, and not the other way round.
    new_email = link_mail.new_email if audience is Audience.OWNER else ""
    return {"link": link_mail.url, "link_until": link_mail.until, "new_email": new_email}


def _endpoint_values(facts: EndpointFacts, language: Language) -> dict[str, str]:
    since = facts.failing_since
    return {
        "endpoint_id": facts.endpoint_id,
        "endpoint_host": facts.endpoint_host,
        "failing_since": language.moment(from_iso(since), "UTC") if since else "",
    }


def template_of(notice: Notice) -> str:
    """The folder of the mail's templates; "" when no mail tells of this kind of notice."""
    rows = told_by(notice.kind)
    if not rows:
        return notice_profile(notice.kind).mail
    event_type = ConsentFacts.from_json(notice.data).event_type
    return next((row.mail for row in rows if row.type == event_type), rows[0].mail)


def wrapped(text: str) -> str:
    """Fold long lines at 72 columns, list items under their own text; runs of blank lines become one."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if not line.strip():
            if lines and lines[-1]:
                lines.append("")
            continue
        hang = "  " if line.startswith("- ") else ""
        lines += held(
            textwrap.wrap(
                line.strip(), COLUMNS, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
            )
        )
    return "\n".join(lines) + "\n"
