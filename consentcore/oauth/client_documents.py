"""Clients whose id is the URL of a document that describes them, at the protocol's endpoints.

Whether they are known at all, and what their documents say, is up to who is handed in; everything else about such a
client is as for any other.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from consentcore.domain.described_client import (
    PREFIX,
    SCHEME,
    agreed_before,
    as_described,
    document_text,
    document_url,
    kept_id,
    protocol_id,
)
from consentcore.domain.errors import ConsentcoreError
from consentcore.domain.event_kinds import EventType

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.domain.interaction import AuthorizationRequest, AuthorizeContext
    from consentcore.oauth.context import ServerContext

_YES = frozenset({EventType.GRANTED, EventType.AMENDED})
"""By which an owner agrees to what a page says of an application."""


class DocumentRefused(ConsentcoreError):
    """There is no document of a client that can be used; nothing was done. ``str`` says why, and repeats no input."""


class ClientDocuments(Protocol):
    """What documents say. Safe to share between threads."""

    def current(self, url: str, row: Client | None) -> Client:
        """The client that is described at a URL now, as operators have left it.

        :param row: what is kept of it; None while nothing is.
        :raises DocumentRefused: such a URL is not let in, or nothing that can be used is to be had there.
        :raises Busy: in a request that must not wait for it here.
        """
        ...


def read_context(server: ServerContext, client_id: str, session_hash: bytes | None) -> AuthorizeContext:
    """What there is of a client, with one read; and as its document describes it now, where it has one.

    Where that says something else than at the last answer, no consent of before is remembered: what was agreed to may
    have been about somebody else (section 6.3 of the draft). Nor is it where somebody else only has answered since.

    :param client_id: as the request says it.
    :raises DocumentRefused: see :meth:`ClientDocuments.current`.
    :raises Busy: likewise.
    """
    now, kept = server.clock.now(), kept_id(client_id)
    context = server.storage.protocol.read_authorize(kept, session_hash, now)
    row = context.client
    if kept is client_id:
        # Nobody gets past a document by the id that stands here for its URL.
        return replace(context, client=None) if row is not None and document_url(row) else context
    if server.documents is None or (row is not None and not row.enabled):
        return replace(context, client=None)
    fresh = server.documents.current(client_id, row)
    grant = context.grant
    if row is None or document_text(row) != document_text(fresh):
        return replace(context, client=fresh, grant=None)
    if grant is not None and agreed_before(row, grant.created_at) and not _agreed_to(server, grant, fresh):
        return replace(context, client=fresh, grant=None)
    return replace(context, client=fresh)


def _agreed_to(server: ServerContext, grant: Grant, client: Client) -> bool:
    """Whether the owner's last yes was about what the document says: somebody else's is not theirs."""
    with server.storage.reading() as uow:
        events = uow.ledger.of_grant(grant.grant_id)
    said = [json.loads(event.body) for event in events if event.type in _YES][-1:]
    return any(one.get("client_registration", {}).get("document") == document_text(client) for one in said)


def shown_id(server: ServerContext, client_id: str) -> str:
    """What the protocol calls the client of a token; one read more for one that has a document.

    :param client_id: as it is kept.
    """
    if not client_id.startswith(PREFIX):
        return client_id
    client = server.storage.protocol.read_authorize(client_id, None, server.clock.now()).client
    return protocol_id(client) if client is not None else client_id


def asking_id(request: AuthorizationRequest) -> str:
    """What the protocol calls the client of an authorization request, whether or not anything is kept of it yet."""
    client = as_described(getattr(request, "described", None) or "", None)
    return protocol_id(client) if client is not None else request.client_id


def is_document_id(client_id: str) -> bool:
    """Whether a client id is the URL of a document."""
    return client_id.startswith(SCHEME)
