"""Webhook endpoints: made, changed, switched, removed."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from consentcore.domain.client import ClientKind, WebhookEndpoint
from consentcore.domain.clock import HOUR, iso
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.event_kinds import CHOOSABLE, NoticeKind
from consentcore.domain.notice import Notice
from consentcore.domain.parties import Audience
from consentcore.webhooks.secrets import Minted, make_endpoint, public_keys, rotated, schemes_of
from consentcore.webhooks.signing import SCHEMES

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.ports.transactions import UnitOfWork
    from consentcore.runtime import Runtime

MAX_ENDPOINTS = 20
"""Of one application."""

KEEP_MS = {"now": 0, "24h": 24 * HOUR, "72h": 72 * HOUR, "7d": 7 * 24 * HOUR}
"""How long old secrets go on signing, by the word for it."""

TYPES = tuple(kind.value for kind in CHOOSABLE)
SENT_TYPES = (*TYPES, NoticeKind.TEST.value)


@dataclass(frozen=True)
class Change:
    """What is to be different about an endpoint; None leaves a thing as it is."""

    url: str | None = None
    events: Sequence[str] | None = None
    schemes: Sequence[str] | None = None


def check_events(events: Iterable[str]) -> tuple[str, ...]:
    """The types in our order, each once; () when it is all of them.

    :raises InvalidInput: ``events``.
    """
    wanted = set(events)
    unknown = sorted(wanted.difference(TYPES))
    if unknown or not wanted:
        told = ", ".join(repr(one[:60]) for one in unknown) or "none"
        raise InvalidInput("events", f"expected some of {', '.join(TYPES)}, not {told}")
    return () if wanted == set(TYPES) else tuple(one for one in TYPES if one in wanted)


def check_schemes(schemes: Iterable[str]) -> tuple[str, ...]:
    """The schemes in our order.

    :raises InvalidInput: ``signatures``.
    """
    wanted = set(schemes)
    if not wanted or not wanted.issubset(SCHEMES):
        raise InvalidInput("signatures", f"expected one or both of {', '.join(SCHEMES)}")
    return tuple(one for one in SCHEMES if one in wanted)


def check_change(runtime: Runtime, change: Change, sender: str = "") -> Change:
    """Check what somebody typed; looks a host name up at last, so never call it in a transaction.

    :param sender: the client whose endpoint it is.
    :raises InvalidInput: naming ``url``, ``events`` or ``signatures``.
    :raises Busy: see there.
    """
    checked = Change(
        change.url,
        None if change.events is None else check_events(change.events),
        None if change.schemes is None else check_schemes(change.schemes),
    )
    if change.url is not None:
        runtime.egress.check_url(change.url, sender)
    return checked


def prepare(runtime: Runtime, client: Client, wanted: Change) -> Minted:
    """Make a new endpoint with its secrets; stores nothing. For :class:`Change` see :func:`check_change`.

    :raises InvalidInput: naming what is wrong.
    :raises Busy: see there.
    """
    if client.kind is not ClientKind.APPLICATION:
        raise InvalidInput("client_id", "expected an application; an API is told of no consents")
    with runtime.storage.reading() as uow:
        _check_room(uow, client.client_id)
    checked = check_change(runtime, replace(wanted, url=wanted.url or ""), client.client_id)
    return make_endpoint(
        runtime.keys,
        client.client_id,
        checked.url or "",
        runtime.clock.now(),
        events=checked.events or (),
        schemes=checked.schemes or ("v1",),
    )


def store(uow: UnitOfWork, endpoint: WebhookEndpoint) -> None:
    """Store a new endpoint, and a ``webhook.test`` for it that the worker sends.

    :raises InvalidInput: when the application has :data:`MAX_ENDPOINTS` already.
    """
    _check_room(uow, endpoint.client_id)
    uow.clients.add_endpoint(endpoint)
    uow.notices.add(test_notice(endpoint, endpoint.created_at))


def _check_room(uow: UnitOfWork, client_id: str) -> None:
    if len(uow.clients.endpoints(client_id)) >= MAX_ENDPOINTS:
        raise InvalidInput("url", f"expected at most {MAX_ENDPOINTS} endpoints of one application")


def test_notice(endpoint: WebhookEndpoint, now: int) -> Notice:
    """A ``webhook.test`` for one endpoint, with a random ``state``."""
    facts = {"endpoint_id": endpoint.endpoint_id, "state": secrets.token_hex(8)}
    return Notice(
        notice_id=str(uuid.uuid4()),
        kind=NoticeKind.TEST,
        grant_id="",
        client_id=endpoint.client_id,
        owner_id="",
        audiences=(Audience.CLIENT,),
        occurred_at=now,
        data=json.dumps(facts, separators=(",", ":")),
    )


def find(uow: UnitOfWork, endpoint_id: str, client_id: str = "") -> WebhookEndpoint:
    """An endpoint to look at.

    :param client_id: when given, it has to be this client's.
    :raises NotFound: when there is none.
    """
    return _theirs(uow.clients.get_endpoint(endpoint_id), endpoint_id, client_id)


def lock(uow: UnitOfWork, endpoint_id: str, client_id: str = "") -> WebhookEndpoint:
    """An endpoint to change, see :func:`find`."""
    return _theirs(uow.clients.lock_endpoint(endpoint_id), endpoint_id, client_id)


def change(
    runtime: Runtime, uow: UnitOfWork, endpoint: WebhookEndpoint, wanted: Change, *, keep_ms: int
) -> Minted:
    """Change a locked endpoint and store it; with another address its health begins anew.

    :param wanted: checked before.
    :param keep_ms: how long old secrets sign after a change of ``schemes``.
    :returns: with new secrets only when the schemes have changed.
    """
    now = runtime.clock.now()
    made = Minted(endpoint)
    if wanted.schemes is not None and wanted.schemes != schemes_of(runtime.keys, endpoint, now):
        made = rotated(runtime.keys, endpoint, now, keep_ms=keep_ms, schemes=wanted.schemes)
    changed = replace(
        made.endpoint,
        url=endpoint.url if wanted.url is None else wanted.url,
        events=endpoint.events if wanted.events is None else tuple(wanted.events),
    )
    uow.clients.update_endpoint(changed)
    if changed.url != endpoint.url:
        changed = _healed(uow, changed)
    return replace(made, endpoint=changed)


def rotate(runtime: Runtime, uow: UnitOfWork, endpoint: WebhookEndpoint, *, keep_ms: int) -> Minted:
    """Give a locked endpoint new secrets and store it."""
    made = rotated(runtime.keys, endpoint, runtime.clock.now(), keep_ms=keep_ms)
    uow.clients.update_endpoint(made.endpoint)
    return made


def switch(uow: UnitOfWork, endpoint: WebhookEndpoint, now: int, *, on: bool, reason: str) -> WebhookEndpoint:
    """Enable or disable a locked endpoint and store it; its health begins anew when it is enabled."""
    if on is (endpoint.disabled_at is None):
        return endpoint
    changed = replace(endpoint, disabled_at=None if on else now, disabled_reason="" if on else reason)
    uow.clients.update_endpoint(changed)
    return _healed(uow, changed) if on else changed


def _healed(uow: UnitOfWork, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Begin the endpoint's health anew: what it is judged by was another time or place."""
    fresh = replace(endpoint.health, failing_since=None, warned_at=None, slow_until=None)
    uow.clients.set_health(endpoint.endpoint_id, fresh)
    return replace(endpoint, health=fresh)


