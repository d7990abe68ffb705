"""What Revoked Accesses shows: permissions that have ended, a page of them, each with who ended it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from consentcore.domain.client import CLIENT_ID
from consentcore.domain.grant_states import ENDED, GRANT_STATES, GrantState
from consentcore.i18n.wording import confirmation_number
from consentcore.web.owner import dashboard
from consentcore.web.owner.grant_page import deciding_one

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyramid.request import Request

    from consentcore.consent.owner_grants import OwnerGrants
    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.grant import Grant

ENDS = tuple(row for row in GRANT_STATES if row.ended)
"""The ways in which a permission ends, as one can choose among them."""


@dataclass(frozen=True)
class PastPage:
    """One page of what has ended, the latest first.

    :ivar cards: with the confirmation number of the end; "" where that is not written yet.
    :ivar ended: a state that was chosen; "" for all.
    :ivar application: id of an application that was chosen; "" for all,
    :ivar application_name: and its name.
    :ivar after: address of the page that follows; "" where there is none.
    """

    cards: Sequence[tuple[dashboard.Card, str]]
    ended: str
    application: str
    application_name: str
    after: str
    first: bool

    @property
    def ends(self) -> Sequence[tuple[str, str]]:
        """What can be chosen: a state and its word."""
        return [(row.state.value, row.word) for row in ENDS]

    @property
    def narrowed(self) -> bool:
        """Whether something was chosen."""
        return bool(self.ended or self.application)


def build(request: Request, grants: OwnerGrants) -> PastPage:
    """Gather what the page shows."""
    ended, application = request.query.one("ended"), request.query.one("application")
    ended = ended if ended in {row.state.value for row in ENDS} else ""
    application = application if CLIENT_ID.fullmatch(application) else ""
    after = request.query.one("after")
    states = frozenset({GrantState(ended)}) if ended else ENDED
    found, more = grants.ended(after, states=states, client_id=application)
    numbers = _numbers(request, found)
    client = grants.client(application) if application else None
    return PastPage(
        cards=[(dashboard.card(request, grant, grants), numbers.get(grant.grant_id, "")) for grant in found],
        ended=ended,
        application=application,
        application_name=client.name if client else application,
        after=_address(ended, application, more) if more else "",
        first=not after,
    )


def _address(ended: str, application: str, after: str) -> str:
    said = {"ended": ended, "application": application, "after": after}
    return f"/consents/revoked?{urlencode({name: value for name, value in said.items() if value})}"


def _numbers(request: Request, ended: Sequence[Grant]) -> dict[str, str]:
    """Confirmation numbers of ends that are written, by grant id."""
    chains: dict[str, list[ConsentEvent]] = {}
    for event in request.uow.ledger.of_grants([grant.grant_id for grant in ended[:100]]):
        chains.setdefault(event.grant_id, []).append(event)
    deciding = {grant_id: deciding_one(chain) for grant_id, chain in chains.items()}
    return {
        grant_id: confirmation_number(event.event_id)
        for grant_id, event in deciding.items()
        if event.type.value in ENDED
    }
