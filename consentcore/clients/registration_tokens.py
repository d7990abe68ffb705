"""Initial access tokens (RFC 7591 section 3): an operator makes them, an application shows one to register itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.domain.clock import DAY
from consentcore.domain.errors import ConsentcoreError, InvalidInput, NotFound
from consentcore.domain.secret import REGISTRATION, digest, looks_like, mint
from consentcore.domain.self_registration import InitialAccessToken
from consentcore.text_fields import MAX_NAME, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consentcore.domain.clock import Clock
    from consentcore.ports.transactions import UnitOfWork

LONGEST_DAYS = 365
MOST_USES = 10_000


class TokenRefused(ConsentcoreError):
    """An initial access token that is none, is over, or was used up; nothing was registered."""


@dataclass(frozen=True)
class NewToken:
    """A token to be stored, and what an application shows: told once, stored only hashed."""

    token: InitialAccessToken
    secret: str


@dataclass(frozen=True)
class RegistrationTokens:
    """Works on units of work that the caller commits."""

    clock: Clock

    def prepare(self, *, note: str, days: int, uses: int) -> NewToken:
        """Make a token; stores nothing.

        :param note: whom it is for, at most 100 characters.
        :param days: how long it lets applications in, 1 to 365.
        :param uses: how many, 1 to 10,000.
        :raises InvalidInput: naming the one that is wrong.
        """
        for name, value, most in (("days", days, LONGEST_DAYS), ("uses", uses, MOST_USES)):
            if not 1 <= value <= most:
                raise InvalidInput(name, f"expected 1 to {most}")
        now, secret = self.clock.now(), mint(REGISTRATION)
        token = InitialAccessToken(
            token_hash=digest(secret),
            token_id=str(uuid.uuid4()),
            note=line("note", note, MAX_NAME),
            created_at=now,
            expires_at=now + days * DAY,
            uses=uses,
        )
        return NewToken(token, secret)

    def add(self, uow: UnitOfWork, new: NewToken) -> None:
        """Store a new token."""
        uow.registration_tokens.add(new.token)

    def list(self, uow: UnitOfWork) -> Sequence[InitialAccessToken]:
        """Those whose time is not over, the oldest first."""
        now = self.clock.now()
        return [one for one in uow.registration_tokens.list() if now < one.expires_at]

    def end(self, uow: UnitOfWork, token_id: str) -> None:
        """Let it let in nobody any more; who has registered stays.

        :raises NotFound: when there is none of that id.
        """
        if not uow.registration_tokens.remove(token_id):
            raise NotFound("registration token", token_id)

    def check(self, uow: UnitOfWork, secret: str) -> None:
        """Look whether a token is good for something, before anything is done for whoever shows it.

        :raises TokenRefused: it is not.
        """
        found = None
        if looks_like(REGISTRATION, secret):
            found = uow.registration_tokens.get(digest(secret), self.clock.now())
        if found is None or found.used >= found.uses:
            raise TokenRefused

    def use(self, uow: UnitOfWork, secret: str) -> str:
        """Use it once more; its id.

        :raises TokenRefused: somebody else was faster.
        """
        found = uow.registration_tokens.use(digest(secret), self.clock.now())
        if found is None:
            raise TokenRefused
        return found.token_id
