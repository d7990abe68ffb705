"""What a scope catalog lacks so that people can judge it, in every language that pages are offered in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from consentcore.consent.scope_pins import problems_of
from consentcore.domain.detail_type_rules import detail_type_faults
from consentcore.domain.plain_words import empty_words, reading_problem
from consentcore.domain.scope import Catalog, Scope, ScopeStatus, ScopeTexts, ScopeType
from consentcore.domain.scope_rules import faults

if TYPE_CHECKING:
    from consentcore.domain.detail_type import DetailType
    from consentcore.domain.past_scopes import PinnedScope

_WORDLESS = "no catalog has words for it, so nobody can ask for it: write them, or say that it is internal"
_ALWAYS = ("label", "sees", "cannot", "cluster")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend.

    :ivar scope: its id.
    :ivar name: of the member; "" for the whole entry.
    :ivar locale: the language it is about; "" for all.
    :ivar origin: file and line of the entry, where they are known.
    """

    scope: str
    problem: str
    name: str = ""
    locale: str = ""
    origin: str = ""

    def __str__(self) -> str:
        where = f"{self.origin}: " if self.origin else ""
        member = f"{self.name}{f' ({self.locale})' if self.locale else ''}: " if self.name else ""
        return f"{where}scope {self.scope}: {member}{self.problem}"

    @property
    def facts(self) -> dict[str, str]:
        """It as JSON has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class DetailTypeFinding(Finding):
    """The same of a type of authorization details, whose id is in ``scope``."""

    def __str__(self) -> str:
        where = f"{self.origin}: " if self.origin else ""
        member = f"{self.name}{f' ({self.locale})' if self.locale else ''}: " if self.name else ""
        return f"{where}detail type {self.scope}: {member}{self.problem}"


def lint(
    catalog: Catalog, locales: Mapping[str, Sequence[str]], pinned: Sequence[PinnedScope] = ()
) -> list[Finding]:
    """Everything to mend, by scope in the order of the catalog.

    :param locales: languages that pages are offered in; for each the tags whose texts serve it, such as ``de-AT``,
        ``de``.
    :param pinned: what was in force before.
    """
    entries = [*catalog, *catalog.unasked.values()]
    known = {scope.scope_id for scope in entries}
    found: list[Finding] = []
    for scope in entries:
        if scope.status is ScopeStatus.RETIRED:
            continue
        found += _of(scope, _findings(scope, locales, known))
    found += (Finding(one.scope_id, one.problem, origin=one.origin) for one in problems_of(entries, pinned))
    for scope_id, calls in catalog.wordless.items():
        product = next((one.product for one in calls if one.product), "an API")
        found.append(Finding(scope_id, f"{product} knows it, and {_WORDLESS}"))
    for kind in catalog.detail_types.values():
        found += (DetailTypeFinding(kind.type_id, *one, kind.origin) for one in _of_type(kind, locales))
    return found


def _of_type(kind: DetailType, locales: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str, str]]:
    """Problem, member and language of what a type lacks."""
    yield from ((fault.problem, fault.name, fault.tag) for fault in detail_type_faults(kind))
    said = {kind.locale: kind.said, **kind.texts}
    by_tag = {tag.lower() for tag in said}
    for locale, ranges in locales.items():
        if not any(tag.lower() in by_tag for tag in (locale, *ranges)):
            yield "missing: no words in this language", "texts", locale
    for tag, texts in said.items():
        words = (texts.label, texts.sees, texts.cannot, texts.sensitivity, *texts.members.values())
        meanings = (one for values in texts.values.values() for one in values.values())
        for text in (*words, *meanings):
            for word in empty_words(text, tag):
                yield f"says {word!r}, expected all of it in plain words", "texts", tag
        if not texts.cannot:
            yield "missing, expected a text", "cannot", tag
        problem = reading_problem(f"{texts.sees} {texts.cannot} {texts.sensitivity}")
        if problem:
            yield problem, "sees", tag


def _of(scope: Scope, findings: Iterable[tuple[str, str, str]]) -> Iterator[Finding]:
    for name, locale, problem in findings:
        yield Finding(scope.scope_id, problem, name, locale, scope.origin)


def _findings(
    scope: Scope, locales: Mapping[str, Sequence[str]], known: set[str]
) -> Iterator[tuple[str, str, str]]:
    yield from ((fault.name, fault.tag, fault.problem) for fault in faults(scope))
    yield from ((name, "", problem) for name, problem in _lacking(scope, known))
    said: dict[str, Scope | ScopeTexts] = {scope.locale: scope, **scope.texts}
    by_tag = {tag.lower(): tag for tag in said}
    for locale, ranges in locales.items():
        if not any(tag.lower() in by_tag for tag in (locale, *ranges)):
            yield "texts", locale, "missing: no words in this language"
    for tag, texts in said.items():
        yield from ((name, tag, problem) for name, problem in _texts(scope, texts, tag))


def _lacking(scope: Scope, known: set[str]) -> Iterator[tuple[str, str]]:
    if scope.replaced_by and scope.replaced_by not in known:
        yield "replaced_by", f"there is no scope {scope.replaced_by!r}"
    yield from (("includes", f"there is no scope {one!r}") for one in scope.includes if one not in known)
    if scope.type is ScopeType.SESSION:
        return
    for name, what in (
        ("purposes", "what it may be used for"),
        ("data_categories", "which categories of data it is about"),
    ):
        if not getattr(scope, name):
            yield name, f"missing, expected {what}"
    if scope.history_max_days is None:
        yield (
            "history_max_days",
            "missing, expected how far back the data goes, in days; 0: nothing from before",
        )
    if scope.retention_max_days is None:
        yield "retention_max_days", "missing, expected how long an application may keep the data, in days"
    if not scope.operations:
        yield "operations", "missing, expected the calls of APIs that it opens"
    if not scope.products:
        yield "product", "missing, expected the API product that it belongs to"


def _texts(scope: Scope, texts: Scope | ScopeTexts, tag: str) -> Iterator[tuple[str, str]]:
    needed = [*_ALWAYS]
    needed += ["example"] if scope.type is not ScopeType.SESSION else []
    needed += ["sensitivity"] if scope.level >= 2 else []
    needed += ["on_revoke"] if scope.type is ScopeType.ACT else []
    yield from ((name, "missing, expected a text") for name in needed if not getattr(texts, name).strip())
    for name in (*_ALWAYS, "example", "sensitivity", "on_revoke"):
        for word in empty_words(getattr(texts, name), tag):
            yield name, f"says {word!r}, expected all of it in plain words"
    problem = reading_problem(f"{texts.sees} {texts.cannot} {texts.sensitivity} {texts.on_revoke}")
    if problem:
        yield "sees", problem
