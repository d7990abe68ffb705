"""What a token says, who judges it, and how a request is refused (RFC 6750)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from consentcore.jose.dpop import ALGORITHMS

if TYPE_CHECKING:
    from consentcore.resource.sign_in import SignIn

MAX_TOKEN = 8192
BEARER, DPOP = "bearer", "dpop"
"""Schemes of the Authorization header, in lower case."""
_SCHEMES = {BEARER: "Bearer", DPOP: "DPoP"}
_NOT_QUOTABLE = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


@dataclass(frozen=True, slots=True)
class Token:
    """What the authorization server says of a good token.

    :ivar claims: members of the introspection answer, or claims of the JWT.
    """

    claims: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """Whose data it opens: the name under which this application knows the data owner."""
        return str(self.claims.get("sub", ""))

    @property
    def client_id(self) -> str:
        """The application that it was issued to."""
        return str(self.claims.get("client_id", ""))

    @property
    def grant_id(self) -> str:
        """The consent that it stands on."""
        return str(self.claims.get("grant_id", ""))

    @property
    def scopes(self) -> frozenset[str]:
        """What it allows."""
        return frozenset(str(self.claims.get("scope", "")).split())

    @property
    def audience(self) -> tuple[str, ...]:
        """The resources that it is for; empty when it names none."""
        named = self.claims.get("aud")
        if isinstance(named, str):
            return (named,)
        return tuple(one for one in named if isinstance(one, str)) if isinstance(named, list | tuple) else ()

    def resources(self, kind: str) -> frozenset[str]:
        """Ids of the resources of a kind, such as ``site``, that the owner has chosen for this access; ``*`` among them
        is everything of that kind that the owner has. Empty: none was chosen, so give nothing.
        """
        listed = self.claims.get("resources")
        entries = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list | tuple) else []
        named = [one.get("identifiers") for one in entries if one.get("type") == kind]
        return frozenset(
            one for ids in named if isinstance(ids, list | tuple) for one in ids if isinstance(one, str)
        )

    def authorization_details(self, type_: str) -> tuple[Mapping[str, Any], ...]:
        """Authorization details of a type (RFC 9396 section 9) that it stands for, as the owner has granted them.
        Empty: there are none, so give nothing for that type.
        """
        listed = self.claims.get("authorization_details")
        entries = listed if isinstance(listed, list | tuple) else ()
        return tuple(one for one in entries if isinstance(one, dict) and one.get("type") == type_)

    def may_use(self, kind: str, resource_id: str) -> bool:
        """Whether the owner has chosen this resource for this access, by itself or with all of its kind.

        :param resource_id: of something that is this owner's: ``*`` says nothing of what is anybody else's.
        """
        return not {resource_id, "*"}.isdisjoint(self.resources(kind))


class Refused(Exception):
    """A request that gets no access. ``error`` is "" where it brought no token (RFC 6750 section 3.1).

    :param scheme: of the challenge: ``bearer``, or ``dpop`` (RFC 9449 section 7.1).
    :param sign_in: what the sign-in of the owner would have to be (RFC 9470 section 3).
    """

    def __init__(
        self,
        status: int,
        error: str = "",
        description: str = "",
        scopes: Iterable[str] = (),
        retry_s: float = 0,
        *,
        scheme: str = BEARER,
        sign_in: SignIn | None = None,
    ) -> None:
        super().__init__(f"{status} {error} {description}".strip())
        self.status = status
        self.error = error
        self.description = description
        self.scopes = tuple(scopes)
        self.retry_s = retry_s
        self.scheme = scheme
        self.sign_in = sign_in

    def headers(self, realm: str, metadata_url: str = "") -> list[tuple[str, str]]:
        """The headers of the answer: the challenge of RFC 6750 section 3, or ``Retry-After``.

        :param metadata_url: where the API describes itself (RFC 9728 section 5.1).
        """
        fixed = [("Content-Length", "0"), ("Cache-Control", "no-store")]
        if self.status == 503:
            return [*fixed, ("Retry-After", str(max(1, math.ceil(self.retry_s))))]
        members = {
            "realm": realm,
            "error": self.error,
            "error_description": self.description,
            "scope": " ".join(self.scopes),
            "algs": " ".join(ALGORITHMS) if self.scheme == DPOP else "",
            **self._step_up(),
            "resource_metadata": metadata_url,
        }
        text = ", ".join(
            f'{name}="{_NOT_QUOTABLE.sub("?", value)}"' for name, value in members.items() if value
        )
        # A challenge has one member at least (RFC 6750 section 3), also where the realm has no name.
        challenge = text or 'realm=""'
        return [*fixed, ("WWW-Authenticate", f"{_SCHEMES[self.scheme]} {challenge}")]

    def _step_up(self) -> dict[str, str]:
        wanted = self.sign_in
        if wanted is None:
            return {}
        max_age = "" if wanted.max_age is None else str(wanted.max_age)
        return {"acr_values": " ".join(wanted.acr_values), "max_age": max_age}

    @property
    def status_line(self) -> str:
        """Code and reason phrase, as WSGI wants them."""
        phrases = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 503: "Service Unavailable"}
        return f"{self.status} {phrases[self.status]}"


class Unavailable(Refused):
    """Nobody can say whether the token is good. It is never taken for good then."""

    def __init__(self, why: str, retry_s: float = 1) -> None:
        super().__init__(503, "", why, retry_s=retry_s)


def invalid_token(description: str = "The token is unknown, revoked or expired") -> Refused:
    """401 for a token that is not good."""
    return Refused(401, "invalid_token", description)


class Checker(Protocol):
    """Says what a token stands for. Safe to share between threads."""

    def check(self, token: str) -> Token:
        """Judge a token.

        :raises Refused: 401 when it is not good, 503 when that cannot be known.
        """
        ...