def facts(runtime: Runtime, endpoint: WebhookEndpoint) -> dict[str, object]:
    """An endpoint as JSON, without its secrets."""
    now, health = runtime.clock.now(), endpoint.health
    return {
        "endpoint_id": endpoint.endpoint_id,
        "client_id": endpoint.client_id,
        "url": endpoint.url,
        "events": list(endpoint.events or TYPES),
        "enabled": endpoint.disabled_at is None,
        "disabled_at": _iso(endpoint.disabled_at),
        "disabled_reason": endpoint.disabled_reason,
        "created_at": iso(endpoint.created_at),
        "signatures": list(schemes_of(runtime.keys, endpoint, now)),
        "public_keys": list(public_keys(runtime.keys, endpoint, now)),
        "secrets": [
            {"created_at": iso(one.created_at), "expires_at": _iso(one.expires_at)}
            for one in endpoint.secrets
            if one.expires_at is None or now < one.expires_at
        ],
        "failing_since": _iso(health.failing_since),
        "last_failure_at": _iso(health.last_failure_at),
        "last_success_at": _iso(health.last_success_at),
    }


def minted_facts(runtime: Runtime, made: Minted) -> dict[str, object]:
    """An endpoint with the secret that is shown this once."""
    shown = {"webhook_secret": made.secret or None, "public_key": made.public_key or None}
    return {**facts(runtime, made.endpoint), **shown}


def _theirs(found: WebhookEndpoint | None, endpoint_id: str, client_id: str) -> WebhookEndpoint:
    if found is None or client_id not in {"", found.client_id}:
        raise NotFound("endpoint", endpoint_id)
    return found


def _iso(moment: int | None) -> str | None:
    return None if moment is None else iso(moment)
