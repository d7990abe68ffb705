"""What a scope is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

OFFLINE_ACCESS = "offline_access"
"""The scope that makes a refresh token outlive the session of its owner (OpenID Connect Core section 11)."""


class ScopeType(StrEnum):
    """What a scope lets an application do."""

    READ = "read"
    ACT = "act"
    SESSION = "session"


class Necessity(StrEnum):
    """Whether an application can do without a scope: an optional one is the owner's to choose."""

    REQUIRED = "required"
    OPTIONAL = "optional"


class ScopeStatus(StrEnum):
    """Where an entry of the catalog is in its life.

    A draft is not offered to anybody. A deprecated scope goes on for whoever is registered for it. A retired one
    cannot be asked for any more; what was agreed to keeps its words.
    """

    DRAFT = "draft"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    RETIRED = "retired"

    @property
    def can_be_asked(self) -> bool:
        """Whether an application may ask for it."""
        return self in {ScopeStatus.ACTIVE, ScopeStatus.DEPRECATED}


@dataclass(frozen=True, slots=True)
class Operation:
    """A call of an API that a scope opens.

    :ivar method: of HTTP, in capitals.
    :ivar path: as the documentation of the API writes it.
    :ivar summary: what it is for, in a few words for developers.
    :ivar product: the API product it belongs to.
    """

    method: str
    path: str
    summary: str = ""
    product: str = ""


@dataclass(frozen=True, slots=True)
class ScopeTexts:
    """What an entry of the catalog says in one language; see :class:`~consentcore.domain.scope.Scope`."""

    label: str
    sees: str
    cannot: str = ""
    example: str = ""
    sensitivity: str = ""
    cluster: str = ""
    on_revoke: str = ""
