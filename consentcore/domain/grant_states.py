"""What can become of a permission, and all that is known of each state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from consentcore.domain.message import message
from consentcore.domain.tables import by_member


class GrantState(StrEnum):
    """What has become of a permission. Only ACTIVE gives tokens; all others are final."""

    ACTIVE = "active"
    DENIED = "denied"
    ABANDONED = "abandoned"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class GrantStateProfile:
    """All that is known of a state.

    :ivar ended: whether it is a permission that stood and stands no longer.
    :ivar listed: whether ``consents list --all`` shows it.
    :ivar status: the rougher word of the API's member ``status``; "" where it never was a permission, so that no
        application sees it by its id.
    :ivar kept_as: the period after which personal values beside its evidence go; "" while it stands.
    :ivar dpv: the status in the Data Privacy Vocabulary, which ISO/IEC TS 27560 records are written in.
    :ivar word: for the owner, in English.
    """

    state: GrantState
    ended: bool
    listed: bool
    status: str
    kept_as: str
    dpv: str
    word: str

    @property
    def stood(self) -> bool:
        """Whether it is, or was, a permission."""
        return bool(self.status)


GRANT_STATES = (
    GrantStateProfile(
        GrantState.ACTIVE,
        ended=False,
        listed=True,
        status="active",
        kept_as="",
        dpv="dpv:ConsentGiven",
        word=message("Active"),
    ),
    GrantStateProfile(
        GrantState.DENIED,
        ended=False,
        listed=True,
        status="",
        kept_as="denied",
        dpv="dpv:ConsentRefused",
        word=message("You said no"),
    ),
    GrantStateProfile(
        GrantState.ABANDONED,
        ended=False,
        listed=False,
        status="",
        kept_as="abandoned",
        dpv="dpv:ConsentRequestDeferred",
        word=message("Not answered"),
    ),
    GrantStateProfile(
        GrantState.WITHDRAWN,
        ended=True,
        listed=True,
        status="revoked",
        kept_as="ended",
        dpv="dpv:ConsentWithdrawn",
        word=message("You revoked it"),
    ),
    GrantStateProfile(
        GrantState.CLOSED,
        ended=True,
        listed=True,
        status="revoked",
        kept_as="ended",
        dpv="dpv:ConsentRevoked",
        word=message("The application ended it"),
    ),
    GrantStateProfile(
        GrantState.REVOKED,
        ended=True,
        listed=True,
        status="revoked",
        kept_as="ended",
        dpv="dpv:ConsentRevoked",
        word=message("We stopped it"),
    ),
    GrantStateProfile(
        GrantState.EXPIRED,
        ended=True,
        listed=True,
        status="expired",
        kept_as="ended",
        dpv="dpv:ConsentExpired",
        word=message("It ended on its date"),
    ),
)
_PROFILES = by_member("GRANT_STATES", GrantState, GRANT_STATES, lambda row: row.state)

ENDED = frozenset(row.state for row in GRANT_STATES if row.ended)
"""States of a permission that once stood."""

STOOD = frozenset(row.state for row in GRANT_STATES if row.stood)
"""States of what is, or was, a permission. A denial is none."""


def state_profile(state: GrantState) -> GrantStateProfile:
    """All that is known of a state."""
    return _PROFILES[state]
