"""Finding the pending authorization request that a page is about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from consentcore.domain.errors import InteractionGone
from consentcore.domain.secret import INTERACTION, digest, looks_like
from consentcore.web.methods import SAFE_METHODS

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.domain.interaction import Interaction

UNBOUND = b""


def pending(request: Request, interaction_id: str) -> Interaction:
    """The interaction of that id, if it waits, has time left, and is this browser's.

    :raises InteractionGone: otherwise; which of these it was is not said.
    """
    if not looks_like(INTERACTION, interaction_id):
        raise InteractionGone
    found = request.uow.interactions.get(digest(interaction_id))
    if found is not None and found.session_hash == UNBOUND:
        found = _adopt(request, found)
    if found is None or request.now >= found.expires_at or found.session_hash != request.browser.hash:
        raise InteractionGone
    return found


def still_pending(request: Request, interaction: Interaction) -> None:
    """Look again, beside this request's transaction, whether nobody has answered since :func:`pending`.

    :raises InteractionGone: when somebody has.
    """
    with request.runtime.storage.reading() as uow:
        if uow.interactions.get(interaction.interaction_hash) is None:
            raise InteractionGone


def _adopt(request: Request, found: Interaction) -> Interaction | None:
    """Bind an interaction that was opened on the protocol's host to the first browser that brings it here.

    The protocol's host cannot see this host's cookie. In a transaction of its own, so that a second browser
    that comes at the same moment finds it taken; so only for a GET, which holds no write lock that this one
    would wait for, and once per request, which does not see what was written beside it.
    """
    if request.method not in SAFE_METHODS:
        return None
    signs_in_anew = "login" in found.request.prompt.split()
    owner_id = request.owner.owner_id if request.owner and not signs_in_anew else ""
    mine = request.browser.hash
    with request.runtime.storage.transaction() as uow:
        if not uow.interactions.bind(found.interaction_hash, UNBOUND, mine, owner_id):
            return None
    return replace(found, session_hash=mine, owner_id=owner_id)


def url_for(page: str, interaction_id: str) -> str:
    """``/login?i=…`` or ``/consent?i=…``."""
    return f"{page}?i={quote(interaction_id, safe='')}"
