"""What an application that no operator has registered says of itself; nobody has checked any of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class SelfRegistration:
    """How an application came here by itself, and what it says beyond what operators type (RFC 7591 section 2).

    :ivar at: when it did, or when its document was read, in milliseconds since the epoch.
    :ivar token_id: the initial access token that let it in; "" where none was needed.
    :ivar contacts: of the people behind it, as they came: addresses, mostly.
    :ivar logo_uri: never fetched, and no page leads there.
    :ivar tos_uri: its terms.
    :ivar software_id: what it calls its software; the same in each of its installations.
    :ivar document_url: where it describes itself (draft-ietf-oauth-client-id-metadata-document): that is its client id
        in the protocol; "" where it was given one.
    :ivar document: what was read there, word for word.
    :ivar kept_at: since when the row of the client says so: then somebody has answered it; 0 where it has no document.
    """

    at: int
    token_id: str = ""
    contacts: tuple[str, ...] = ()
    logo_uri: str = ""
    tos_uri: str = ""
    software_id: str = ""
    software_version: str = ""
    document_url: str = ""
    document: str = ""
    kept_at: int = 0

    @property
    def host(self) -> str:
        """Whose document describes it; "" where none does."""
        return urlsplit(self.document_url).hostname or ""

    def members(self) -> dict[str, Any]:
        """What is sealed of it: ``kept_at``, the younger one, only where it says something."""
        found = asdict(self)
        return found if self.kept_at else {name: found[name] for name in found if name != "kept_at"}


@dataclass(frozen=True, slots=True)
class InitialAccessToken:
    """What lets so many applications register themselves, until a time (RFC 7591 section 3).

    Stored under the SHA-256 of what the application shows.

    :ivar token_id: what operators and records call it; it opens nothing.
    :ivar note: what the operator has noted, such as whom it is for.
    :ivar uses: how many applications it lets in.
    :ivar used: how many it has let in.
    """

    token_hash: bytes
    token_id: str
    note: str
    created_at: int
    expires_at: int
    uses: int = 1
    used: int = 0
    seal: bytes = field(default=b"", compare=False, repr=False)
