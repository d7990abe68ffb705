"""Authorization codes, access and refresh tokens, and the family that descends from one code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from consentcore.domain.authorization_detail import effective
from consentcore.domain.client import Client
from consentcore.domain.grant import Grant


class TokenKind(StrEnum):
    """What a token is for."""

    ACCESS = "access"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code as it is stored. Its family is born with it.

    :ivar code_hash: SHA-256 of the code.
    :ivar redirect_uri: where the code was sent.
    :ivar redirect_uri_given: whether the request carried it, so that the token request must repeat it
        (RFC 6749 section 4.1.3).
    :ivar code_challenge: S256 challenge of RFC 7636, or "".
    :ivar scopes: scope tokens without version.
    :ivar used_at: when it was exchanged; None before.
    :ivar audience: the APIs that it was asked for (RFC 8707); empty when none was.
    :ivar auth_time: when the data owner had signed in, in milliseconds; None when that is not known.
    :ivar acr: how, in the words of the login plugin, or "".
    :ivar confirmation: the key that its exchange has to prove, as ``jkt:`` and the thumbprint (RFC 9449 section 10);
        "" for any.
    :ivar family_proof: random bytes of the family, under which its tokens are sealed; b"" once it was killed.
    :ivar seal: shows that we issued it, see :mod:`consentcore.oauth.token_seals`; b"" once it was used.
    :ivar authorization_details: what it stands for besides scopes (RFC 9396), each as it is kept, see
        :mod:`consentcore.domain.authorization_detail`; so it is of tokens.
    """

    code_hash: bytes
    family_id: str
    grant_id: str
    client_id: str
    redirect_uri: str
    redirect_uri_given: bool
    code_challenge: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int
    used_at: int | None = None
    audience: tuple[str, ...] = ()
    auth_time: int | None = None
    acr: str = ""
    confirmation: str = ""
    family_proof: bytes = b""
    seal: bytes = b""
    authorization_details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token about to be stored.

    :ivar audience: the URIs of the APIs that it is for; empty names none.
    :ivar confirmation: the key that whoever presents it has to prove (the ``cnf`` of RFC 7800): the name of the method,
        a colon and the thumbprint, up to 64 characters; "" for none.
    :ivar seal: up to 64 bytes that are kept with it.
    :ivar authorization_details: what it stands for besides scopes, see :class:`Code`.
    """

    token_hash: bytes
    scopes: tuple[str, ...]
    expires_at: int
    audience: tuple[str, ...] = ()
    confirmation: str = ""
    seal: bytes = b""
    authorization_details: tuple[str, ...] = ()

    def stored(self, source: Code | Token, kind: TokenKind, now: int) -> Token:
        """The token as it is kept.

        :param source: the code or refresh token that is exchanged for it.
        :param now: when it is stored, in milliseconds since the epoch.
        """
        return Token(
            token_hash=self.token_hash,
            kind=kind,
            family_id=source.family_id,
            grant_id=source.grant_id,
            client_id=source.client_id,
            scopes=self.scopes,
            created_at=now,
            expires_at=self.expires_at,
            audience=self.audience,
            auth_time=source.auth_time,
            acr=source.acr,
            confirmation=self.confirmation,
            seal=self.seal,
            authorization_details=self.authorization_details,
        )


@dataclass(frozen=True, slots=True)
class Token:
    """A stored token.

    :ivar rotated_at: when a refresh token was exchanged for its successor; None while it is the newest.
    :ivar nonce: with the key ``nonce_key_id`` it re-derives the successors; None once the grace is over.
    :ivar auth_time: that of the code that it descends from, and so is ``acr``.
    :ivar confirmation: what was given with the :class:`NewToken`, and so is ``seal``; that is b"" once it was rotated.
    """

    token_hash: bytes
    kind: TokenKind
    family_id: str
    grant_id: str
    client_id: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int
    rotated_at: int | None = None
    nonce: bytes | None = None
    nonce_key_id: str = ""
    audience: tuple[str, ...] = ()
    auth_time: int | None = None
    acr: str = ""
    confirmation: str = ""
    seal: bytes = b""
    authorization_details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeLookup:
    """What one read finds for a code presented by a client."""

    client: Client | None
    code: Code | None
    grant: Grant | None


@dataclass(frozen=True, slots=True)
class TokenLookup:
    """What one read finds for a token: the asking client, the token, its family, grant and own client.

    :ivar client: the client that asks; None when unknown.
    :ivar family_killed_at: when the family was killed; None while it is sound.
    :ivar token_client_enabled: whether the client that the token was issued to is enabled and not suspended.
    :ivar family_proof: the bytes that the family's code was stored with; b"" once it was killed.
    :ivar family_created_at: when the family was born, which is ``Code.created_at``; None where a storage of before
        API 2.0 does not say.
    """

    client: Client | None
    token: Token | None = None
    grant: Grant | None = None
    family_killed_at: int | None = None
    token_client_enabled: bool = False
    family_proof: bytes = b""
    family_created_at: int | None = None

    def is_live(self, now: int) -> bool:
        """The liveness rule of the whole system, for access and refresh tokens.

        Grant active, client enabled and not suspended, family sound, time not over; a rotated refresh token is not
        live, nor is one from before its grant was changed in a way that ends them.
        """
        return (
            self.token is not None
            and self.grant is not None
            and self.grant.is_active(now)
            and self.token_client_enabled
            and self.family_killed_at is None
            and now < self.token.expires_at
            and self.token.rotated_at is None
            and not (self.grant.refresh_from and self.is_superseded)
        )

    @property
    def is_superseded(self) -> bool:
        """Whether it is a refresh token from before :attr:`Grant.refresh_from`, or descends from a code of before.

        A token that is exchanged while the grant is being changed has a successor that is younger than the change; its
        family is not.
        """
        token, grant, born = self.token, self.grant, self.family_created_at
        if token is None or grant is None or token.kind is not TokenKind.REFRESH:
            return False
        return token.created_at < grant.refresh_from or (born is not None and born < grant.refresh_from)

    def effective_scopes(self) -> tuple[str, ...]:
        """The token's scopes ∩ the grant's, so that narrowing a grant works at once."""
        if self.token is None or self.grant is None:
            return ()
        if self.token.scopes == self.grant.scope_ids:
            return self.token.scopes
        allowed = set(self.grant.scope_ids)
        return tuple(scope for scope in self.token.scopes if scope in allowed)

    def effective_details(self) -> tuple[str, ...]:
        """The token's authorization details as far as the grant still covers them."""
        if self.token is None or self.grant is None or not self.token.authorization_details:
            return ()
        return effective(self.token.authorization_details, self.grant.authorization_details)


@dataclass(frozen=True, slots=True)
class OneUse:
    """Something that may be used once, such as the proof of a key (RFC 9449 section 11.1).

    :ivar key_hash: SHA-256 of its name.
    :ivar expires_at: until when that must be remembered, in milliseconds since the epoch.
    """

    key_hash: bytes
    expires_at: int
