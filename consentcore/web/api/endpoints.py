"""``/api/v1/endpoints``: where the application is told; its own only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.response import Response
from pyramid.view import view_config

from consentcore.domain.errors import InvalidInput
from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice import DeliveryState
from consentcore.egress.errands import WEBHOOK_TEST, Errand, errand
from consentcore.web.api.access import answer, parameters
from consentcore.web.api.bodies import members, texts
from consentcore.web.security import APPLICATION
from consentcore.webhooks import service as desk
from consentcore.worker.probe import check_type, send_test

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.domain.client import WebhookEndpoint


@view_config(route_name="api.endpoints", request_method="GET", permission=APPLICATION, require_csrf=False)
def endpoints(request: Request) -> Response:
    """All endpoints of the application, oldest first."""
    client = request.identity
    parameters(request)
    found = request.uow.clients.endpoints(client.client_id)
    data = [desk.facts(request.runtime, one) for one in found]
    return answer({"data": data, "has_more": False, "next_after": None})


@view_config(route_name="api.endpoints", request_method="POST", permission=APPLICATION, require_csrf=False)
def add(request: Request) -> Response:
    """Make an endpoint; its secret is in this answer and in no other."""
    client = request.identity
    parameters(request)
    typed = members(request, url=str, events=list, signatures=list)
    wanted = desk.Change(typed.get("url"), texts(typed, "events"), texts(typed, "signatures"))
    made = desk.prepare(request.runtime, client, wanted)
    desk.store(request.uow, made.endpoint)
    response = answer(desk.minted_facts(request.runtime, made))
    response.status_int = 201
    base = request.runtime.settings.issuer.rstrip("/")
    response.headers["Location"] = f"{base}/api/v1/endpoints/{made.endpoint.endpoint_id}"
    return response


@view_config(route_name="api.endpoint", request_method="GET", permission=APPLICATION, require_csrf=False)
def show(request: Request) -> Response:
    """One endpoint, and how many deliveries there are to it by state."""
    client = request.identity
    parameters(request)
    found = desk.find(request.uow, request.matchdict["endpoint_id"], client.client_id)
    backlog = request.runtime.storage.outbox.backlog(found.endpoint_id)
    counts = {one.value: backlog.get(one, 0) for one in DeliveryState}
    return answer({**desk.facts(request.runtime, found), "deliveries": counts})


@view_config(route_name="api.endpoint", request_method="PATCH", permission=APPLICATION, require_csrf=False)
def change(request: Request) -> Response:
    """Change address, types or ways of signing."""
    client = request.identity
    parameters(request)
    typed = members(request, url=str, events=list, signatures=list, overlap=str)
    wanted = desk.Change(typed.get("url"), texts(typed, "events"), texts(typed, "signatures"))
    keep_ms = _overlap(typed)
    with request.runtime.storage.reading() as uow:
        desk.find(uow, request.matchdict["endpoint_id"], client.client_id)
    checked = desk.check_change(request.runtime, wanted, client.client_id)
    found = _locked(request, client.client_id)
    made = desk.change(request.runtime, request.uow, found, checked, keep_ms=keep_ms)
    return answer(desk.minted_facts(request.runtime, made))


@view_config(route_name="api.endpoint", request_method="DELETE", permission=APPLICATION, require_csrf=False)
def remove(request: Request) -> Response:
    """Remove an endpoint for good."""
    client = request.identity
    parameters(request)
    found = _locked(request, client.client_id)
    request.uow.clients.remove_endpoint(found.endpoint_id)
    return Response(status=204, headerlist=[("Cache-Control", "no-store")])


@view_config(
    route_name="api.endpoint.rotate", request_method="POST", permission=APPLICATION, require_csrf=False
)
def rotate(request: Request) -> Response:
    """New secrets; the old ones sign on for ``overlap``."""
    client = request.identity
    parameters(request)
    keep_ms = _overlap(members(request, overlap=str))
    made = desk.rotate(request.runtime, request.uow, _locked(request, client.client_id), keep_ms=keep_ms)
    return answer(desk.minted_facts(request.runtime, made))


@view_config(
    route_name="api.endpoint.enable", request_method="POST", permission=APPLICATION, require_csrf=False
)
def enable(request: Request) -> Response:
    """Send to it again."""
    return _switched(request, on=True)


@view_config(
    route_name="api.endpoint.disable", request_method="POST", permission=APPLICATION, require_csrf=False
)
def disable(request: Request) -> Response:
    """Keep what is for it instead of sending it."""
    return _switched(request, on=False)


@view_config(
    route_name="api.endpoint.test", request_method="POST", permission=APPLICATION, require_csrf=False
)
def test(request: Request) -> Response:
    """Send a test now; the answer says how it went. One of each application and to each address at a time."""
    client = request.identity
    parameters(request)
    kind = check_type(members(request, type=str).get("type", NoticeKind.TEST.value))
    # Not in the transaction of the request: the receiver is waited for.
    with request.runtime.storage.reading() as uow:
        found = desk.find(uow, request.matchdict["endpoint_id"], client.client_id)
    with errand(Errand(WEBHOOK_TEST, found.url, client.client_id)):
        return answer(send_test(request.runtime, client, found, kind).facts)


def _locked(request: Request, client_id: str) -> WebhookEndpoint:
    return desk.lock(request.uow, request.matchdict["endpoint_id"], client_id)


def _switched(request: Request, *, on: bool) -> Response:
    client = request.identity
    parameters(request)
    members(request)
    found = _locked(request, client.client_id)
    changed = desk.switch(request.uow, found, request.now, on=on, reason="disabled by the application")
    return answer(desk.facts(request.runtime, changed))


def _overlap(typed: dict[str, str]) -> int:
    word = typed.get("overlap", "24h")
    if word not in desk.KEEP_MS:
        raise InvalidInput("overlap", f"expected one of {', '.join(desk.KEEP_MS)}")
    return desk.KEEP_MS[word]
