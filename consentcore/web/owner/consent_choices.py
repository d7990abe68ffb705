"""What was chosen on the consent page: read from its form, held to what the page offered, and said back to whoever has
to choose once more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.consent.offers import NothingAllowed, RequiredLeftOut, check_allowed
from consentcore.consent.service import Decision
from consentcore.domain.errors import InvalidInput
from consentcore.domain.message import message
from consentcore.domain.text import isolated

if TYPE_CHECKING:
    from consentcore.domain.message import Message
    from consentcore.domain.scope import Catalog
    from consentcore.web.forms import Fields
    from consentcore.web.owner.consent_page import ConsentPage


@dataclass(frozen=True)
class Chosen:
    """The state of every control.

    :ivar scopes: tokens that are ticked.
    :ivar days: for how long.
    :ivar resources: ids that are ticked.
    """

    scopes: frozenset[str]
    days: int
    resources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """Why a choice cannot be taken.

    :ivar field: the id of the control in the page that it is about.
    """

    field: str
    text: Message


def defaults(page: ConsentPage) -> Chosen:
    """How the page is shown: nothing is ticked but what already stands, and the usual time."""
    ticked = frozenset(line.scope.scope_id for line in page.lines if line.control and line.stands)
    return Chosen(ticked, page.duration.days)


def control_defaults(page: ConsentPage) -> dict[str, bool]:
    """The same for the evidence: each control by its name and value."""
    shown = defaults(page)
    return {
        **{f"resource:{item.resource_id}": False for item in page.resources},
        **{
            f"scope:{line.scope.scope_id}": line.scope.scope_id in shown.scopes
            for line in page.lines
            if line.control
        },
        **{f"duration:{one.days}": one.days == shown.days for one in page.durations if page.chooses_duration},
    }


def read(form: Fields, page: ConsentPage) -> Chosen:
    """Read what was posted. What is absent was not ticked; an absent time is the usual one, as where there is only one.

    :raises InvalidInput: naming the field, when it holds what the page did not offer.
    """
    scopes = frozenset(form.all("scope"))
    if not scopes.issubset(line.scope.scope_id for line in page.lines if line.control):
        raise InvalidInput("scope", "expected only what the page offered")
    resources = tuple(dict.fromkeys(form.all("resource")))
    if not {item.resource_id for item in page.resources}.issuperset(resources):
        raise InvalidInput("resource", "expected only what the page offered")
    return Chosen(scopes, _days(form, page), resources)


def _days(form: Fields, page: ConsentPage) -> int:
    text = form.one("duration")
    if not text:
        return page.duration.days
    if text not in {str(one.days) for one in page.durations}:
        raise InvalidInput("duration", "expected only what the page offered")
    return int(text)


def decision(page: ConsentPage, chosen: Chosen) -> Decision:
    """What a yes with these choices allows: what has no control, and what is ticked."""
    return Decision(page.allowed(chosen.scopes), chosen.resources, days=chosen.days)


def problems(catalog: Catalog, page: ConsentPage, chosen: Chosen) -> list[Problem]:
    """Why nobody can say yes to it; empty when they can."""
    name = isolated(page.client.name)
    try:
        check_allowed(catalog, page.client, page.asked, page.allowed(chosen.scopes))
    except NothingAllowed:
        text = message(
            "You have ticked nothing yet. Tick what %(name)s may use, or press Deny if it shall use nothing.",
            name=name,
        )
        return [Problem(page.first_control, text)]
    except RequiredLeftOut as error:
        return [
            Problem(
                line.field_id,
                message(
                    "%(name)s says that it cannot work without “%(label)s”. Tick it if you allow it, or press Deny.",
                    name=name,
                    label=isolated(line.scope.label),
                ),
            )
            for line in page.lines
            if line.scope.scope_id in error.scopes
        ]
    return []
