"""Sign-ins: begun, noted as used, named and ended. What is kept of a browser is too little to follow a person."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.domain.clock import HOUR
from consentcore.domain.errors import StorageError
from consentcore.domain.owner import OwnerSession
from consentcore.domain.secret import digest
from consentcore.web.methods import SAFE_METHODS
from consentcore.web.owner.evidence import browser_family, coarse_address
from consentcore.web.owner.interactions import hand_over, is_id, url_for

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.ports.keys import KeyRing
    from consentcore.ports.login import Authenticated
    from consentcore.ports.transactions import UnitOfWork

OWN_PAGE = re.compile(r"/(?!/)[A-Za-z0-9/_-]{0,500}")
"""Where a sign-in may lead: a page of ours, by its path only."""


@dataclass(frozen=True)
class Change:
    """A browser gets another session: what the one before is stored under, and what the new one is."""

    old: bytes
    new: bytes

    @classmethod
    def of(cls, request: Request) -> Change:
        """Give the browser a new session id (ASVS 7.2.4); the old one is worth nothing from the commit on."""
        return cls(request.browser.hash, digest(request.browser.renew()))


def start_session(
    request: Request, uow: UnitOfWork, change: Change, who: Authenticated, *, interaction_id: str, after: str
) -> str:
    """Store the sign-in and hand the waiting request of an application on to it; where to go next.

    :param after: a page of ours that was asked for before; anything else is not followed (ASVS 3.7.2).
    """
    now = request.now
    lifetime = int(request.runtime.settings.web.session_ttl_s * 1000)
    uow.owners.end_session(change.old)
    hand_over(request, uow, interaction_id, change.old, who.owner_id)
    uow.owners.add_session(
        OwnerSession(
            session_hash=change.new,
            owner_id=who.owner_id,
            created_at=now,
            expires_at=now + lifetime,
            auth_time=now if who.auth_time is None else who.auth_time,
            acr=who.acr,
            amr=who.amr,
            seen_at=now,
            address=coarse_address(request.remote_addr or ""),
            browser=browser_family(request.user_agent or ""),
        )
    )
    return where(interaction_id, after)


def where(interaction_id: str, after: str) -> str:
    """Where a sign-in leads: to the request of an application, whose page says so where it cannot be answered any
    more, or to a page of ours."""
    if is_id(interaction_id):
        return url_for("/consent", interaction_id)
    return after if OWN_PAGE.fullmatch(after) else "/consents"


def current_session(request: Request) -> OwnerSession | None:
    """The live sign-in of a browser; that it was used is noted once an hour, never for each request."""
    found: OwnerSession | None = request.uow.owners.session(request.browser.hash, request.now)
    if found is not None and request.now - found.seen_at >= HOUR:
        _touch(request, found)
    return found


def _touch(request: Request, session: OwnerSession) -> None:
    if request.method not in SAFE_METHODS:
        request.uow.owners.touch_session(session.session_hash, request.now)
        return
    # A page must not fail because this cannot be written now.
    with suppress(StorageError), request.runtime.storage.transaction() as uow:
        uow.owners.touch_session(session.session_hash, request.now)


def session_name(keys: KeyRing, session: OwnerSession) -> str:
    """What pages call a session: names it and opens nothing; the same after keys were rotated."""
    return urlsafe_b64encode(keys.stable_mac("session-name", session.session_hash)[:15]).decode()
