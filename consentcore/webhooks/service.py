"""Webhook endpoints: made, changed, switched, removed; by the same call from a command, a page and the API."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from consentcore.domain.client import ClientKind, WebhookEndpoint
from consentcore.domain.clock import iso
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice import Notice
from consentcore.domain.notice_facts import EndpointTestFacts
from consentcore.domain.parties import Audience
from consentcore.text_fields import line
from consentcore.webhooks.choices import TYPES, check_events, check_schemes
from consentcore.webhooks.secrets import NewEndpoint, make_endpoint, public_keys, schemes_of, with_new_secrets

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.clock import Clock
    from consentcore.egress import EgressPolicy
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

MAX_ENDPOINTS = 20
"""Of one application."""

MAX_REASON = 200
"""Characters."""


@dataclass(frozen=True)
class EndpointUpdate:
    """What is to be different about an endpoint; None leaves a thing as it is."""

    url: str | None = None
    events: Sequence[str] | None = None
    schemes: Sequence[str] | None = None


@dataclass(frozen=True)
class WebhookService:
    """Works on units of work that the caller commits. What looks up a host name is a method of its own, and never to
    be called in a transaction: :meth:`check`, :meth:`prepare`.

    Where ``client_id`` is given, an endpoint has to be this client's; else it is not found.

    :ivar egress: makes the guard of outgoing requests. Called only where a URL is to be checked: settings of it that
        are not in order stop nothing else.
    """

    storage: Storage
    keys: KeyRing
    clock: Clock
    egress: Callable[[], EgressPolicy]

    def check(self, update: EndpointUpdate, client_id: str = "") -> EndpointUpdate:
        """Check what somebody typed; looks a host name up at last.

        :param client_id: whose endpoint it is, when that is known.
        :raises InvalidInput: naming ``url``, ``events`` or ``signatures``.
        :raises Busy: when too many host names are being looked up.
        """
        checked = EndpointUpdate(
            update.url,
            None if update.events is None else check_events(update.events),
            None if update.schemes is None else check_schemes(update.schemes),
        )
        if update.url is not None:
            self.egress().check_url(update.url, client_id)
        return checked

    def prepare(self, client: Client, typed: EndpointUpdate) -> NewEndpoint:
        """Make a new endpoint with its secrets; stores nothing.

        :raises InvalidInput: naming what is wrong.
        :raises Busy: when too many host names are being looked up.
        """
        if client.kind is not ClientKind.APPLICATION:
            raise InvalidInput("client_id", "expected an application; an API is told of no consents")
        with self.storage.reading() as uow:
            _check_room(uow, client.client_id)
        checked = self.check(replace(typed, url=typed.url or ""), client.client_id)
        return make_endpoint(
            self.keys,
            client.client_id,
            checked.url or "",
            self.clock.now(),
            events=checked.events or (),
            schemes=checked.schemes or ("v1",),
        )

    def add(self, uow: UnitOfWork, new: NewEndpoint) -> None:
        """Store a new endpoint, and a ``webhook.test`` for it that the worker sends.

        :raises InvalidInput: field ``url``, when the application has :data:`MAX_ENDPOINTS` already.
        """
        _check_room(uow, new.endpoint.client_id)
        uow.clients.add_endpoint(new.endpoint)
        uow.notices.add(test_notice(new.endpoint, new.endpoint.created_at))

    def find(self, uow: UnitOfWork, endpoint_id: str, client_id: str = "") -> WebhookEndpoint:
        """An endpoint to look at.

        :raises NotFound: when there is none.
        """
        return _theirs(uow.clients.endpoint(endpoint_id), endpoint_id, client_id)

    def list(self, uow: UnitOfWork, client_id: str) -> Sequence[WebhookEndpoint]:
        """The endpoints of a client, disabled ones included, oldest first.

        :raises NotFound: when there is no such client.
        """
        if uow.clients.get(client_id) is None:
            raise NotFound("client", client_id)
        return uow.clients.endpoints(client_id)

    def update(
        self, uow: UnitOfWork, endpoint_id: str, checked: EndpointUpdate, *, keep_ms: int, client_id: str = ""
    ) -> NewEndpoint:
        """Change an endpoint; with another address its health begins anew.

        :param checked: by :meth:`check`.
        :param keep_ms: how long old secrets sign after a change of ``schemes``.
        :returns: with new secrets only when the schemes have changed.
        :raises NotFound: when there is no such endpoint.
        """
        endpoint, now = _lock(uow, endpoint_id, client_id), self.clock.now()
        new = NewEndpoint(endpoint)
        if checked.schemes is not None and checked.schemes != schemes_of(self.keys, endpoint, now):
            new = with_new_secrets(self.keys, endpoint, now, keep_ms=keep_ms, schemes=checked.schemes)
        changed = replace(
            new.endpoint,
            url=endpoint.url if checked.url is None else checked.url,
            events=endpoint.events if checked.events is None else tuple(checked.events),
        )
        uow.clients.update_endpoint(changed)
        if changed.url != endpoint.url:
            changed = _healed(uow, changed)
        return replace(new, endpoint=changed)

    def rotate_secrets(
        self, uow: UnitOfWork, endpoint_id: str, *, keep_ms: int, client_id: str = ""
    ) -> NewEndpoint:
        """Give an endpoint new secrets.

        :param keep_ms: how long the old ones sign beside them; see
            :func:`~consentcore.webhooks.secrets.with_new_secrets`.
        :raises NotFound: when there is no such endpoint.
        """
        endpoint = _lock(uow, endpoint_id, client_id)
        new = with_new_secrets(self.keys, endpoint, self.clock.now(), keep_ms=keep_ms)
        uow.clients.update_endpoint(new.endpoint)
        return new

    def enable(self, uow: UnitOfWork, endpoint_id: str, *, client_id: str = "") -> WebhookEndpoint:
        """Send to an endpoint again; its health begins anew.

        :raises NotFound: when there is no such endpoint.
        """
        endpoint = _lock(uow, endpoint_id, client_id)
        if endpoint.disabled_at is None:
            return endpoint
        enabled = replace(endpoint, disabled_at=None, disabled_reason="")
        uow.clients.update_endpoint(enabled)
        return _healed(uow, enabled)

    def disable(
        self, uow: UnitOfWork, endpoint_id: str, *, reason: str, client_id: str = ""
    ) -> WebhookEndpoint:
        """Send nothing to an endpoint any more; one that is disabled keeps time and reason of before.

        :raises InvalidInput: field ``reason``, when it is longer than 200 characters.
        :raises NotFound: when there is no such endpoint.
        """
        checked_reason = line("reason", reason, MAX_REASON)
        endpoint = _lock(uow, endpoint_id, client_id)
        if endpoint.disabled_at is not None:
            return endpoint
        disabled = replace(endpoint, disabled_at=self.clock.now(), disabled_reason=checked_reason)
        uow.clients.update_endpoint(disabled)
        return disabled

    def remove(self, uow: UnitOfWork, endpoint_id: str, *, client_id: str = "") -> None:
        """Remove an endpoint with its secrets, for good.

        :raises NotFound: when there is no such endpoint.
        """
        _lock(uow, endpoint_id, client_id)
        uow.clients.remove_endpoint(endpoint_id)

    def endpoint_json(self, endpoint: WebhookEndpoint) -> dict[str, object]:
        """An endpoint as JSON, without its secrets."""
        now, health = self.clock.now(), endpoint.health
        return {
            "endpoint_id": endpoint.endpoint_id,
            "client_id": endpoint.client_id,
            "url": endpoint.url,
            "events": [*(endpoint.events or TYPES)],
            "enabled": endpoint.disabled_at is None,
            "disabled_at": _iso(endpoint.disabled_at),
            "disabled_reason": endpoint.disabled_reason,
            "created_at": iso(endpoint.created_at),
            "signatures": [*schemes_of(self.keys, endpoint, now)],
            "public_keys": [*public_keys(self.keys, endpoint, now)],
            "secrets": [
                {"created_at": iso(one.created_at), "expires_at": _iso(one.expires_at)}
                for one in endpoint.secrets
                if one.expires_at is None or now < one.expires_at
            ],
            "failing_since": _iso(health.failing_since),
            "last_failure_at": _iso(health.last_failure_at),
            "last_success_at": _iso(health.last_success_at),
        }

    def new_endpoint_json(self, new: NewEndpoint) -> dict[str, object]:
        """An endpoint with the secret that is shown this once."""
        shown = {"webhook_secret": new.secret or None, "public_key": new.public_key or None}
        return {**self.endpoint_json(new.endpoint), **shown}


def test_notice(endpoint: WebhookEndpoint, now: int) -> Notice:
    """A ``webhook.test`` for one endpoint, with a random ``state``."""
    facts = EndpointTestFacts(endpoint_id=endpoint.endpoint_id, state=secrets.token_hex(8))
    return Notice(
        notice_id=str(uuid.uuid4()),
        kind=NoticeKind.TEST,
        grant_id="",
        client_id=endpoint.client_id,
        owner_id="",
        audiences=(Audience.CLIENT,),
        occurred_at=now,
        data=facts.to_json(),
    )


def _check_room(uow: UnitOfWork, client_id: str) -> None:
    if len(uow.clients.endpoints(client_id)) >= MAX_ENDPOINTS:
        raise InvalidInput("url", f"expected at most {MAX_ENDPOINTS} endpoints of one application")


def _lock(uow: UnitOfWork, endpoint_id: str, client_id: str) -> WebhookEndpoint:
    return _theirs(uow.clients.endpoint(endpoint_id, lock=True), endpoint_id, client_id)


def _healed(uow: UnitOfWork, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Begin the endpoint's health anew: what it is judged by was another time or place."""
    fresh = replace(endpoint.health, failing_since=None, warned_at=None, slow_until=None)
    uow.clients.set_health(endpoint.endpoint_id, fresh)
    return replace(endpoint, health=fresh)


def _theirs(found: WebhookEndpoint | None, endpoint_id: str, client_id: str) -> WebhookEndpoint:
    if found is None or client_id not in {"", found.client_id}:
        raise NotFound("endpoint", endpoint_id)
    return found


def _iso(moment: int | None) -> str | None:
    return None if moment is None else iso(moment)
