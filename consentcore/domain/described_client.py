"""Clients that describe themselves in a document at their client id (draft-ietf-oauth-client-id-metadata-document).

In the protocol their id is the URL of the document. Here they are kept under an id that follows from it, so that
everything that is kept of a client is kept of them likewise. Such a row begins with the first answer of an owner;
until then what the document said goes with the request that waits. Whoever only calls the authorization endpoint leaves
none.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import asdict, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from consentcore.domain.client import Client
from consentcore.domain.self_registration import SelfRegistration

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEME = "https://"
"""What such a client id begins with, and no other does."""
PREFIX = "cimd_"
"""What the id begins with that such a client is kept under."""
_OURS = frozenset(
    {
        "client_id",
        "created_at",
        "kind",
        "secrets",
        "enabled",
        "disabled",
        "suspended",
        "suspensions",
        "logo",
        "seal",
    }
    | {"verified_at", "self_registered"}
)
"""Members that no document has a say in, and how it came here, which is written in a way of its own."""


def kept_id(client_id: str) -> str:
    """The id that a client is kept under: its own, or the one that follows from its URL."""
    if not client_id.startswith(SCHEME):
        return client_id
    hashed = hashlib.sha256(client_id.encode("utf-8", "surrogatepass")).digest()
    return PREFIX + urlsafe_b64encode(hashed).rstrip(b"=").decode()


def document_url(client: Client | None) -> str:
    """Where a client describes itself, which is its id in the protocol; "" for any other."""
    said = client.self_registered if client is not None else None
    return said.document_url if said is not None else ""


def protocol_id(client: Client) -> str:
    """What the protocol calls a client."""
    return document_url(client) or client.client_id


def merged(fresh: Client, row: Client | None) -> Client:
    """A client as its document says now, and as operators have left it.

    What somebody has checked is what the document said then: with another text nobody has.

    :param row: what is kept of it; None while nothing is.
    """
    if row is None:
        return fresh
    same = document_text(fresh) == document_text(row)
    own = {name: getattr(row, name) for name in _OURS - {"self_registered"}}
    if same:
        return replace(fresh, **own, self_registered=row.self_registered)
    return replace(fresh, **{**own, "verified_at": None})


def document_text(client: Client) -> str:
    """What its document said, word for word."""
    return client.self_registered.document if client.self_registered is not None else ""


def is_outdated(client: Client, row: Client) -> bool:
    """Whether what a document said was read before what is kept of it, and is something else: a row never goes back."""
    read, kept = client.self_registered, row.self_registered
    return bool(read and kept and read.document != kept.document and read.at < kept.at)


def agreed_before(row: Client, created_at: int) -> bool:
    """Whether a permission that began then may be about another text than what is kept now."""
    said = row.self_registered
    return said is not None and created_at < (said.kept_at or said.at)


def described(client: Client) -> str:
    """Write down what a document says of a client, for :func:`as_described`; "" for any other client."""
    if not document_url(client):
        return ""
    said = {each.name: getattr(client, each.name) for each in fields(client) if each.name not in _OURS}
    return json.dumps({**said, "self_registered": asdict(client.self_registered)}, separators=(",", ":"))  # type: ignore[arg-type]


def as_described(text: str, row: Client | None) -> Client | None:
    """The client that asks: as it was described when it asked, and as operators have left it since.

    :param text: of :func:`described`; "" for a client that an operator has registered.
    :param row: what is kept of it now; None while nothing is.
    """
    if not text:
        return row
    found: Mapping[str, Any] = json.loads(text)
    said = found["self_registered"]
    itself = SelfRegistration(**{**said, "contacts": tuple(said["contacts"])})
    bare = Client(kept_id(itself.document_url), found["name"], itself.at, self_registered=itself)
    known = {each.name for each in fields(Client)} - _OURS
    values = {name: _as_before(getattr(bare, name), value) for name, value in found.items() if name in known}
    return merged(replace(bare, **values), row)


def _as_before(default: Any, value: Any) -> Any:
    """A value out of JSON, as the field has it."""
    if isinstance(default, StrEnum):
        return type(default)(value)
    return tuple(value) if isinstance(value, list) else value
