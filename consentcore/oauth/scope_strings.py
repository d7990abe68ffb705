"""Scope strings (RFC 6749 section 3.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from consentcore.domain.scope import OFFLINE_ACCESS, ScopeType

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.scope import Catalog

MALFORMED = "scope: expected names of printable ASCII, separated by blanks"
_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")


def parse(text: str) -> tuple[str, ...] | None:
    """Read a scope string: tokens in the order given, without duplicates and empty ones (gap 16).

    :returns: None when it holds no token at all, or one that is none.
    """
    tokens = tuple(dict.fromkeys(token for token in text.split(" ") if token))
    if not tokens or not all(_TOKEN.fullmatch(token) for token in tokens):
        return None
    return tokens


def permitted(client: Client, catalog: Catalog, tokens: Sequence[str]) -> bool:
    """Whether the client is registered for every token and the catalog still holds it; one that has registered itself
    never acts, whatever a scope was when it did."""
    known = all(token in client.scopes and token in catalog for token in tokens)
    return known and (client.self_registered is None or not _acts(catalog, tokens))


def default(client: Client, catalog: Catalog) -> tuple[str, ...]:
    """What a request without ``scope`` asks for: all that the client is registered for, but ``offline_access``.

    RFC 6749 section 3.3 leaves the choice. Long-lived access is never given without being asked for.
    """
    return tuple(
        scope
        for scope in client.scopes
        if scope in catalog
        and scope != OFFLINE_ACCESS
        and not (client.self_registered is not None and _acts(catalog, (scope,)))
    )


def _acts(catalog: Catalog, tokens: Iterable[str]) -> bool:
    return any(catalog[token].type is ScopeType.ACT for token in tokens)
