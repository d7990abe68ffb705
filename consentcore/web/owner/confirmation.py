"""Pages that ask before something ends: what was confirmed is evidence, like the page of a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.web.owner import evidence, frozen_page
from consentcore.web.owner.frozen_page import FrozenPage
from consentcore.web.pages import page_of

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.consent.snapshot import ShownNotice
    from consentcore.domain.event import Evidence


def confirmation(request: Request, template: str, address: str = "", **values: object) -> Confirmation:
    """A page with a form whose one button is Proceed.

    :param address: a part of an address that is secret, which the template names as ``address``.
    """
    return Confirmation(request, FrozenPage(request, template, values, SECRET), address)


SECRET = ("csrf_token", "shown", "address")


class Confirmation:
    """Such a page, shown or answered."""

    def __init__(self, request: Request, page: FrozenPage, address: str) -> None:
        self._request = request
        self._page = page
        self._address = address

    def show(self) -> Response:
        """The page."""
        request = self._request
        shown = frozen_page.stamp(request, self._page, request.now)
        secret = {"csrf_token": request.browser.csrf_token, "shown": shown, "address": self._address}
        return page_of(request, self._page.filled(secret))

    def answered(self, method: str) -> tuple[Evidence, ShownNotice | None]:
        """How Proceed was pressed, and what was read before it. An end waits for nothing: where that was another text
        by now, or nothing says what it was, the end is recorded without a page.

        :param method: the control that was used, such as ``dialog:proceed``.
        """
        request = self._request
        at = frozen_page.presented_at(request, self._page, request.form.one("shown"))
        if at is None:
            return evidence.collect(request, method), None
        viewer = request.owner
        personal = [viewer.name, viewer.email] if viewer else []
        notice = self._page.frozen({"locale": request.language.tag}, personal)
        found = evidence.collect(request, method, presented_at=at, snapshot_hash=notice.snapshot_hash)
        return found, notice
