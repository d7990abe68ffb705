"""``/api/v1/events``: everything that the application was, or should have been, told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.domain.errors import NotFound
from consentcore.oauth.errors import ProtocolError
from consentcore.web.api.access import page_answer, page_size, parameters
from consentcore.web.security import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.domain.notice import Notice

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
    found, more = _found(request, client.client_id, after, limit + 1)
    next_after = found[:limit][-1].notice_id if found else after or None
    things = [request.runtime.event_feed.event_json(one) for one in found[:limit]]
    return page_answer(request, things, next_after=next_after, has_more=more or len(found) > limit)


def _found(request: Request, client_id: str, after: str, limit: int) -> tuple[Sequence[Notice], bool]:
    # Joined for writing although it is a GET: see EventFeed.page.
    uow = request.runtime.storage.join(request.tm, write=True)
    try:
        return request.runtime.event_feed.page(uow, client_id, after=after, limit=limit)
    except NotFound as error:
        raise ProtocolError(410, "unknown_event", UNKNOWN) from error
