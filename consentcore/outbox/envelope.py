"""A notice on its way: what a notifier is given, gathered outside any transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from consentcore.account.links import Letter, read_letter
from consentcore.domain.client import WebhookEndpoint
from consentcore.domain.notice import Audience, Notice, NoticeKind
from consentcore.domain.owner import Owner
from consentcore.outbox.endpoints import live_secrets
from consentcore.outbox.payload import webhook_body
from consentcore.ports.keys import KeyRing, pairwise_subject
from consentcore.ports.notifier import ClientView, EndpointView, Mail, OwnerView
from consentcore.ports.storage import Storage

Renderer = Callable[[Audience, "Parcel", Letter | None], Mail | None]


@dataclass(frozen=True)
class Parcel:
    """:class:`consentcore.ports.notifier.Envelope` as the worker fills it.

    :ivar standing: the endpoints by id, as they are stored.
    """

    notice: Notice
    owner: OwnerView | None
    client: ClientView | None
    endpoints: Sequence[EndpointView]
    body: bytes
    render: Renderer = field(repr=False)
    attempt: int = 0
    delivery_id: str = ""
    letter: Letter | None = field(default=None, repr=False)
    standing: Mapping[str, WebhookEndpoint] = field(default_factory=dict, repr=False)

    def mail(self, audience: Audience) -> Mail | None:
        """Render the mail for an audience; None when there is no address."""
        return self.render(audience, self, self.letter)


class Packer:
    """Gathers parcels.

    :param issuer: for links in webhook payloads. :param render: makes mails, lazily.
    :param web_url: for links in mails; empty: the issuer. :param told_before_ms: how long after a change of address
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

    def pack(self, notice: Notice, now: int) -> Parcel:
        """Gather what a notifier may know, as it stands now."""
        with self._storage.reading() as uow:
            owner = uow.owners.get(notice.owner_id) if notice.owner_id else None
            client = uow.clients.get(notice.client_id)
            endpoints = _meant(notice, uow.clients.endpoints(notice.client_id))
            link = json.loads(notice.data).get("link") if notice.kind.is_account else None
            letter = read_letter(uow, self._keys, self._web_url, link, now) if link else None
        subject = pairwise_subject(self._keys, notice.client_id, notice.owner_id)
        return Parcel(
            notice=notice,
            owner=None if owner is None else self._owner_view(owner, notice, has_link=link is not None),
            client=None
            if client is None
            else ClientView(client.client_id, client.name, client.publisher, client.contact_email),
            endpoints=[self._view(one, now) for one in endpoints],
            body=webhook_body(notice, subject=subject, issuer=self._issuer),
            render=self._render,
            letter=letter,
            standing={one.endpoint_id: one for one in endpoints},
        )

    def pack_for(
        self, notice_id: str, *, delivery_id: str, attempt: int, body: bytes, now: int
    ) -> Parcel | None:
        """The same for one try of a delivery, with the bytes that were stored; None when the notice is gone."""
        with self._storage.reading() as uow:
            notice = uow.notices.get(notice_id)
        if notice is None:
            return None
        parcel = self.pack(notice, now)
        return replace(parcel, delivery_id=delivery_id, attempt=attempt, body=body or parcel.body)

    def _owner_view(self, owner: Owner, notice: Notice, *, has_link: bool) -> OwnerView:
        """The previous address is told of what happens for a while, and never given a link that does something."""
        changed = owner.email_changed_at
        lately = changed is not None and notice.occurred_at < changed + self._told_before_ms
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
