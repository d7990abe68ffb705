"""Scopes and the catalog: what can be shared, in words that a data owner understands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from consentcore.domain.detail_type import DetailType
from consentcore.domain.past_scopes import PastScopes
from consentcore.domain.scope_parts import (
    OFFLINE_ACCESS,
    Necessity,
    Operation,
    ScopeStatus,
    ScopeTexts,
    ScopeType,
)

__all__ = [
    "OFFLINE_ACCESS",
    "TEXT_FIELDS",
    "Catalog",
    "Necessity",
    "Operation",
    "Scope",
    "ScopeStatus",
    "ScopeTexts",
    "ScopeType",
    "scope_from_facts",
]

TEXT_FIELDS = tuple(one.name for one in fields(ScopeTexts))


@dataclass(frozen=True, slots=True)
class Scope:
    """One entry of the catalog. Immutable: a changed meaning is a new ``version``, and is asked again; words that say
    the same better, or in a further language, are a new ``revision``, and are not.

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
    :ivar necessity: whether the owner chooses it by itself, for every application that asks; an application may be
        registered as one that can do without more.
    :ivar resource_kinds: kinds of resources, such as ``site``, of which an owner has to choose at least one for it to
        open anything; empty where there is nothing to choose.
    :ivar revision: of the words, from 1.
    :ivar on_revoke: of a scope that acts: what becomes of what it has set, when access ends.
    :ivar status: where it is in its life.
    :ivar replaced_by: the scope to ask for instead; "" when there is none.
    :ivar purposes: ids of the purposes it may serve; without any, whatever purpose an application states.
    :ivar history_max_days: how far back the data goes at most, in days; 0: nothing from before; None: no limit.
    :ivar retention_max_days: how long an application may keep the data at most, in days; None: as its own notice says.
    :ivar product: the API product it is documented with; "" where its operations say it.
    :ivar operations: calls of APIs that it opens.
    :ivar locale: the language that its texts are in, outside of ``texts`` (RFC 5646).
    :ivar origin: the file and line of its entry, for messages; no part of what it says.
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
    necessity: Necessity = Necessity.REQUIRED
    resource_kinds: tuple[str, ...] = ()
    revision: int = 1
    on_revoke: str = ""
    status: ScopeStatus = ScopeStatus.ACTIVE
    replaced_by: str = ""
    purposes: tuple[str, ...] = ()
    history_max_days: int | None = None
    retention_max_days: int | None = None
    product: str = ""
    operations: tuple[Operation, ...] = ()
    locale: str = "en"
    origin: str = field(default="", compare=False)

    @property
    def reference(self) -> str:
        """The scope pinned to its meaning: ``comfort.read@1``."""
        return f"{self.scope_id}@{self.version}"

    def in_language(self, ranges: Sequence[str]) -> Scope:
        """The scope as people read it, in the first of these languages that it has texts for, else in its own.

        :param ranges: tags of RFC 5646, such as ``pt-BR``, ``pt``.
        """
        texts = {tag.lower(): (tag, said) for tag, said in self.texts.items()}
        found = next((texts[tag.lower()] for tag in ranges if tag.lower() in texts), None)
        if found is not None:
            tag, said = found
            return replace(self, **asdict(said), texts={}, locale=tag)
        return replace(self, texts={}) if self.texts else self

    @property
    def products(self) -> tuple[str, ...]:
        """The API products that it belongs to, the one it is documented with first."""
        named = [self.product, *(one.product for one in self.operations)]
        return tuple(dict.fromkeys(one for one in named if one))

    @property
    def facts(self) -> dict[str, Any]:
        """Everything of it, for JSON; without the member ``texts`` where it has texts in one language only, and without
        what a release before 0.2 did not know, where it says nothing."""
        members = {name: getattr(self, name) for name in _ALWAYS}
        members |= {
            name: said for name, default in _AT_TIMES.items() if (said := getattr(self, name)) != default
        }
        if self.operations:
            members["operations"] = [asdict(one) for one in self.operations]
        if self.texts:
            members["texts"] = {tag: _said(said) for tag, said in self.texts.items()}
        return members


def _said(texts: ScopeTexts) -> dict[str, str]:
    found = asdict(texts)
    if not texts.on_revoke:
        del found["on_revoke"]
    return found


_NAMES = [one.name for one in fields(Scope) if one.name not in {"texts", "operations", "origin"}]
_SINCE = _NAMES.index("necessity")
_ALWAYS = tuple(_NAMES[:_SINCE])
_AT_TIMES = {one.name: one.default for one in fields(Scope) if one.name in _NAMES[_SINCE:]}


def scope_from_facts(facts: Mapping[str, Any]) -> Scope:
    """The scope that :attr:`Scope.facts` are of, read from JSON; what they do not know is left out.

    :raises ValueError, TypeError, KeyError: when they are of none.
    """
    given = {name: facts[name] for name in _NAMES if name in facts}
    lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    kinds = {"type": ScopeType, "necessity": Necessity, "status": ScopeStatus}
    enums = {name: kind(given[name]) for name, kind in kinds.items() if name in given}
    texts = {tag: ScopeTexts(**said) for tag, said in facts.get("texts", {}).items()}
    operations = tuple(Operation(**one) for one in facts.get("operations", ()))
    return Scope(**{**given, **lists, **enums}, texts=texts, operations=operations)


