"""Pushed authorization requests (RFC 9126): checked and stored now, opened by a browser within a minute.

What is stored is the query string that the authorization endpoint would have had, so that it is read and checked
there by the same code once more, with the client as it is then. Who opens it first takes it out of the store of pushed
requests. Where somebody has to be asked it then stands among the pending ones, under a name that its ``request_uri``
tells, and may be opened again until it is answered: a ``request_uri`` is for one authorization, not for one look
at a page (FAPI 2.0 Security Profile section 5.3.2.2 note 3).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from consentcore.domain.client import ClientKind
from consentcore.domain.clock import SECOND
from consentcore.domain.interaction import PushedRequest
from consentcore.domain.secret import INTERACTION, REQUEST, digest, looks_like, mint, shape
from consentcore.oauth import parameters as front
from consentcore.oauth.errors import ProtocolError, bad_request
from consentcore.oauth.responses import json_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from consentcore.domain.interaction import AuthorizeContext, Interaction
    from consentcore.oauth.context import Parts
    from consentcore.oauth.messages import HttpRequest, HttpResponse

URN = "urn:ietf:params:oauth:request_uri:"


class PushedRequestEndpoint:
    """Takes authorization requests from clients directly.

    :param check: the rules of the authorization endpoint; raises ProtocolError where it would refuse.
    """

    def __init__(self, parts: Parts, check: Callable[[Mapping[str, str], AuthorizeContext], None]) -> None:
        self._parts = parts
        self._check = check

    def respond(self, http: HttpRequest) -> HttpResponse:
        """Answer a pushed request: one read, one write; 201 with ``request_uri`` and ``expires_in`` in seconds.

        :raises ProtocolError: a refusal.
        :raises StorageError: nothing was stored.
        """
        parameters = front.read_body(http, front.PUSH, self._parts.settings.server.max_body_bytes)
        credentials = self._parts.admission.identify("par", http, parameters)
        now = self._parts.clock.now()
        context = self._parts.storage.protocol.read_authorize(credentials.client_id, None, now)
        client = self._parts.admission.authenticate("par", http, credentials, context.client, now)
        if client.kind is not ClientKind.APPLICATION:
            raise ProtocolError(400, "unauthorized_client", "A resource server authorizes nobody")
        if "request_uri" in parameters:
            raise bad_request("request_uri: expected none in a pushed request")  # section 2.1
        wanted = {name: value for name, value in parameters.items() if name in front.AUTHORIZE}
        wanted["client_id"] = client.client_id
        self._check(wanted, context)
        return self._stored(wanted, now)

    def _stored(self, wanted: Mapping[str, str], now: int) -> HttpResponse:
        secret, life_s = mint(REQUEST), self._parts.settings.oauth.par_ttl_s
        self._parts.storage.protocol.push_request(
            PushedRequest(
                request_hash=digest(secret),
                client_id=wanted["client_id"],
                query=_query(wanted),
                created_at=now,
                expires_at=now + life_s * SECOND,
            )
        )
        return json_answer({"request_uri": URN + secret, "expires_in": life_s}, 201)


def is_pushed(request_uri: str) -> bool:
    """Whether it has the form of what we give out. Any other is refused and never fetched (CVE-2020-10770)."""
    return request_uri.startswith(URN)


def is_whole(request_uri: str) -> bool:
    """Whether it may be one that was given out: no part is missing, nothing was changed."""
    return looks_like(REQUEST, request_uri.removeprefix(URN))


def take(parts: Parts, request_uri: str, client_id: str) -> PushedRequest | None:
    """A pushed request, once, and to its own client only; None when there is none.

    :raises StorageError: the storage did not answer.
    """
    secret = request_uri.removeprefix(URN)
    return parts.storage.protocol.take_pushed(digest(secret), client_id, parts.clock.now())


def shared_name(request_uri: str) -> str:
    """What all openings of a pushed request share, in the shape of an interaction's id; it tells nothing of the
    ``request_uri``."""
    return shape(INTERACTION, digest(f"opened|{request_uri.removeprefix(URN)}"))


def standing(parts: Parts, request_uri: str, client_id: str) -> Interaction | None:
    """What was opened before and waits for its answer; None when there is none of that client in its time.

    Looks again for a moment: who opens it first has to take it before it can stand.

    :raises StorageError: the storage did not answer.
    """
    key = digest(shared_name(request_uri))
    for wait_s in (0.02, 0.05, 0):
        with parts.storage.reading() as uow:
            found = uow.interactions.get(key)
        if found is not None:
            alive = parts.clock.now() < found.expires_at
            return found if alive and found.request.client_id == client_id else None
        time.sleep(wait_s)
    return None


def _query(wanted: Mapping[str, str]) -> str:
    pairs = [
        (name, value)
        for name, text in wanted.items()
        for value in (front.several(wanted, name) if name in front.REPEATABLE else (text,))
    ]
    return urlencode(pairs, quote_via=quote)
