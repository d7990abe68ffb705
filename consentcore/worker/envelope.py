"""A notice on its way: what a notifier is given, gathered outside any transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from consentcore.consent.notice import written_at
from consentcore.domain.client import Client, WebhookEndpoint
from consentcore.domain.clock import iso
from consentcore.domain.errors import StorageError
from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice import Notice
from consentcore.domain.notice_facts import (
    AccountFacts,
    ConsentFacts,
    EndpointTestFacts,
    LinkFacts,
    NoticeFacts,
    facts_of,
)
from consentcore.domain.parties import Audience
from consentcore.owners.links import AccountLinkMail, find_link_mail
from consentcore.ports.keys import KeyRing, pairwise_subject
from consentcore.ports.notifier import ClientView, EndpointView, Mail, OwnerView
from consentcore.ports.storage import Storage
from consentcore.ports.transactions import UnitOfWork
from consentcore.webhooks.payload import webhook_body
from consentcore.webhooks.secrets import live_secrets

FRESH_S = 1.0
"""How long what was read of a client serves for the deliveries that were claimed before it was read."""

MAX_ADDRESSES = 1000

Renderer = Callable[[Audience, "DeliveryContext", AccountLinkMail | None], Mail | None]


@dataclass(frozen=True)
class DeliveryContext:
    """:class:`consentcore.ports.notifier.Envelope` as the worker fills it. What costs something, and what not every
    notifier needs, is made when somebody asks for it: a mail opens no secret of a webhook.

    :ivar stored_endpoints: those that the notice is for, by id, as they are stored.
    """

    notice: Notice
    client: ClientView | None
    render: Renderer = field(repr=False)
    find_owner: Callable[[], OwnerView | None] = field(repr=False)
    open_endpoints: Callable[[], Sequence[EndpointView]] = field(repr=False)
    make_body: Callable[[], bytes] = field(repr=False)
    attempt: int = 0
    delivery_id: str = ""
    link_mail: AccountLinkMail | None = field(default=None, repr=False)
    stored_endpoints: Mapping[str, WebhookEndpoint] = field(default_factory=dict, repr=False)
    _trouble: list[StorageError] = field(default_factory=list, repr=False)

    @cached_property
    def owner(self) -> OwnerView | None:
        """Read when somebody asks: only mails need it."""
        try:
            return self.find_owner()
        except StorageError as error:
            self._trouble.append(error)
            raise

    @cached_property
    def endpoints(self) -> Sequence[EndpointView]:
        """With their secrets, opened when somebody asks: only webhooks need them."""
        return self.open_endpoints()

    @cached_property
    def body(self) -> bytes:
        """The webhook payload; made when somebody asks, where it was not made before."""
        return self.make_body()

    def raise_ours(self, error: BaseException) -> None:
        """Raise what came out of a plugin when it was our store that failed, in reading for it."""
        if any(one is error for one in self._trouble):
            raise error

    def mail(self, audience: Audience) -> Mail | None:
        """Render the mail for an audience; None when there is no address."""
        return self.render(audience, self, self.link_mail)


@dataclass(frozen=True)
class _Address:
    """Where a client is told.

    :ivar read_at: on the monotonic clock, before it was read.
    :ivar views: of the endpoints whose secrets were opened already, by id.
    """

    read_at: float
    client: ClientView | None
    endpoints: Sequence[WebhookEndpoint]
    views: dict[str, EndpointView] = field(default_factory=dict, repr=False)


class DeliveryContextBuilder:
    """Gathers what notifiers are given. Safe to use from any thread.

    :param issuer: for links in webhook payloads.
    :param render: makes mails, lazily.
    :param web_url: for links in mails; empty: the issuer.
    :param told_before_ms: how long after a change of address the old one is told too.
    :param checkpoint: gives the newest one of the log of evidence, for webhooks: so who gets them holds anchors.
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
        checkpoint: Callable[[], str] = lambda: "",
    ) -> None:
        self._storage = storage
        self._keys = keys
        self._issuer = issuer
        self._render = render
        self._web_url = web_url or issuer
        self._told_before_ms = told_before_ms
        self._checkpoint = checkpoint
        self._addresses: dict[str, _Address] = {}

    def build(
        self,
        notice: Notice,
        now: int,
        *,
        since: float | None = None,
        delivery_id: str = "",
        attempt: int = 0,
        body: bytes = b"",
    ) -> DeliveryContext:
        """Gather what a notifier may know.

        :param now: milliseconds since the epoch.
        :param since: the endpoints may have been read at this time of the monotonic clock, or later: for deliveries
            that were claimed together. None reads them now.
        :param body: the bytes to send when they were made before.
        :raises NoticeFactsError: when the notice's data cannot be read.
        """
        address = self._address(notice.client_id, since)
        facts = facts_of(notice)
        endpoints = _meant(facts, address.endpoints)
        link = facts.link if isinstance(facts, AccountFacts) else None
        return DeliveryContext(
            notice=notice,
            client=address.client,
            render=self._render,
            find_owner=lambda: self._owner(notice, now, has_link=link is not None),
            open_endpoints=lambda: [self._view(address, one, now) for one in endpoints],
            make_body=lambda: body or self._body(notice),
            attempt=attempt,
            delivery_id=delivery_id,
            link_mail=self._link_mail(link, now) if link else None,
            stored_endpoints={one.endpoint_id: one for one in endpoints},
        )

    def _address(self, client_id: str, since: float | None) -> _Address:
        began = time.monotonic()
        known = self._addresses.get(client_id)
        if known is not None and since is not None and known.read_at >= max(since, began - FRESH_S):
            return known
        with self._storage.reading() as uow:
            client = uow.clients.get(client_id)
            endpoints = uow.clients.endpoints(client_id)
        found = _Address(began, _view(client) if client else None, endpoints)
        if len(self._addresses) >= MAX_ADDRESSES:
            self._addresses = {}
        self._addresses[client_id] = found
        return found

    def _body(self, notice: Notice) -> bytes:
        subject = pairwise_subject(self._keys, notice.client_id, notice.owner_id)
        try:
            checkpoint = self._checkpoint()
        except (StorageError, ValueError):  # nobody waits for a revocation because of it
            checkpoint = ""
        return webhook_body(notice, subject=subject, issuer=self._issuer, checkpoint=checkpoint)

    def _link_mail(self, link: LinkFacts, now: int) -> AccountLinkMail | None:
        with self._storage.reading() as uow:
            return find_link_mail(uow, self._keys, self._web_url, link, now)

    def _owner(self, notice: Notice, now: int, *, has_link: bool) -> OwnerView | None:
        """The previous address is told of what happens for a while, and never given a link that does something.

        Nobody is reminded of an end that is none any more.
        """
        if not notice.owner_id:
            return None
        with self._storage.reading() as uow:
            owner = uow.owners.get(notice.owner_id)
            if owner is None or owner.erased or _is_overtaken(uow, notice, now):
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

    def _view(self, address: _Address, endpoint: WebhookEndpoint, now: int) -> EndpointView:
        known = address.views.get(endpoint.endpoint_id)
        if known is not None:
            return known
        secrets = live_secrets(self._keys, endpoint, now)
        enabled = endpoint.disabled_at is None
        view = EndpointView(endpoint.endpoint_id, endpoint.url, endpoint.events, secrets, enabled)
        address.views[endpoint.endpoint_id] = view
        return view


def _is_overtaken(uow: UnitOfWork, notice: Notice, now: int) -> bool:
    """Whether a reminder has waited until its grant had ended, or had another end."""
    if notice.kind is not NoticeKind.ACCESS_ENDING:
        return False
    grant, facts = uow.grants.get(notice.grant_id), ConsentFacts.from_json(notice.data)
    return grant is None or not grant.is_active(now) or iso(grant.expires_at) != facts.expires_at


def _meant(facts: NoticeFacts, endpoints: Sequence[WebhookEndpoint]) -> Sequence[WebhookEndpoint]:
    """The endpoints that a notice is for: all of the client, but a test is for one."""
    only = facts.endpoint_id if isinstance(facts, EndpointTestFacts) else ""
    return [one for one in endpoints if only in {"", one.endpoint_id}]


def _view(client: Client) -> ClientView:
    return ClientView(
        client.client_id, client.name, client.publisher, client.contact_email, unchecked=client.unknown
    )