@dataclass(frozen=True)
class Catalog:
    """Every scope that can be granted, by id, and a version that changes when any text changes.

    :ivar unasked: entries that nobody can ask for: drafts, and what is retired.
    :ivar wordless: calls of APIs by scopes that have no words in any catalog, and so cannot be asked for.
    :ivar past: what scopes said before, see :meth:`as_of`.
    :ivar detail_types: types of authorization details (RFC 9396), by the value of ``type``.
    """

    scopes: dict[str, Scope]
    version: str = field(default="")
    _shown: dict[tuple[str, ...], Catalog] = field(default_factory=dict, repr=False, compare=False)
    unasked: dict[str, Scope] = field(default_factory=dict)
    wordless: Mapping[str, tuple[Operation, ...]] = field(default_factory=dict)
    past: PastScopes[Scope] = field(default_factory=PastScopes, repr=False, compare=False)
    _ranges: tuple[str, ...] | None = field(default=None, repr=False, compare=False)
    detail_types: Mapping[str, DetailType] = field(default_factory=dict)

    @classmethod
    def of(cls, scopes: Iterable[Scope], detail_types: Iterable[DetailType] = ()) -> Catalog:
        """Make a catalog; its version is a hash of all texts, so it cannot be forgotten."""
        by_id = {scope.scope_id: scope for scope in scopes}
        types = {one.type_id: one for one in detail_types}
        facts = [by_id[key].facts for key in sorted(by_id)] + [types[key].facts for key in sorted(types)]
        text = json.dumps(facts, sort_keys=True)
        offered = {name: scope for name, scope in by_id.items() if scope.status.can_be_asked}
        others = {name: scope for name, scope in by_id.items() if name not in offered}
        version = hashlib.sha256(text.encode()).hexdigest()[:16]
        return cls(offered, version, unasked=others, detail_types=types)

    def __contains__(self, scope_id: object) -> bool:
        return scope_id in self.scopes

    def __getitem__(self, scope_id: str) -> Scope:
        return self.scopes[scope_id]

    def __iter__(self) -> Iterator[Scope]:
        return iter(self.scopes.values())

    @cached_property
    def resource_kinds(self) -> frozenset[str]:
        """Kinds of resources that any scope or authorization detail needs; where there are some, what is told of a
        token always has the member ``resources``."""
        return frozenset(
            kind for each in (*self, *self.detail_types.values()) for kind in each.resource_kinds
        )

    def kinds_for(self, scope_ids: Iterable[str]) -> tuple[str, ...]:
        """Kinds of resources that these scopes need, sorted."""
        found = {kind for one in scope_ids if one in self for kind in self[one].resource_kinds}
        return tuple(sorted(found))

    def in_language(self, ranges: tuple[str, ...]) -> Catalog:
        """The same catalog with the texts that somebody reads who reads these languages, see :meth:`Scope.in_language`;
        its version is the same too."""
        found = self._shown.get(ranges)
        if found is None:
            offered, others = (
                {name: scope.in_language(ranges) for name, scope in scopes.items()}
                for scopes in (self.scopes, self.unasked)
            )
            types = {name: one.in_language(ranges) for name, one in self.detail_types.items()}
            found = self._shown[ranges] = replace(
                self, scopes=offered, unasked=others, detail_types=types, _shown={}, _ranges=ranges
            )
        return found

    def named(self, scope_ids: Iterable[str]) -> tuple[Scope, ...]:
        """These scopes in the words of today and the order of the catalog; ids that it no longer has come last, named
        by themselves. For what somebody has agreed to, see :meth:`as_of`."""
        wanted = set(scope_ids)
        known = tuple(scope for scope in self if scope.scope_id in wanted)
        gone = sorted(wanted - {scope.scope_id for scope in known})
        return known + tuple(self.unasked.get(scope_id) or Scope(scope_id, scope_id, "") for scope_id in gone)

    def as_of(
        self,
        references: Iterable[str],
        *,
        at: int | None = None,
        revisions: Mapping[str, int] | None = None,
    ) -> tuple[Scope, ...]:
        """Scopes in the words of the version that was agreed to, in the order of the catalog.

        :param references: pinned scopes, such as ``comfort.read@1``.
        :param at: a moment, in milliseconds since the epoch: in the wording that was in force then. Without it, in the
            latest wording of that version.
        :param revisions: of the words, by reference, where an event says it: goes before ``at``.
        """
        said = revisions or {}
        found = [self._then(one, said.get(one), at) for one in dict.fromkeys(references)]
        places, last = self._places, len(self._places)
        return tuple(
            sorted(found, key=lambda one: (places.get(one.scope_id, last), one.scope_id, one.version))
        )

    @cached_property
    def _places(self) -> dict[str, int]:
        return {scope_id: place for place, scope_id in enumerate(self.scopes)}

    def revisions_of(self, references: Iterable[str]) -> dict[str, int]:
        """The revision in force now of each of these pinned scopes that anything is known of."""
        found = {}
        for reference in references:
            scope = self._today(reference) or self.past.at(reference)
            if scope is not None:
                found[reference] = scope.revision
        return found

    def _then(self, reference: str, revision: int | None, at: int | None) -> Scope:
        today = self._today(reference)
        if today is not None and (today.revision == revision or (at is None and revision is None)):
            return today
        found = self.past.at(reference, at, revision) or today
        if found is not None:
            return found.in_language(self._ranges) if self._ranges is not None else found
        scope_id, _, version = reference.rpartition("@")
        scope_id = scope_id or reference
        known = self.scopes.get(scope_id) or self.unasked.get(scope_id)
        # Of a version from before words were pinned: what it is called is known, and nothing is said of it.
        return Scope(scope_id, known.label if known else scope_id, "", version=version)

    def _today(self, reference: str) -> Scope | None:
        scope_id = reference.rpartition("@")[0]
        found = self.scopes.get(scope_id) or self.unasked.get(scope_id)
        return found if found is not None and found.reference == reference else None
