"""Sign-ins of this browser: begun, found, and where they lead."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.consent.pending import hand_over, is_id
from consentcore.domain.errors import StorageError
from consentcore.domain.secret import digest
from consentcore.owners.sessions import BrowserTraits
from consentcore.web.methods import SAFE_METHODS
from consentcore.web.owner.evidence import browser_family, coarse_address
from consentcore.web.owner.interactions import url_for

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.domain.owner import Owner, OwnerSession
    from consentcore.ports.login import Authenticated
    from consentcore.ports.transactions import UnitOfWork

OWN_PAGE = re.compile(r"/(?!/)[A-Za-z0-9/_-]{0,500}")
"""Where a sign-in may lead: a page of ours, by its path only."""


@dataclass(frozen=True)
class SessionRenewal:
    """A browser gets another session: what the one before is stored under, and what the new one is."""

    old: bytes
    new: bytes

    @classmethod
    def of(cls, request: Request) -> SessionRenewal:
        """Give the browser a new session id (ASVS 7.2.4); the old one is worth nothing from the commit on."""
        return cls(request.browser.hash, digest(request.browser.renew()))


def start_session(
    request: Request,
    uow: UnitOfWork,
    renewal: SessionRenewal,
    who: Authenticated,
    *,
    interaction_id: str,
    after: str,
) -> str:
    """Store the sign-in and hand the waiting request of an application on to it; where to go next.

    :param after: a page of ours that was asked for before; anything else is not followed (ASVS 3.7.2).
    """
    sessions = request.runtime.sessions
    sessions.end(uow, renewal.old)
    hand_over(uow, interaction_id, request.browser, renewal.old, who.owner_id)
    address = coarse_address(request.remote_addr or "")
    sessions.start(uow, who, BrowserTraits(renewal.new, address, browser_family(request.user_agent or "")))
    return where(interaction_id, after)


def where(interaction_id: str, after: str) -> str:
    """Where a sign-in leads: to the request of an application, whose page says so where it cannot be answered any
    more, or to a page of ours."""
    if is_id(interaction_id):
        return url_for("/consent", interaction_id)
    return after if OWN_PAGE.fullmatch(after) else "/consents"


def current_sign_in(request: Request) -> tuple[OwnerSession, Owner] | None:
    """The live sign-in of a browser and whose it is; that it was used is noted once an hour, never for each request."""
    found: tuple[OwnerSession, Owner] | None = request.uow.owners.signed_in(request.browser.hash, request.now)
    if found is not None and request.runtime.sessions.wants_touch(found[0]):
        _touch(request, found[0])
    return found


def _touch(request: Request, session: OwnerSession) -> None:
    sessions = request.runtime.sessions
    if request.method not in SAFE_METHODS:
        sessions.touch(request.uow, session)
        return
    # A page must not fail because this cannot be written now.
    with suppress(StorageError), request.runtime.storage.transaction() as uow:
        sessions.touch(uow, session)
