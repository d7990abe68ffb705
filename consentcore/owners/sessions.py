"""Sign-ins of data owners: begun, noted as used, named and ended."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from consentcore.domain.clock import HOUR
from consentcore.domain.errors import NotFound
from consentcore.domain.owner import OwnerSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentcore.domain.clock import Clock
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.login import Authenticated
    from consentcore.ports.transactions import UnitOfWork


@dataclass(frozen=True)
class BrowserTraits:
    """What is kept of a browser: too little to follow a person.

    :ivar session_hash: SHA-256 of what its cookie holds.
    :ivar address: the network that it signs in from, shortened.
    :ivar family: of the browser, without its version.
    """

    session_hash: bytes
    address: str = ""
    family: str = ""


@dataclass(frozen=True)
class OwnerSessions:
    """Works on units of work that the caller commits.

    :ivar ttl_ms: how long a sign-in lasts.
    """

    keys: KeyRing
    clock: Clock
    ttl_ms: int

    def start(self, uow: UnitOfWork, who: Authenticated, browser: BrowserTraits) -> None:
        """Store a sign-in."""
        now = self.clock.now()
        uow.owners.add_session(
            OwnerSession(
                session_hash=browser.session_hash,
                owner_id=who.owner_id,
                created_at=now,
                expires_at=now + self.ttl_ms,
                auth_time=now if who.auth_time is None else who.auth_time,
                acr=who.acr,
                amr=who.amr,
                seen_at=now,
                address=browser.address,
                browser=browser.family,
            )
        )

    def go_on(self, uow: UnitOfWork, session: OwnerSession, session_hash: bytes) -> None:
        """Let a sign-in that was ended go on under another session id, for the browser that ended all of them."""
        uow.owners.add_session(replace(session, session_hash=session_hash))

    def wants_touch(self, session: OwnerSession) -> bool:
        """Whether it is to be noted that a session was used: once an hour, never for each request."""
        return self.clock.now() - session.seen_at >= HOUR

    def touch(self, uow: UnitOfWork, session: OwnerSession) -> None:
        """Note that a session was used now."""
        uow.owners.touch_session(session.session_hash, self.clock.now())

    def by_name(self, uow: UnitOfWork, owner_id: str) -> Mapping[str, OwnerSession]:
        """The live sessions of an owner, newest first, by what pages call them."""
        return {self.name(one): one for one in uow.owners.sessions(owner_id, self.clock.now())}

    def name(self, session: OwnerSession) -> str:
        """What pages call a session: names it and opens nothing; the same after keys were rotated."""
        return urlsafe_b64encode(self.keys.stable_mac("session-name", session.session_hash)[:15]).decode()

    def end(self, uow: UnitOfWork, session_hash: bytes) -> None:
        """End a session, if there is one."""
        uow.owners.end_session(session_hash)

    def end_named(self, uow: UnitOfWork, owner_id: str, name: str) -> None:
        """End one session of an owner.

        :raises NotFound: when there is none of that name, or it is somebody else's.
        """
        found = self.by_name(uow, owner_id).get(name)
        if found is None:
            raise NotFound("session", name)
        uow.owners.end_session(found.session_hash)

    def end_others(self, uow: UnitOfWork, owner_id: str, keep: bytes) -> int:
        """End every session of an owner but the one stored under ``keep``.

        :returns: how many.
        """
        return uow.owners.end_sessions(owner_id, keep=keep)
