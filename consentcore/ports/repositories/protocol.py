"""What the protocol does inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.interaction import Interaction
    from consentcore.domain.token import Code


class InteractionRepository(Protocol):
    """Pending authorization requests."""

    def get(self, interaction_hash: bytes) -> Interaction | None: ...

    def bind(self, interaction_hash: bytes, old_session: bytes, new_session: bytes, owner_id: str) -> bool:
        """Hand an interaction of one browser session on to its successor at login; False when it is not theirs."""
        ...

    def consume(self, interaction_hash: bytes) -> bool:
        """Take it out of the pending ones; among simultaneous callers exactly one gets True."""
        ...

    def expired(self, now: int, limit: int) -> Sequence[Interaction]:
        """Pending ones whose time is over, oldest first."""
        ...


class CodeRepository(Protocol):
    """Codes issued together with a consent."""

    def add(self, code: Code) -> None: ...


class FamilyRepository(Protocol):
    """Families of tokens, inside a transaction (the rare paths)."""

    def kill(self, family_id: str, now: int) -> bool:
        """Like :meth:`ProtocolStorage.kill_family`, as part of a transaction."""
        ...
