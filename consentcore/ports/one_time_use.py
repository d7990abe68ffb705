"""What may be used once, and requests that were pushed: what any of the protocol routes ask of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.interaction import PushedRequest
    from consentcore.domain.token import OneUse


class OneTimeStorage(Protocol):
    """Verbs for what happens once; a part of :class:`~consentcore.ports.tokens.ProtocolStorage`.

    Purge removes keys and pushed requests whose time is over, and no others.
    """

    def use_once(self, key_hash: bytes, now: int, expires_at: int) -> bool:
        """Note that something was used that may be used once until ``expires_at``; False when it was before.

        Among any number of simultaneous callers, in whatever process, exactly one gets True. A key whose time is
        over at ``now`` may be used again, whether or not it was purged. 1 statement, 1 commit.
        """
        ...

    def push_request(self, pushed: PushedRequest, one_use: OneUse | None = None) -> bool:
        """Store a pushed authorization request; False, and nothing is stored, when ``one_use`` was noted before.

        Else that is noted in the same commit. 1 statement, 1 commit.
        """
        ...

    def take_pushed(self, request_hash: bytes, client_id: str, now: int) -> PushedRequest | None:
        """Take a pushed request out of the store if it is that client's and its time is not over.

        Among simultaneous callers exactly one gets it; for all others, and for another client, it is None and
        nothing has changed. 1 statement, 1 commit.
        """
        ...
