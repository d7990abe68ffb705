"""What the page of one permission says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from consentcore.consent.notice_status import notice_status
from consentcore.consent.then_and_now import Agreement, Difference, of_client, of_policies, of_scopes
from consentcore.domain.event_kinds import event_kind
from consentcore.domain.message import message
from consentcore.i18n.wording import confirmation_number
from consentcore.web.owner import dashboard, history
from consentcore.web.owner.places import named
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
    :ivar agreed: the last yes; None where there was none.
    :ivar agreed_in: what the language is called in which they read it; "" where that was not noted.
    :ivar changes: what reads otherwise today than at that yes.
    :ivar sites: names of what was chosen, as far as anybody knows them, and how many have none.
    :ivar help_href: where a problem with the application can be reported; "" where the operator gives nothing.
    """

    card: dashboard.Card
    client: Client | None
    lines: Sequence[history.HistoryLine]
    timeline: Timeline
    number: str
    why: str
    told: NoticeStatus
    progress: Progress
    agreed: Agreement | None
    agreed_in: str
    changes: Sequence[Difference]
    sites: tuple[Sequence[str], int]
    help_href: str


def build(request: Request, grants: OwnerGrants, grant: Grant) -> GrantPage:
    """Gather what the page says."""
    client = grants.client(grant.client_id)
    card = dashboard.card(request, grant, grants, used_at=grants.last_used([grant]).get(grant.grant_id))
    events = [*request.uow.ledger.of_grant(grant.grant_id), *grants.to_be_recorded(grant)]
    deciding = deciding_one(events)
    lines = history.lines(request, events)
    told, agreed = _told(request, deciding), Agreement.latest(events)
    return GrantPage(
        card=card,
        client=client,
        lines=lines,
        timeline=history.life(request, card.grant, lines),
        number=confirmation_number(deciding.event_id),
        why=dashboard.why(request, deciding, client),
        told=told,
        progress=progress(request, card, told, events),
        agreed=agreed,
        agreed_in=request.runtime.languages.own_names.get(agreed.locale, "") if agreed else "",
        changes=_changes(request, agreed, client) if agreed else (),
        sites=named(request, card.grant.resources, agreed.event if agreed else None),
        help_href=_help(request, card),
    )


def _changes(request: Request, agreed: Agreement, client: Client | None) -> list[Difference]:
    """What reads otherwise today; of a permission that has ended too, for that is what was agreed to."""
    references, settings = agreed.body.get("scopes_after", ()), request.runtime.settings.operator
    catalog, revisions = request.catalog, agreed.body.get("scope_revisions")
    then = catalog.as_of(references, at=agreed.event.occurred_at, revisions=revisions)
    return [
        *(of_client(agreed, client) if client else ()),
        *of_scopes(then, catalog.as_of(references)),
        *of_policies(agreed, settings.privacy_policy_version, settings.terms_version),
    ]


def _help(request: Request, card: dashboard.Card) -> str:
    """The operator's mailbox with a subject that says what it is about, or else the page for complaints."""
    web = request.runtime.settings.web
    if not web.support_email:
        return str(web.complaint_url)
    about = message("Problem with %(name)s (reference %(id)s)", name=card.client_name, id=card.grant.grant_id)
    return f"mailto:{quote(web.support_email, safe='@+')}?subject={quote(request.translate(about))}"


def build_progress(request: Request, grants: OwnerGrants, grant: Grant) -> Progress:
    """What is being done after its end, alone."""
    events = [*request.uow.ledger.of_grant(grant.grant_id), *grants.to_be_recorded(grant)]
    told = _told(request, deciding_one(events))
    return progress(request, dashboard.card(request, grant, grants), told, events)


def deciding_one(events: Sequence[ConsentEvent]) -> ConsentEvent:
    """The event that made a permission what it is; one that leaves its state as it is does not."""
    return next(event for event in reversed(events) if event_kind(event.type).state_after is not None)


def _told(request: Request, event: ConsentEvent) -> NoticeStatus:
    return notice_status(request.runtime.storage, request.uow, event, request.now)
