"""See exactly what you saw: the page of a past decision, as it was, and doing nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup
from pyramid.view import view_config

from consentcore.consent.ledger import effective_at
from consentcore.consent.past_decision import past_decision
from consentcore.domain.clock import from_iso
from consentcore.domain.message import message
from consentcore.web.owner.dashboard import own_grants
from consentcore.web.owner.preset import said
from consentcore.web.pages import page
from consentcore.web.security import OWNER

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

ERASED = message("[erased]")


@view_config(route_name="consents.seen", request_method="GET", permission=OWNER)
def seen(request: Request) -> Response:
    """Whoever's permission it is sees it; somebody else's is not told apart from none."""
    grant = own_grants(request).find(request.matchdict["grant_id"])
    keys, event_id = request.runtime.keys, request.matchdict["event_id"]
    found = past_decision(request.uow, keys, event_id, grant_id=grant.grant_id)
    was, presented = found.page, found.evidence["presented_at"]
    return page(
        request,
        "seen.jinja2",
        found=found,
        preset=said(request, found),
        read_in=request.runtime.languages.own_names.get(found.locale, found.locale),
        decided_at=effective_at(found.event),
        presented_at=from_iso(presented) if presented else None,
        markup=Markup(was.inert(request.translate(ERASED))) if was and was.intact else None,  # noqa: S704 - see inert
    )
