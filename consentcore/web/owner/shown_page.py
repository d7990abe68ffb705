"""The consent page as it was shown: compared when it is answered, and frozen as evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from consentcore.domain.authorization_detail import facts_of
from consentcore.domain.client import Client
from consentcore.domain.message import message
from consentcore.domain.scope import Scope
from consentcore.ports.extension import ConsentPanel
from consentcore.ports.resources import Resource
from consentcore.web.owner.consent_choices import defaults
from consentcore.web.owner.frozen_page import FrozenPage
from consentcore.web.owner.resource_form import ListPlace

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.consent.snapshot import ShownNotice
    from consentcore.web.owner.consent_page import ConsentPage

TEMPLATE = "consent.jinja2"
SECRET = ("csrf_token", "interaction_id", "shown")
BUTTONS = (message("Approve"), message("Deny"))


class Shown(FrozenPage):
    """The page as it was shown.

    :param values: how it opens.
    """

    def __init__(self, request: Request, page: ConsentPage, values: Mapping[str, object]) -> None:
        super().__init__(request, TEMPLATE, values, SECRET)
        self._page = page

    def is_of(self, page: ConsentPage) -> bool:
        """Whether a page shows just this: nobody has ticked or moved anything in it."""
        return page.choice is None or page.choice == self._page.choice

    @cached_property
    def notice(self) -> ShownNotice:
        """Every string of it in order, every control as it opens, content-addressed; nobody's name in clear."""
        page, request = self._page, self._request
        facts = {
            "locale": page.locale,
            "client": {
                "client_id": page.client.client_id,
                "name": page.client.name,
                "publisher": page.client.publisher,
                "purpose": page.client.purpose,
                "privacy_url": page.client.privacy_url,
            },
            "scopes": [line.scope.facts for line in page.lines],
            **_details(page),
            "buttons": [request.translate(label) for label in BUTTONS],
        }
        personal = [request.owner.name, request.owner.email, *personal_texts(page)]
        return self.frozen(facts, personal)


def _details(page: ConsentPage) -> dict[str, object]:
    """Absent where none was asked."""
    return {"authorization_details": facts_of(page.details_asked)} if page.details_asked else {}


def snapshot(request: Request, page: ConsentPage) -> Shown:
    """The exact text of the page as it opens, from its title to its foot, without what is secret in it: of a long list
    the page that is shown."""
    if page.choice is not None:
        page = replace(page, choice=page.choice.opened)
    return Shown(request, page, {"page": page, "error": "", "chosen": defaults(page), "problems": ()})


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
