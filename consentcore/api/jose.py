"""Signed tokens: one reader, one cache of key sets (RFC 7515, RFC 7517)."""

from __future__ import annotations

from consentcore.jose.compact import CompactJws, MalformedJws, read_compact, verified_payload
from consentcore.jose.rules import registry as jws_registry
from consentcore.jose.source_cache import RefreshPolicy, SourceCache, SourceUnavailable

__all__ = [
    "CompactJws",
    "MalformedJws",
    "RefreshPolicy",
    "SourceCache",
    "SourceUnavailable",
    "jws_registry",
    "read_compact",
    "verified_payload",
]
