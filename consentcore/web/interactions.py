"""Finding the pending authorization request that a page is about."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from consentcore.domain.errors import InteractionGone
from consentcore.domain.secret import INTERACTION, digest, looks_like

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.domain.interaction import Interaction


def pending(request: Request, interaction_id: str) -> Interaction:
    """The interaction of that id, if it waits, has time left, and is this browser's.

    :raises InteractionGone: otherwise; which of these it was is not said.
    """
    if not looks_like(INTERACTION, interaction_id) or not request.browser.known:
        raise InteractionGone
    found = request.uow.interactions.get(digest(interaction_id))
    if found is None or request.now >= found.expires_at or found.session_hash != request.browser.hash:
        raise InteractionGone
    return found  # type: ignore[no-any-return]


def url_for(page: str, interaction_id: str) -> str:
    """``/login?i=…`` or ``/consent?i=…``."""
    return f"{page}?i={quote(interaction_id, safe='')}"
