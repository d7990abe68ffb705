"""``/api/v1/events``: everything that the application was, or should have been, told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.domain.errors import NotFound
from consentcore.oauth.errors import ProtocolError
from consentcore.ports.keys import pairwise_subject
from consentcore.web.api.access import page_answer, page_size, parameters
from consentcore.web.security import APPLICATION
from consentcore.webhooks.payload import webhook_body

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.domain.notice import Notice
    from consentcore.ports.transactions import UnitOfWork

ENTERED = 10_000
"""Events that may get their place in one request: for the first of a client that has never asked before."""

LOOKED_AT = 500
"""Grants that have run out, of all clients, that one request looks at; the worker keeps them few."""
RECORDED = 50
"""Ends that one request writes down; the next one goes on."""

UNKNOWN = (
    "after: there is no such event in your list. Leave it out to begin with the first one, and read /api/v1/grants "
    "for how things stand now"
)


@view_config(route_name="api.events", request_method="GET", permission=APPLICATION, require_csrf=False)
def events(request: Request) -> Response:
    """A page of events in the order of the client's feed."""
    client = request.identity
    values = parameters(request, "after", "limit")
    after, limit = values.get("after", ""), page_size(values)
    found = _found(request, client.client_id, after, limit + 1)
    next_after = found[:limit][-1].notice_id if found else after or None
    things = [_event(request, one) for one in found[:limit]]
    return page_answer(request, things, next_after=next_after, has_more=len(found) > limit)


def _found(request: Request, client_id: str, after: str, limit: int) -> Sequence[Notice]:
    # Joined for writing although it is a GET: what was committed since the last time gets its place now.
    uow = request.runtime.storage.join(request.tm, write=True)
    _record_ends(request, uow, client_id)
    uow.feed.enter(client_id, ENTERED)
    try:
        return uow.feed.page(client_id, after=after, limit=limit)
    except NotFound as error:
        raise ProtocolError(410, "unknown_event", UNKNOWN) from error


def _record_ends(request: Request, uow: UnitOfWork, client_id: str) -> None:
    """Write down which grants of the client have run out: whoever asks is told, also while no worker runs."""
    over = [one for one in uow.grants.due(request.now, LOOKED_AT) if one.client_id == client_id]
    for one in over[:RECORDED]:
        request.runtime.service.expire(uow, one.grant_id)


def _event(request: Request, notice: Notice) -> dict[str, object]:
    """What the webhook says, and the id that stands in its header."""
    subject = pairwise_subject(request.runtime.keys, notice.client_id, notice.owner_id)
    payload = json.loads(webhook_body(notice, subject=subject, issuer=request.runtime.settings.issuer))
    return {"id": notice.notice_id, **payload}
