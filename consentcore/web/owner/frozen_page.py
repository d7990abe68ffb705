"""A page as it is shown to decide on: compared when it is answered, and frozen as evidence."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from markupsafe import escape
from pyramid.renderers import render

from consentcore import __version__
from consentcore.consent.shown import freeze
from consentcore.web.ui_version import ui_version

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.consent.snapshot import ShownNotice


class FrozenPage:
    """A page as it opens, from its title to its foot. What is compared costs a hash; the snapshot is made of it once it
    is needed.

    :param secret: names of what is secret in it: the anti-forgery field, addresses that open something.
    :param values: what its template names, but for these.
    :ivar fingerprint: of the whole page, but for what is secret in it.
    """

    def __init__(
        self, request: Request, template: str, values: Mapping[str, object], secret: Iterable[str]
    ) -> None:
        self._request = request
        self._template = template
        self._marks = {name: secrets.token_hex(16) for name in secret}
        self._marked = render(template, {"viewer": request.owner, **values, **self._marks}, request=request)
        self._markup = self.filled(dict.fromkeys(self._marks, ""))
        self.fingerprint = hashlib.sha256(self._markup.encode("utf-8", "surrogatepass")).hexdigest()

    def filled(self, secret: Mapping[str, str]) -> str:
        """The page as it opens, with these secrets in it, by name."""
        text = self._marked
        for name, mark in self._marks.items():
            text = text.replace(mark, escape(secret[name]))
        return text

    def frozen(self, facts: Mapping[str, object], personal: Iterable[str]) -> ShownNotice:
        """Every string of it in order, every control as it opens, content-addressed; nobody's name in clear.

        :param facts: what it was made from besides; nothing personal.
        :param personal: values that may stand in it and have to stand apart.
        """
        request = self._request
        made_from = {
            "template": self._template,
            "release": __version__,
            "ui_version": ui_version(request.runtime.settings.web.theme),
            "catalog_version": request.runtime.catalog.version,
        }
        return freeze(self._markup, {**made_from, **facts}, personal, request.now)


def stamp(request: Request, page: FrozenPage, presented_at: int) -> str:
    """What the form carries back: which text was shown when, signed for this browser and whoever is signed in."""
    text = f"{page.fingerprint}|{presented_at}"
    return f"{text}|{request.browser.sign(text)}"


def read_stamp(request: Request, value: str) -> tuple[str, int] | None:
    """Take a stamp apart: fingerprint and the instant of presentation; None when it is not ours."""
    text, _, mac = value.rpartition("|")
    if not request.browser.signed(mac, text):
        return None
    fingerprint, _, presented = text.rpartition("|")
    return fingerprint, int(presented)


def presented_at(request: Request, page: FrozenPage, value: str) -> int | None:
    """When the page that is answered was shown; None when it was not this text, or the stamp is not ours."""
    found = read_stamp(request, value)
    return found[1] if found is not None and found[0] == page.fingerprint else None
