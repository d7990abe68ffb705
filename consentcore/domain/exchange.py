"""The exchange of a code or a refresh token for new tokens: what a storage is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from consentcore.domain.token import NewToken, OneUse, Token


@dataclass(frozen=True, slots=True)
class Redemption:
    """Exchange of a code for its first tokens.

    :ivar refresh: None where the permission is for one use, and nothing renews it.
    :ivar one_use: what is used up with it, in the same commit; None for nothing.
    """

    code_hash: bytes
    client_id: str
    now: int
    access: NewToken
    refresh: NewToken | None
    one_use: OneUse | None = None


@dataclass(frozen=True, slots=True)
class Rotation:
    """Exchange of a refresh token for its successor and a new access token.

    :ivar rotate: False keeps the presented token (FAPI 2.0 section 5.3.2.1) and only adds the access token;
        ``refresh``, ``nonce`` and ``nonce_key_id`` are then ignored.
    :ivar sealed_access: up to 8 kB that are kept and forgotten with the nonce: an access token that cannot be
        derived, encrypted for who presents the same refresh token again.
    :ivar grace_ms: how long after its rotation the immediate predecessor still yields the one successor.
    :ivar one_use: what is used up with it, in the same commit; None for nothing.
    """

    token_hash: bytes
    client_id: str
    now: int
    access: NewToken
    refresh: NewToken
    nonce: bytes
    nonce_key_id: str
    grace_ms: int
    rotate: bool = True
    sealed_access: bytes = b""
    one_use: OneUse | None = None


@dataclass(frozen=True, slots=True)
class Consumed:
    """The code was burnt and both tokens stored."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """The refresh token was exchanged and the new tokens stored."""


@dataclass(frozen=True, slots=True)
class Grace:
    """The immediate predecessor came again within the grace: nothing was written.

    ``nonce`` and ``nonce_key_id`` re-derive the tokens that the first exchange gave out; ``access`` and
    ``refresh`` are those stored rows, ``sealed_access`` is what the rotation gave.
    """

    nonce: bytes
    nonce_key_id: str
    access: Token
    refresh: Token
    sealed_access: bytes = b""


@dataclass(frozen=True, slots=True)
class Replayed:
    """The code had been used before; the caller kills ``family_id`` (RFC 6749 section 4.1.2)."""

    family_id: str
    grant_id: str


@dataclass(frozen=True, slots=True)
class Reused:
    """A rotated refresh token came back outside the grace; the caller kills ``family_id``
    (RFC 9700 section 4.14.2)."""

    family_id: str
    grant_id: str


@dataclass(frozen=True, slots=True)
class Expired:
    """Its time is over."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No such credential for this client, or everything under it is already dead."""


@dataclass(frozen=True, slots=True)
class UsedBefore:
    """All is well with the credential, but the ``one_use`` was used up before: nothing was written."""


ConsumeOutcome = Consumed | Replayed | Expired | Unknown | UsedBefore
"""What the exchange of a code ends in."""
RotateOutcome = Rotated | Grace | Reused | Expired | Unknown | UsedBefore
"""What the exchange of a refresh token ends in."""
