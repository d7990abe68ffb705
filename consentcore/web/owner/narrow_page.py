"""What the page says that lets an owner make a permission smaller, and what its form says back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from consentcore.consent.narrowing import EARLIEST_MS, NothingLeft, NothingNarrower, Remainder
from consentcore.consent.offers import is_optional
from consentcore.consent.resource_labels import labels_of
from consentcore.domain import resource
from consentcore.domain.errors import InvalidInput
from consentcore.domain.message import message
from consentcore.web.owner import dashboard
from consentcore.web.owner.consent_choices import Problem

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.consent.owner_grants import OwnerGrants
    from consentcore.domain.grant import Grant
    from consentcore.domain.message import Message
    from consentcore.domain.scope import Scope
    from consentcore.web.forms import Fields

MOST_LISTED = 400
"""Resources with a tick of their own; a form has 500 fields at most."""


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

    :ivar resources: with their names; none where there are too many to list, or all are chosen.
    :ivar earliest: the first day that can be its last, as in ``2027-03-03``; "" where there is none before its end;
    :ivar latest: and the last one.
    """

    card: dashboard.Card
    scopes: tuple[Held, ...]
    resources: tuple[Held, ...]
    earliest: str
    latest: str

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


def build(request: Request, grants: OwnerGrants, grant: Grant) -> NarrowPage:
    """Gather what the page says."""
    card, zone = dashboard.card(request, grant, grants), ZoneInfo(request.owner.timezone)
    earliest, latest = (_day(at, zone) for at in (request.now + EARLIEST_MS, grant.expires_at))
    return NarrowPage(
        card=card,
        scopes=tuple(_scope(number, one, grants, grant) for number, one in enumerate(card.scopes, start=1)),
        resources=_resources(request, grant),
        earliest=earliest if earliest < latest else "",
        latest=_day(grant.expires_at - EARLIEST_MS, zone),
    )


def whole(page: NarrowPage) -> Left:
    """How the page is shown: everything stays."""
    return Left(frozenset(one.value for one in page.scopes), frozenset(one.value for one in page.resources))


def read(form: Fields) -> Left:
    """Read what was posted; what is absent was taken away.

    :raises InvalidInput: when the day came twice.
    """
    return Left(frozenset(form.all("scope")), frozenset(form.all("resource")), form.one("until").strip())


def remainder(page: NarrowPage, left: Left, timezone: str) -> Remainder:
    """What is to stay. A day is meant to its end, where the owner is.

    :raises InvalidInput: field ``expires_at``, when it is no day.
    """
    grant = page.card.grant
    chosen = tuple(sorted(left.resources)) if page.resources else grant.resources
    zone = ZoneInfo(timezone)
    # The day on which it ends anyway is the end that stands, at whatever hour of it.
    stands = left.until in {"", _day(grant.expires_at, zone)}
    until = grant.expires_at if stands else _end_of(left.until, zone)
    return Remainder(tuple(sorted(left.scopes)), chosen, until)


def problem(page: NarrowPage, error: InvalidInput) -> Problem:
    """What to say of a choice that cannot be taken, beside the control that it is about."""
    first = {
        "scopes": page.scopes[0].field_id if page.scopes else "",
        "resources": page.resources[0].field_id if page.resources else "",
        "expires_at": "until",
    }
    return Problem(first.get(error.field, ""), _words(error))


def _words(error: InvalidInput) -> Message:
    if isinstance(error, NothingNarrower):
        return message(
            "Nothing would be different. Take a tick away or choose an earlier day, or leave it as it is."
        )
    if isinstance(error, NothingLeft) and error.field == "resources":
        return message("One site or device has to stay. If nothing shall stay, choose Revoke Access.")
    if isinstance(error, NothingLeft):
        return message("Something has to stay. If nothing shall stay, choose Revoke Access.")
    if error.field == "expires_at":
        return message(
            "Choose a day from tomorrow on that is before the present end. To end it at once, choose Revoke Access."
        )
    return message(
        "Here you can only take away. More is allowed from the application, on a page that asks you."
    )


def _scope(number: int, scope: Scope, grants: OwnerGrants, grant: Grant) -> Held:
    client = grants.client(grant.client_id)
    needed = client is not None and not is_optional(scope, client)
    return Held(f"scope-{number}", scope.scope_id, scope.label, scope.sees, needed)


def _resources(request: Request, grant: Grant) -> tuple[Held, ...]:
    known = grant.resources
    if len(known) > MOST_LISTED or any(resource.is_everything(one) for one in known):
        return ()
    labels = labels_of(request.runtime.resources, request.owner, known) if known else {}
    named = sorted((labels.get(one) or labels.get(resource.id_of(one)) or "", one) for one in known)
    return tuple(Held(f"resource-{number}", one, label) for number, (label, one) in enumerate(named, start=1))


def _day(at: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at / 1000, zone).date().isoformat()


def _end_of(text: str, zone: ZoneInfo) -> int:
    """The last second of a day, in milliseconds since the epoch."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone) + timedelta(days=1)
        return int(day.astimezone(UTC).timestamp() * 1000) - 1000
    except (ValueError, OverflowError):
        raise InvalidInput("expires_at", "expected a day such as 2027-03-03") from None
