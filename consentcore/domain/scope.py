"""Scopes and the catalog: what can be shared, in words that a data owner understands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

OFFLINE_ACCESS = "offline_access"


class ScopeType(StrEnum):
    """What a scope lets an application do."""

    READ = "read"
    ACT = "act"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class ScopeTexts:
    """What an entry of the catalog says in one language; see :class:`Scope`."""

    label: str
    sees: str
    cannot: str = ""
    example: str = ""
    sensitivity: str = ""
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """One entry of the catalog. Immutable: a changed meaning is a new ``version``, and is asked again.

    :ivar scope_id: the scope token of RFC 6749 section 3.3.
    :ivar label: what the pages call it, at most 60 characters.
    :ivar sees: what the application can see or do.
    :ivar cannot: what it cannot.
    :ivar example: one example value.
    :ivar sensitivity: what a reader could infer; empty for harmless data.
    :ivar cluster: the heading under which it is listed.
    :ivar level: risk, 1 (harmless) to 4 (acts on devices).
    :ivar access_max_days: longest time a grant with this scope lasts.
    :ivar includes: scopes whose data this one contains.
    :ivar texts: what it says in other languages, by tag (RFC 5646).
    :ivar resource_kinds: kinds of resources, such as ``site``, of which an owner has to choose at least one for it to
        open anything; empty where there is nothing to choose.
    """

    scope_id: str
    label: str
    sees: str
    version: str = "1"
    type: ScopeType = ScopeType.READ
    cannot: str = ""
    example: str = ""
    sensitivity: str = ""
    cluster: str = ""
    level: int = 1
    access_max_days: int = 365
    includes: tuple[str, ...] = ()
    data_categories: tuple[str, ...] = ()
    texts: Mapping[str, ScopeTexts] = field(default_factory=dict, hash=False)
    resource_kinds: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """The scope pinned to its meaning: ``comfort.read@1``."""
        return f"{self.scope_id}@{self.version}"

    def in_language(self, ranges: Sequence[str]) -> Scope:
        """The scope as people read it, in the first of these languages that it has texts for, else in its own.

        :param ranges: tags of RFC 5646, such as ``pt-BR``, ``pt``.
        """
        texts = {tag.lower(): said for tag, said in self.texts.items()}
        found = next((texts[tag.lower()] for tag in ranges if tag.lower() in texts), None)
        if found is not None:
            return replace(self, **asdict(found), texts={})
        return replace(self, texts={}) if self.texts else self

    @property
    def facts(self) -> dict[str, Any]:
        """Everything of it, for JSON; without the members ``texts`` and ``resource_kinds`` where they are empty."""
        members = asdict(self)
        for name in ("texts", "resource_kinds"):
            if not members[name]:
                del members[name]
        return members


@dataclass(frozen=True)
class Catalog:
    """Every scope that can be granted, by id, and a version that changes when any text changes."""

    scopes: dict[str, Scope]
    version: str = field(default="")
    _shown: dict[tuple[str, ...], Catalog] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, scopes: Iterable[Scope]) -> Catalog:
        """Make a catalog; its version is a hash of all texts, so it cannot be forgotten."""
        by_id = {scope.scope_id: scope for scope in scopes}
        text = json.dumps([by_id[key].facts for key in sorted(by_id)], sort_keys=True)
        return cls(by_id, hashlib.sha256(text.encode()).hexdigest()[:16])

    def __contains__(self, scope_id: object) -> bool:
        return scope_id in self.scopes

    def __getitem__(self, scope_id: str) -> Scope:
        return self.scopes[scope_id]

    def __iter__(self) -> Iterator[Scope]:
        return iter(self.scopes.values())

    @cached_property
    def resource_kinds(self) -> frozenset[str]:
        """Kinds of resources that any scope needs; where there are some, what is told of a token always has the member
        ``resources``."""
        return frozenset(kind for scope in self for kind in scope.resource_kinds)

    def kinds_for(self, scope_ids: Iterable[str]) -> tuple[str, ...]:
        """Kinds of resources that these scopes need, sorted."""
        found = {kind for one in scope_ids if one in self for kind in self[one].resource_kinds}
        return tuple(sorted(found))

    def in_language(self, ranges: tuple[str, ...]) -> Catalog:
        """The same catalog with the texts that somebody reads who reads these languages, see :meth:`Scope.in_language`;
        its version is the same too."""
        found = self._shown.get(ranges)
        if found is None:
            scopes = {name: scope.in_language(ranges) for name, scope in self.scopes.items()}
            found = self._shown[ranges] = Catalog(scopes, self.version)
        return found

    def named(self, scope_ids: Iterable[str]) -> tuple[Scope, ...]:
        """These scopes in the order of the catalog; ids that it no longer has come last, named by themselves."""
        wanted = set(scope_ids)
        known = tuple(scope for scope in self if scope.scope_id in wanted)
        gone = sorted(wanted - {scope.scope_id for scope in known})
        return known + tuple(Scope(scope_id, scope_id, "") for scope_id in gone)
