"""What an application that no operator has registered says of itself; nobody has checked any of it."""

from __future__ import annotations

from dataclasses import dataclass
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

    @property
    def host(self) -> str:
        """Whose document describes it; "" where none does."""
        return urlsplit(self.document_url).hostname or ""
