"""The consent page as it was shown: compared when it is answered, and frozen as evidence."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from markupsafe import escape
from pyramid.renderers import render

from consentcore import __version__
from consentcore.consent.shown import freeze
from consentcore.domain.client import Client
from consentcore.domain.message import message
from consentcore.domain.scope import Scope
from consentcore.ports.extension import ConsentPanel
from consentcore.ports.resources import Resource
from consentcore.web.owner.consent_choices import defaults
from consentcore.web.owner.resource_form import ListPlace
from consentcore.web.ui_version import ui_version

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.consent.snapshot import ShownNotice
    from consentcore.web.owner.consent_page import ConsentPage

TEMPLATE = "consent.jinja2"
SECRET = ("csrf_token", "interaction_id", "shown")
BUTTONS = (message("Approve"), message("Deny"))


class Shown:
    """The page as it was shown. What is compared when it is answered costs a hash; the snapshot is made of it once it
    is needed.

    :param marked: the page with a mark, by ``marks``, in place of each secret.
    :ivar fingerprint: of the whole page, but for what is secret in it.
    """

    def __init__(self, request: Request, page: ConsentPage, marked: str, marks: Mapping[str, str]) -> None:
        self._request = request
        self._page = page
        self._marked = marked
        self._marks = marks
        self._markup = markup = self.filled(dict.fromkeys(marks, ""))
        self.fingerprint = hashlib.sha256(markup.encode("utf-8", "surrogatepass")).hexdigest()

    def filled(self, secret: Mapping[str, str]) -> str:
        """The page as it opens, with these secrets in it, by name: what somebody is sent who sees it for the first
        time, without a second rendering."""
        text = self._marked
        for name, mark in self._marks.items():
            text = text.replace(mark, escape(secret[name]))
        return text

    def is_of(self, page: ConsentPage) -> bool:
        """Whether a page shows just this: nobody has ticked or moved anything in it."""
        return page.choice is None or page.choice == self._page.choice

    @cached_property
    def notice(self) -> ShownNotice:
        """Every string of it in order, every control as it opens, content-addressed; nobody's name in clear."""
        page, request = self._page, self._request
        facts = {
            "template": TEMPLATE,
            "release": __version__,
            "ui_version": ui_version(request.runtime.settings.web.theme),
            "locale": page.locale,
            "catalog_version": request.runtime.catalog.version,
            "client": {
                "client_id": page.client.client_id,
                "name": page.client.name,
                "publisher": page.client.publisher,
                "purpose": page.client.purpose,
                "privacy_url": page.client.privacy_url,
            },
            "scopes": [line.scope.facts for line in page.lines],
            "buttons": [request.translate(label) for label in BUTTONS],
        }
        personal = [request.owner.name, request.owner.email, *personal_texts(page)]
        return freeze(self._markup, facts, personal, request.now)


def snapshot(request: Request, page: ConsentPage) -> Shown:
    """The exact text of the page as it opens, from its title to its foot, without what is secret in it: of a long list
    the page that is shown."""
    if page.choice is not None:
        page = replace(page, choice=page.choice.opened)
    marks = {name: secrets.token_hex(16) for name in SECRET}
    opens = {"error": "", "chosen": defaults(page), "problems": ()}
    values = {"page": page, "viewer": request.owner, **marks, **opens}
    return Shown(request, page, render(TEMPLATE, values, request=request), marks)


def personal_texts(value: object) -> Iterator[str]:
    """Texts of resources and panels, wherever they stand in what a page is made of: they name places of a person."""
    if isinstance(value, (Client, Scope, str, bytes)):
        return
    if isinstance(value, Resource):
        yield from (str(getattr(value, one.name)) for one in fields(value) if one.name not in _NO_TEXT)
        yield from value.group
    elif isinstance(value, ListPlace):
        yield value.query
    elif isinstance(value, ConsentPanel):
        yield from (str(getattr(value, one.name)) for one in fields(value))
    elif is_dataclass(value):
        for one in fields(value):
            yield from personal_texts(getattr(value, one.name))
    elif isinstance(value, Collection):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from personal_texts(each)


_NO_TEXT = frozenset({"resource_id", "kind", "group"})


def stamp(request: Request, shown: Shown, presented_at: int) -> str:
    """What the form carries back: which text was shown when, signed for this browser and whoever is signed in."""
    text = f"{shown.fingerprint}|{presented_at}"
    return f"{text}|{request.browser.sign(text)}"


def read_stamp(request: Request, value: str) -> tuple[str, int] | None:
    """Take a stamp apart: fingerprint and the instant of presentation; None when it is not ours."""
    text, _, mac = value.rpartition("|")
    if not request.browser.signed(mac, text):
        return None
    fingerprint, _, presented = text.rpartition("|")
    return fingerprint, int(presented)
