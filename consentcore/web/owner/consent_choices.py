"""What was chosen on the consent page: read from its form, held to what the page offered, and said back to whoever has
to choose once more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.consent.decision import Decision
from consentcore.consent.offers import NothingAllowed, RequiredLeftOut, check_allowed
from consentcore.domain.errors import InvalidInput
from consentcore.domain.message import message
from consentcore.domain.resource import chosen_of
from consentcore.domain.text import isolated
from consentcore.web.owner.resource_choice import check_enough, read_choice

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.consent.choice import ChoiceRules
    from consentcore.domain.message import Message
    from consentcore.domain.scope import Catalog
    from consentcore.web.forms import Fields
    from consentcore.web.owner.consent_page import ConsentPage
    from consentcore.web.owner.resource_choice import Choice
    from consentcore.web.owner.resource_form import ResourceForm


@dataclass(frozen=True)
class Chosen:
    """The state of every control.

    :ivar scopes: tokens that are ticked.
    :ivar days: for how long.
    """

    scopes: frozenset[str]
    days: int


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
        **(page.choice.defaults if page.choice else {}),
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
    return Chosen(scopes, _days(form, page))


def resources(
    request: Request, page: ConsentPage, chosen: Chosen, posted: ResourceForm | None
) -> Choice | None:
    """The sites, meters and devices that were chosen; None where there was nothing to choose.

    :raises ChoiceProblem: why the choice cannot be taken.
    :raises DirectoryUnavailable: nobody can say whether it can.
    """
    if page.choice is None or posted is None:
        return None
    choice = read_choice(request, request.owner, page.choice, posted)
    check_enough(request, page.allowed(chosen.scopes), choice, page.client, page.details_asked)
    return choice


def _days(form: Fields, page: ConsentPage) -> int:
    text = form.one("duration")
    if not text:
        return page.duration.days
    if text not in {str(one.days) for one in page.durations}:
        raise InvalidInput("duration", "expected only what the page offered")
    return int(text)


def decision(rules: ChoiceRules, page: ConsentPage, chosen: Chosen, choice: Choice | None) -> Decision:
    """What a yes with these choices allows: what has no control, and what is ticked; of resources those that any of it
    needs."""
    allowed = page.allowed(chosen.scopes)
    kinds = rules.kinds(allowed, page.details_asked)
    if choice is None or not (rules.optional or kinds):
        return Decision(allowed, resource_kinds=None, days=chosen.days)
    references = chosen_of(choice.references, kinds) if kinds else choice.references
    return Decision(allowed, references, kinds, choice.labels, chosen.days)


def problems(catalog: Catalog, page: ConsentPage, chosen: Chosen) -> list[Problem]:
    """Why nobody can say yes to it; empty when they can."""
    name = isolated(page.client.name)
    try:
        allowed, others = page.allowed(chosen.scopes), bool(page.details)
        check_allowed(catalog, page.client, page.asked, allowed, others=others)
    except NothingAllowed:
        text = message(
            "You have ticked nothing yet. Tick what %(name)s may use, or press Deny if it should use nothing.",
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
