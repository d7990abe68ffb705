"""A notice on its way: what a notifier is given, gathered outside any transaction."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from consentcore.consent.notice import written_at
from consentcore.domain.client import WebhookEndpoint
from consentcore.domain.errors import StorageError
from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice import Notice
from consentcore.domain.parties import Audience
from consentcore.owners.links import Letter, read_letter
from consentcore.ports.keys import KeyRing, pairwise_subject
from consentcore.ports.notifier import ClientView, EndpointView, Mail, OwnerView
from consentcore.ports.storage import Storage
from consentcore.webhooks.payload import webhook_body
from consentcore.webhooks.secrets import live_secrets

FRESH_S = 1.0
"""How long what was read of a client serves for the deliveries that were claimed before it was read."""

MAX_ADDRESSES = 1000

Renderer = Callable[[Audience, "Parcel", Letter | None], Mail | None]


@dataclass(frozen=True)
class Parcel:
    """:class:`consentcore.ports.notifier.Envelope` as the worker fills it.

    :ivar standing: the endpoints by id, as they are stored.
    """

    notice: Notice
    client: ClientView | None
    endpoints: Sequence[EndpointView]
    body: bytes
    render: Renderer = field(repr=False)
    find_owner: Callable[[], OwnerView | None] = field(repr=False)
    attempt: int = 0
    delivery_id: str = ""
    letter: Letter | None = field(default=None, repr=False)
    standing: Mapping[str, WebhookEndpoint] = field(default_factory=dict, repr=False)
    _trouble: list[StorageError] = field(default_factory=list, repr=False)

    @cached_property
    def owner(self) -> OwnerView | None:
        """Read when somebody asks: only mails need it."""
        try:
            return self.find_owner()
        except StorageError as error:
            self._trouble.append(error)
            raise

    def raise_ours(self, error: BaseException) -> None:
        """Raise what came out of a plugin when it was our store that failed, in reading for it."""
        if any(one is error for one in self._trouble):
            raise error

    def mail(self, audience: Audience) -> Mail | None:
        """Render the mail for an audience; None when there is no address."""
        return self.render(audience, self, self.letter)


@dataclass(frozen=True)
class _Address:
    """Where a client is told.

    :ivar read_at: on the monotonic clock, before it was read.
    """

    read_at: float
    client: ClientView | None
    endpoints: Sequence[WebhookEndpoint]
    views: Mapping[str, EndpointView] = field(repr=False)


class Packer:
    """Gathers parcels. Safe to use from any thread.

    :param issuer: for links in webhook payloads.
    :param render: makes mails, lazily.
    :param web_url: for links in mails; empty: the issuer.
    :param told_before_ms: how long after a change of address
        the old one is told too.
    """

    def __init__(
        self,
        storage: Storage,
        keys: KeyRing,
        *,
        issuer: str,
        render: Renderer,
        web_url: str = "",
        told_before_ms: int = 0,
    ) -> None:
        self._storage = storage
        self._keys = keys
        self._issuer = issuer
        self._render = render
        self._web_url = web_url or issuer
        self._told_before_ms = told_before_ms
        self._addresses: dict[str, _Address] = {}

    def pack(
        self,
        notice: Notice,
        now: int,
        *,
        since: float | None = None,
        delivery_id: str = "",
        attempt: int = 0,
        body: bytes = b"",
    ) -> Parcel:
        """Gather what a notifier may know.

        :param since: the endpoints may have been read at this time of the monotonic clock, or later: for deliveries
            that were claimed together. None reads them now.
        :param body: the bytes to send when they were made before.
        """
        address = self._address(notice.client_id, now, since)
        endpoints = _meant(notice, address.endpoints)
        link = json.loads(notice.data).get("link") if notice.kind.is_account else None
        return Parcel(
            notice=notice,
            client=address.client,
            endpoints=[address.views[one.endpoint_id] for one in endpoints],
            body=body or self._body(notice),
            render=self._render,
            find_owner=lambda: self._owner(notice, has_link=link is not None),
            attempt=attempt,
            delivery_id=delivery_id,
            letter=self._letter(link, now) if link else None,
            standing={one.endpoint_id: one for one in endpoints},
        )

    def _address(self, client_id: str, now: int, since: float | None) -> _Address:
        began = time.monotonic()
        known = self._addresses.get(client_id)
        if known is not None and since is not None and known.read_at >= max(since, began - FRESH_S):
            return known
        with self._storage.reading() as uow:
            client = uow.clients.get(client_id)
            endpoints = uow.clients.endpoints(client_id)
        found = _Address(
            began,
            None
            if client is None
            else ClientView(client.client_id, client.name, client.publisher, client.contact_email),
            endpoints,
            {one.endpoint_id: self._view(one, now) for one in endpoints},
        )
        if len(self._addresses) >= MAX_ADDRESSES:
            self._addresses = {}
        self._addresses[client_id] = found
        return found

    def _body(self, notice: Notice) -> bytes:
        subject = pairwise_subject(self._keys, notice.client_id, notice.owner_id)
        return webhook_body(notice, subject=subject, issuer=self._issuer)

    def _letter(self, link: dict[str, Any], now: int) -> Letter | None:
        with self._storage.reading() as uow:
            return read_letter(uow, self._keys, self._web_url, link, now)

    def _owner(self, notice: Notice, *, has_link: bool) -> OwnerView | None:
        """The previous address is told of what happens for a while, and never given a link that does something."""
        if not notice.owner_id:
            return None
        with self._storage.reading() as uow:
            owner = uow.owners.get(notice.owner_id)
        if owner is None:
            return None
        changed = owner.email_changed_at
        lately = changed is not None and written_at(notice) < changed + self._told_before_ms
        return OwnerView(
            owner.owner_id,
            owner.email,
            owner.name,
            owner.locale,
            owner.timezone,
            previous_email=owner.previous_email if lately and not has_link else "",
        )

    def _view(self, endpoint: WebhookEndpoint, now: int) -> EndpointView:
        secrets = live_secrets(self._keys, endpoint, now)
        enabled = endpoint.disabled_at is None
        return EndpointView(endpoint.endpoint_id, endpoint.url, endpoint.events, secrets, enabled)


def _meant(notice: Notice, endpoints: Sequence[WebhookEndpoint]) -> Sequence[WebhookEndpoint]:
    """The endpoints that a notice is for: all of the client, but a test is for one."""
    if notice.kind is not NoticeKind.TEST:
        return endpoints
    only = json.loads(notice.data).get("endpoint_id")
    return [one for one in endpoints if only in {None, one.endpoint_id}]
