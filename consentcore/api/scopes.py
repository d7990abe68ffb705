"""For a scope catalog."""

from __future__ import annotations

from consentcore.domain.plain_words import empty_words
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
from consentcore.domain.scope_entry import EntryReader
from consentcore.domain.scope_rules import Fault, circle, faults
from consentcore.ports.scopes import OperationsSource, ScopeCatalog

__all__ = [
    "OFFLINE_ACCESS",
    "RESOURCE_KIND",
    "Catalog",
    "EntryReader",
    "Fault",
    "Necessity",
    "Operation",
    "OperationsSource",
    "Scope",
    "ScopeCatalog",
    "ScopeStatus",
    "ScopeTexts",
    "ScopeType",
    "circle",
    "empty_words",
    "faults",
]
