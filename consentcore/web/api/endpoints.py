"""``/api/v1/endpoints``: where the application is told; its own only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.response import Response
from pyramid.view import view_config

from consentcore.domain.event_kinds import NoticeKind
from consentcore.egress.errands import WEBHOOK_TEST, Errand, errand
from consentcore.oauth.errors import ProtocolError
from consentcore.web.api.access import answer, parameters
from consentcore.web.api.bodies import members, texts
from consentcore.web.security import APPLICATION
from consentcore.webhooks.choices import check_type, overlap_ms
from consentcore.webhooks.service import EndpointUpdate
from consentcore.worker.probe import EndpointProbe

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.domain.client import Client


@view_config(route_name="api.endpoints", request_method="GET", permission=APPLICATION, require_csrf=False)
def endpoints(request: Request) -> Response:
    """All endpoints of the application, oldest first."""
    client = request.identity
    parameters(request)
    webhooks = request.runtime.webhooks
    data = [webhooks.endpoint_json(one) for one in webhooks.list(request.uow, client.client_id)]
    return answer({"data": data, "has_more": False, "next_after": None})


@view_config(route_name="api.endpoints", request_method="POST", permission=APPLICATION, require_csrf=False)
def add(request: Request) -> Response:
    """Make an endpoint; its secret is in this answer and in no other."""
    client = _known(request.identity)
    parameters(request)
    typed = members(request, url=str, events=list, signatures=list)
    webhooks = request.runtime.webhooks
    new = webhooks.prepare(client, _update(typed))
    webhooks.add(request.uow, new)
    response = answer(webhooks.new_endpoint_json(new))
    response.status_int = 201
    base = request.runtime.settings.issuer.rstrip("/")
    response.headers["Location"] = f"{base}/api/v1/endpoints/{new.endpoint.endpoint_id}"
    return response


@view_config(route_name="api.endpoint", request_method="GET", permission=APPLICATION, require_csrf=False)
def show(request: Request) -> Response:
    """One endpoint, and how many deliveries there are to it by state."""
    client = request.identity
    parameters(request)
    webhooks = request.runtime.webhooks
    endpoint = webhooks.find(request.uow, _id(request), client.client_id)
    counts = request.runtime.delivery_log.backlog(endpoint.endpoint_id)
    return answer({**webhooks.endpoint_json(endpoint), "deliveries": counts})


@view_config(route_name="api.endpoint", request_method="PATCH", permission=APPLICATION, require_csrf=False)
def change(request: Request) -> Response:
    """Change address, types or ways of signing."""
    client = _known(request.identity)
    parameters(request)
    typed = members(request, url=str, events=list, signatures=list, overlap=str)
    update, keep_ms, webhooks = _update(typed), _keep_ms(typed), request.runtime.webhooks
    with request.runtime.storage.reading() as uow:
        webhooks.find(uow, _id(request), client.client_id)
    checked = webhooks.check(update, client.client_id)
    new = webhooks.update(request.uow, _id(request), checked, keep_ms=keep_ms, client_id=client.client_id)
    return answer(webhooks.new_endpoint_json(new))


@view_config(route_name="api.endpoint", request_method="DELETE", permission=APPLICATION, require_csrf=False)
def remove(request: Request) -> Response:
    """Remove an endpoint for good."""
    client = request.identity
    parameters(request)
    request.runtime.webhooks.remove(request.uow, _id(request), client_id=client.client_id)
    return Response(status=204, headerlist=[("Cache-Control", "no-store")])


@view_config(
    route_name="api.endpoint.rotate", request_method="POST", permission=APPLICATION, require_csrf=False
)
def rotate(request: Request) -> Response:
    """New secrets; the old ones sign on for ``overlap``."""
    client = request.identity
    parameters(request)
    keep_ms, webhooks = _keep_ms(members(request, overlap=str)), request.runtime.webhooks
    new = webhooks.rotate_secrets(request.uow, _id(request), keep_ms=keep_ms, client_id=client.client_id)
    return answer(webhooks.new_endpoint_json(new))


@view_config(
    route_name="api.endpoint.enable", request_method="POST", permission=APPLICATION, require_csrf=False
)
def enable(request: Request) -> Response:
    """Send to it again."""
    client = request.identity
    parameters(request)
    members(request)
    webhooks = request.runtime.webhooks
    endpoint = webhooks.enable(request.uow, _id(request), client_id=client.client_id)
    return answer(webhooks.endpoint_json(endpoint))


@view_config(
    route_name="api.endpoint.disable", request_method="POST", permission=APPLICATION, require_csrf=False
)
def disable(request: Request) -> Response:
    """Keep what is for it instead of sending it."""
    client = request.identity
    parameters(request)
    members(request)
    webhooks, reason = request.runtime.webhooks, "disabled by the application"
    endpoint = webhooks.disable(request.uow, _id(request), reason=reason, client_id=client.client_id)
    return answer(webhooks.endpoint_json(endpoint))


@view_config(
    route_name="api.endpoint.test", request_method="POST", permission=APPLICATION, require_csrf=False
)
def test(request: Request) -> Response:
    """Send a test now; the answer says how it went. One of each application and to each address at a time."""
    client = _known(request.identity)
    parameters(request)
    kind = check_type(members(request, type=str).get("type", NoticeKind.TEST.value))
    # Not in the transaction of the request: the receiver is waited for.
    with request.runtime.storage.reading() as uow:
        endpoint = request.runtime.webhooks.find(uow, _id(request), client.client_id)
    with errand(Errand(WEBHOOK_TEST, endpoint.url, client.client_id)):
        return answer(EndpointProbe.of(request.runtime).send(client, endpoint, kind).as_json)


def _known(client: Client) -> Client:
    """Nobody has the server post somewhere of whom nothing is known.

    :raises ProtocolError: 403, the application has registered itself and no operator has checked it.
    """
    if client.unknown:
        raise ProtocolError(403, "unauthorized_client", "Nobody has checked this application yet")
    return client


def _id(request: Request) -> str:
    endpoint_id: str = request.matchdict["endpoint_id"]
    return endpoint_id


def _update(typed: dict[str, Any]) -> EndpointUpdate:
    return EndpointUpdate(typed.get("url"), texts(typed, "events"), texts(typed, "signatures"))


def _keep_ms(typed: dict[str, Any]) -> int:
    return overlap_ms(typed.get("overlap", "24h"))
