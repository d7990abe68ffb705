"""What lets applications register themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.self_registration import InitialAccessToken


class RegistrationTokenRepository(Protocol):
    """Initial access tokens (RFC 7591 section 3).

    Purge removes those whose time is over, and no others.
    """

    def add(self, token: InitialAccessToken) -> None:
        """Store a new token.

        :raises StorageConflict: when there is one under that hash.
        """
        ...

    def get(self, token_hash: bytes, now: int) -> InitialAccessToken | None:
        """The token, used up or not, unless its time is over at ``now``."""
        ...

    def list(self) -> Sequence[InitialAccessToken]:
        """All that there are, the oldest first, then by id; operators make a few."""
        ...

    def use(self, token_hash: bytes, now: int) -> InitialAccessToken | None:
        """Count one use and return the token as it is then; None when there is none, its time is over at ``now``, or it
        was used as often as it may be. Among any number of simultaneous callers no more than that get it."""
        ...

    def remove(self, token_id: str) -> bool:
        """Remove a token for good; False when there was none of that id."""
        ...
