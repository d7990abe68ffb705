"""Pushed authorization requests as the authorization endpoint finds them again (RFC 9126 section 4).

What is stored is the query string that the authorization endpoint would have had, so that it is read and checked
there by the same code once more, with the client as it is then. Who opens it first takes it out of the store of pushed
requests. Where somebody has to be asked it then stands among the pending ones, under a name that its ``request_uri``
tells, and may be opened again until it is answered: a ``request_uri`` is for one authorization, not for one look
at a page (FAPI 2.0 Security Profile section 5.3.2.2 note 3).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from consentcore.domain.secret import INTERACTION, REQUEST, digest, looks_like, shape

if TYPE_CHECKING:
    from consentcore.domain.interaction import Interaction, PushedRequest
    from consentcore.oauth.context import ServerContext

URN = "urn:ietf:params:oauth:request_uri:"


def is_pushed(request_uri: str) -> bool:
    """Whether it has the form of what we give out. Any other is refused and never fetched (CVE-2020-10770)."""
    return request_uri.startswith(URN)


def is_whole(request_uri: str) -> bool:
    """Whether it may be one that was given out: no part is missing, nothing was changed."""
    return looks_like(REQUEST, request_uri.removeprefix(URN))


def take(server: ServerContext, request_uri: str, client_id: str) -> PushedRequest | None:
    """A pushed request, once, and to its own client only; None when there is none.

    :raises StorageError: the storage did not answer.
    """
    secret = request_uri.removeprefix(URN)
    return server.storage.protocol.take_pushed(digest(secret), client_id, server.clock.now())


def shared_name(request_uri: str) -> str:
    """What all openings of a pushed request share, in the shape of an interaction's id; it tells nothing of the
    ``request_uri``."""
    return shape(INTERACTION, digest(f"opened|{request_uri.removeprefix(URN)}"))


def opened_before(server: ServerContext, request_uri: str, client_id: str) -> Interaction | None:
    """What was opened before and waits for its answer; None when there is none of that client in its time.

    Looks again for a moment: who opens it first has to take it before it can stand.

    :raises StorageError: the storage did not answer.
    """
    key = digest(shared_name(request_uri))
    for wait_s in (0.02, 0.05, 0):
        with server.storage.reading() as uow:
            opened = uow.interactions.get(key)
        if opened is not None:
            alive = server.clock.now() < opened.expires_at
            return opened if alive and opened.request.client_id == client_id else None
        time.sleep(wait_s)
    return None
