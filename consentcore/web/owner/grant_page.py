"""What the page of one permission says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.consent.notice_status import notice_status
from consentcore.domain.event_kinds import SECURITY_EVENTS
from consentcore.i18n.wording import confirmation_number
from consentcore.web.owner import dashboard, history
from consentcore.web.owner.progress import Progress, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyramid.request import Request

    from consentcore.consent.notice_status import NoticeStatus
    from consentcore.consent.owner_grants import OwnerGrants
    from consentcore.domain.client import Client
    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.grant import Grant
    from consentcore.web.owner.timeline import Timeline


@dataclass(frozen=True)
class GrantPage:
    """One permission of the owner.

    :ivar number: confirmation number of the event that made it what it is; "" where that is not written yet.
    :ivar why: the words of whoever shut the application out, where that ended it.
    :ivar told: how far the notice of that event has got.
    :ivar progress: the same of an end, line by line.
    """

    card: dashboard.Card
    client: Client | None
    lines: Sequence[history.HistoryLine]
    timeline: Timeline
    number: str
    why: str
    told: NoticeStatus
    progress: Progress


def build(request: Request, grants: OwnerGrants, grant: Grant) -> GrantPage:
    """Gather what the page says."""
    client, card = grants.client(grant.client_id), dashboard.card(request, grant, grants)
    events = [*request.uow.ledger.of_grant(grant.grant_id), *grants.to_be_recorded(grant)]
    deciding = deciding_one(events)
    lines = history.lines(request, events)
    told = _told(request, deciding)
    return GrantPage(
        card=card,
        client=client,
        lines=lines,
        timeline=history.life(request, card.grant, lines),
        number=confirmation_number(deciding.event_id),
        why=dashboard.why(request, deciding, client),
        told=told,
        progress=progress(request, card, told),
    )


def build_progress(request: Request, grants: OwnerGrants, grant: Grant) -> Progress:
    """What is being done after its end, alone."""
    events = [*request.uow.ledger.of_grant(grant.grant_id), *grants.to_be_recorded(grant)]
    return progress(request, dashboard.card(request, grant, grants), _told(request, deciding_one(events)))


def deciding_one(events: Sequence[ConsentEvent]) -> ConsentEvent:
    """The event that made a permission what it is; what tells of an attack on tokens does not."""
    return next(event for event in reversed(events) if event.type not in SECURITY_EVENTS)


def _told(request: Request, event: ConsentEvent) -> NoticeStatus:
    return notice_status(request.runtime.storage, request.uow, event, request.now)
