"""``/api/v1/deliveries``: what was sent to the application's endpoints and how it went, and once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.view import view_config

from consentcore.domain.clock import from_iso
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.web.api.access import answer, page_answer, page_size, parameters
from consentcore.web.api.bodies import members
from consentcore.web.security import APPLICATION
from consentcore.webhooks.choices import check_type
from consentcore.webhooks.delivery_log import CAP, Filter, check_span, check_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.domain.notice import Delivery
    from consentcore.webhooks.delivery_log import Replay

NARROWING = ("endpoint", "type", "state", "since", "until")


@view_config(route_name="api.deliveries", request_method="GET", permission=APPLICATION, require_csrf=False)
def deliveries(request: Request) -> Response:
    """A page of the log, newest first."""
    client = request.identity
    values = parameters(request, *NARROWING, "failed", "after", "limit")
    limit, after = page_size(values), values.get("after", "")
    found = _page(request, client.client_id, values, after, limit + 1)
    shown = found[:limit]
    data = [_named(one) for one in request.runtime.delivery_log.summary(shown)]
    next_after = shown[-1].delivery_id if shown else after or None
    return page_answer(request, data, next_after=next_after, has_more=len(found) > limit)


@view_config(route_name="api.delivery", request_method="GET", permission=APPLICATION, require_csrf=False)
def delivery(request: Request) -> Response:
    """One delivery with its payload and every try."""
    client = request.identity
    parameters(request)
    log = request.runtime.delivery_log
    return answer(_named(log.detail(request.matchdict["delivery_id"], client.client_id)))


@view_config(
    route_name="api.delivery.replay", request_method="POST", permission=APPLICATION, require_csrf=False
)
def replay_one(request: Request) -> Response:
    """Send one again."""
    client = request.identity
    parameters(request)
    members(request)
    log, by = request.runtime.delivery_log, f"client {client.client_id}"
    return _replayed(log.replay(request.matchdict["delivery_id"], by=by, client_id=client.client_id))


@view_config(
    route_name="api.deliveries.replay", request_method="POST", permission=APPLICATION, require_csrf=False
)
def replay_many(request: Request) -> Response:
    """Send again what failed, or what a time saw."""
    client = request.identity
    parameters(request)
    typed = members(request, endpoint=str, type=str, state=str, since=str, until=str, failed=bool)
    failed = typed.pop("failed", False)
    if not (failed or typed.get("since") or typed.get("until")):
        raise InvalidInput("body", "expected failed, since or until")
    wanted = _filter(client.client_id, typed, failed=failed)
    return _replayed(request.runtime.delivery_log.replay_all(wanted, by=f"client {client.client_id}"))


def _replayed(done: Replay) -> Response:
    response = answer({"replayed": done.delivery_ids, "has_more": done.has_more, "limit": CAP})
    response.status_int = 202
    return response


def _named(facts: Mapping[str, Any]) -> dict[str, Any]:
    """As the command line shows a delivery, in the words of the API."""
    return {
        "event_id" if name == "notice_id" else "endpoint_id" if name == "target" else name: value
        for name, value in facts.items()
        if name != "notifier"
    }


def _page(
    request: Request, client_id: str, values: Mapping[str, str], after: str, limit: int
) -> Sequence[Delivery]:
    log, wanted = request.runtime.delivery_log, _filter(client_id, values, failed=_flag(values))
    try:
        return log.list(wanted, after=after, limit=limit)
    except NotFound:
        raise InvalidInput("after", "expected the next_after of a page; it may be too old") from None


def _filter(client_id: str, values: Mapping[str, str], *, failed: bool) -> Filter:
    kind, state = values.get("type", ""), values.get("state", "")
    chosen_kind = check_type(kind) if kind else None
    chosen_state = check_state(state) if state else None
    since, until = _moment("since", values), _moment("until", values)
    check_span(since, until, "until")
    return Filter(
        client_id=client_id,
        endpoint_id=values.get("endpoint", ""),
        kind=chosen_kind,
        state=chosen_state,
        undelivered=failed,
        since=since,
        until=until,
        endpoints_only=True,
    )


def _flag(values: Mapping[str, str]) -> bool:
    text = values.get("failed", "false")
    if text not in {"true", "false"}:
        raise InvalidInput("failed", "expected true or false")
    return text == "true"


def _moment(name: str, values: Mapping[str, str]) -> int | None:
    text = values.get(name, "")
    if not text:
        return None
    try:
        return from_iso(text)
    except (ValueError, OverflowError):
        raise InvalidInput(name, "expected a time such as 2026-11-23T15:00:00Z") from None
