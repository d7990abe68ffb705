"""For a scope catalog."""

from __future__ import annotations

from consentcore.domain.detail_type import DetailMember, DetailTexts, DetailType, MemberKind
from consentcore.domain.detail_type_entry import DetailTypeReader
from consentcore.domain.detail_type_rules import detail_type_faults
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
from consentcore.ports.scopes import DetailTypesSource, OperationsSource, ScopeCatalog

__all__ = [
    "OFFLINE_ACCESS",
    "RESOURCE_KIND",
    "Catalog",
    "DetailMember",
    "DetailTexts",
    "DetailType",
    "DetailTypeReader",
    "DetailTypesSource",
    "EntryReader",
    "Fault",
    "MemberKind",
    "Necessity",
    "Operation",
    "OperationsSource",
    "Scope",
    "ScopeCatalog",
    "ScopeStatus",
    "ScopeTexts",
    "ScopeType",
    "circle",
    "detail_type_faults",
    "empty_words",
    "faults",
]
