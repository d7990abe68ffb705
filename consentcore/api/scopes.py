"""For a scope catalog."""

from __future__ import annotations

from consentcore.domain.resource import KIND as RESOURCE_KIND
from consentcore.domain.scope import (
    OFFLINE_ACCESS,
    Catalog,
    Necessity,
    Operation,
    Scope,
    ScopeStatus,
    ScopeTexts,
    ScopeType,
)
from consentcore.ports.scopes import ScopeCatalog

__all__ = [
    "OFFLINE_ACCESS",
    "RESOURCE_KIND",
    "Catalog",
    "Necessity",
    "Operation",
    "Scope",
    "ScopeCatalog",
    "ScopeStatus",
    "ScopeTexts",
    "ScopeType",
]
