"""What the page says that lets an owner make a permission smaller, and what its form says back."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from consentcore.consent.narrowing import EARLIEST_MS, NothingLeft, NothingNarrower, Remainder
from consentcore.consent.offers import is_optional
from consentcore.consent.resource_labels import labels_of
from consentcore.domain import resource
from consentcore.domain.errors import DirectoryUnavailable, InvalidInput
from consentcore.domain.message import message
from consentcore.web.owner import dashboard, held_resources
from consentcore.web.owner.consent_choices import Problem
from consentcore.web.owner.resource_chooser import ROWS

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.consent.owner_grants import OwnerGrants
    from consentcore.domain.grant import Grant
    from consentcore.domain.message import Message
    from consentcore.domain.scope import Scope
    from consentcore.web.forms import Fields
    from consentcore.web.owner.resource_chooser import Chooser
    from consentcore.web.owner.resource_form import ResourceForm

log = logging.getLogger("consentcore.resources")

Labels = Mapping[str, str]
"""What resources are called, by reference."""

MOST_LISTED = 400
"""Resources with a tick of their own and no search; a form has 500 fields at most."""


@dataclass(frozen=True)
class Held:
    """Something that can be taken away.

    :ivar needed: the application says that it cannot work without it.
    :ivar text: what it is, beside its name.
    """

    field_id: str
    value: str
    label: str
    text: str = ""
    needed: bool = False


@dataclass(frozen=True)
class NarrowPage:
    """One permission, piece by piece.

    :ivar resources: with their names; none of those that the chooser lists.
    :ivar chooser: lists what is chosen where that is too much for a plain list, or is everything of a kind.
    :ivar unlisted: the chooser is missing because the directories do not answer: what is chosen stays.
    :ivar earliest: the first day that can be its last, as in ``2027-03-03``; "" where there is none before its end;
    :ivar latest: and the last one.
    """

    card: dashboard.Card
    scopes: tuple[Held, ...]
    resources: tuple[Held, ...]
    earliest: str
    latest: str
    chooser: Chooser | None = None
    unlisted: bool = False

    @property
    def sequence(self) -> int:
        """Of the grant that is shown."""
        return self.card.grant.sequence


@dataclass(frozen=True)
class Left:
    """The state of every control: what is ticked, and the day as typed, "" for the end that stands."""

    scopes: frozenset[str]
    resources: frozenset[str]
    until: str = ""


def build(
    request: Request, grants: OwnerGrants, grant: Grant, posted: ResourceForm | None = None
) -> NarrowPage:
    """Gather what the page says.

    :param posted: what the form said of resources; None when the page opens.
    :raises DirectoryUnavailable: when a page with the chooser was posted and the directories do not answer now.
    """
    card, zone = dashboard.card(request, grant, grants), ZoneInfo(request.owner.timezone)
    earliest, latest = (_day(at, zone) for at in (request.now + EARLIEST_MS, grant.expires_at))
    chooser, unlisted = _chooser(request, grant, posted)
    return NarrowPage(
        card=card,
        scopes=tuple(_scope(number, one, grants, grant) for number, one in enumerate(card.scopes, start=1)),
        resources=_resources(request, _plainly_listed(grant)),
        earliest=earliest if earliest < latest else "",
        latest=_day(grant.expires_at - EARLIEST_MS, zone),
        chooser=chooser,
        unlisted=unlisted,
    )


def whole(page: NarrowPage) -> Left:
    """How the page is shown: everything stays."""
    return Left(frozenset(one.value for one in page.scopes), frozenset(one.value for one in page.resources))


def read(form: Fields) -> Left:
    """Read what was posted; what is absent was taken away.

    :raises InvalidInput: when the day came twice.
    """
    return Left(frozenset(form.all("scope")), frozenset(form.all("resource")), form.one("until").strip())


def remainder(
    request: Request, page: NarrowPage, left: Left, posted: ResourceForm
) -> tuple[Remainder, Labels]:
    """What is to stay, and what those are called that are named one by one now. A day is meant to its end, where the
    owner is.

    :raises InvalidInput: field ``expires_at``, when it is no day; ``resources``, for what is not allowed.
    :raises ChoiceProblem: when something that was ticked is gone.
    """
    grant, zone = page.card.grant, ZoneInfo(request.owner.timezone)
    stays, labels = _resources_left(request, page, left, posted)
    # The day on which it ends anyway is the end that stands, at whatever hour of it.
    stands = left.until in {"", _day(grant.expires_at, zone)}
    until = grant.expires_at if stands else _end_of(left.until, zone)
    return Remainder(tuple(sorted(left.scopes)), stays, until), labels


def _resources_left(
    request: Request, page: NarrowPage, left: Left, posted: ResourceForm
) -> tuple[tuple[str, ...], Labels]:
    held = page.card.grant.resources
    if page.chooser is None:
        listed = {one.value for one in page.resources}
        unlisted = [one for one in held if one not in listed]
        return (tuple(sorted({*left.resources, *unlisted})) if listed else held), {}
    chooser = page.chooser
    here = tuple(one for one in held if held_resources.concerns(chooser, one))
    ticked = tuple(one for one in posted.chosen if held_resources.concerns(chooser, one))
    choice = held_resources.read(request, here, chooser, replace(posted, chosen=ticked))
    without_control = set(held).difference(here, (one.value for one in page.resources))
    others = without_control.union(posted.chosen).difference(ticked)
    return tuple(sorted({*choice.references, *others})), choice.labels


def problem(page: NarrowPage, error: InvalidInput) -> Problem:
    """What to say of a choice that cannot be taken, beside the control that it is about."""
    first = {
        "scopes": page.scopes[0].field_id if page.scopes else "",
        "resources": "resources" if page.chooser else page.resources[0].field_id if page.resources else "",
        "expires_at": "until",
    }
    return Problem(first.get(error.field, ""), _words(error))


def _words(error: InvalidInput) -> Message:
    if isinstance(error, NothingNarrower):
        return message(
            "Nothing would be different. Untick something or choose an earlier day, or leave it as it is."
        )
    if isinstance(error, NothingLeft) and error.field == "resources":
        return message("One site or device has to stay. If nothing should stay, choose Revoke Access.")
    if isinstance(error, NothingLeft):
        return message("Something has to stay. If nothing should stay, choose Revoke Access.")
    if error.field == "expires_at":
        return message(
            "Choose a day from tomorrow on that is before the present end. To end it at once, choose Revoke Access."
        )
    return message(
        "Here you can only take away. To allow more, begin in the application: a page of ours will ask you."
    )


def _scope(number: int, scope: Scope, grants: OwnerGrants, grant: Grant) -> Held:
    client = grants.client(grant.client_id)
    needed = client is not None and not is_optional(scope, client)
    return Held(f"scope-{number}", scope.scope_id, scope.label, scope.sees, needed)


def _plainly_listed(grant: Grant) -> tuple[str, ...]:
    """Single ones, where they are few; those of a kind of which everything is chosen are in the chooser."""
    single = tuple(one for one in grant.resources if not resource.is_everything(one))
    listed_beside = ROWS if len(single) < len(grant.resources) else 0
    return single if len(single) + listed_beside <= MOST_LISTED else ()


def _resources(request: Request, known: tuple[str, ...]) -> tuple[Held, ...]:
    labels = labels_of(request.runtime.directories, request.owner, known) if known else {}
    named = sorted((labels.get(one) or labels.get(resource.id_of(one)) or "", one) for one in known)
    return tuple(Held(f"resource-{number}", one, label) for number, (label, one) in enumerate(named, start=1))


def _chooser(request: Request, grant: Grant, posted: ResourceForm | None) -> tuple[Chooser | None, bool]:
    whole = held_resources.wholly_held(grant.resources)
    if not whole and len(grant.resources) <= MOST_LISTED:
        return None, False
    action = f"/consents/{grant.grant_id}/change"
    try:
        return held_resources.build(request, whole or grant.resources, action=action, posted=posted), False
    except DirectoryUnavailable as error:
        if posted is not None and "resources_query" in request.form.names:
            raise  # what was unticked must not stay because nobody could look
        log.error("%s takes something away without a list: %s", request.owner.owner_id, error)
        return None, True


def _day(at: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at / 1000, zone).date().isoformat()


def _end_of(text: str, zone: ZoneInfo) -> int:
    """The last second of a day, in milliseconds since the epoch."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone) + timedelta(days=1)
        return int(day.astimezone(UTC).timestamp() * 1000) - 1000
    except (ValueError, OverflowError):
        raise InvalidInput("expires_at", "expected a day such as 2027-03-03") from None
