"""The limits of a scope: one place for whoever reads a catalog, the conformance kit, ``plugins check`` and ``scopes
lint``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from consentcore.domain.resource import KIND
from consentcore.domain.scope import OFFLINE_ACCESS, Scope, ScopeTexts, ScopeType

TOKEN = re.compile(r"[\x21\x23-\x3f\x41-\x5b\x5d-\x7e]{1,100}")
"""RFC 6749 section 3.3 without the @ that joins a scope and its version, of a length that fits a URL."""
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}")
LONGEST: Mapping[str, int] = {
    "label": 60,
    "sees": 200,
    "cannot": 200,
    "example": 200,
    "sensitivity": 200,
    "cluster": 60,
    "on_revoke": 200,
}
"""Characters of each text."""
FIGURES: Mapping[str, tuple[int, int]] = {
    "level": (1, 4),
    "access_max_days": (1, 3650),
    "revision": (1, 100_000),
    "history_max_days": (0, 36_500),
    "retention_max_days": (0, 36_500),
}
"""The lowest and the highest of each figure."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a scope is beyond a limit.

    :ivar name: of the member.
    :ivar tag: of the language (RFC 5646) for a text in another one than its own, else "".
    """

    name: str
    problem: str
    tag: str = ""

    def __str__(self) -> str:
        return f"{self.name}{f' ({self.tag})' if self.tag else ''}: {self.problem}"


def faults(scope: Scope) -> Iterator[Fault]:
    """Every limit that a scope exceeds.

    :raises TypeError, AttributeError: when it is no scope.
    """
    if not TOKEN.fullmatch(scope.scope_id):
        yield Fault(
            "scope_id", "expected a scope token of 1 to 100 characters (RFC 6749 section 3.3) without @"
        )
    if not VERSION.fullmatch(scope.version):
        yield Fault("version", 'expected a text of 1 to 20 letters, digits, dots, _ and -, such as "2"')
    yield from _kind_faults(scope)
    yield from _text_faults(scope, "")
    for tag, said in scope.texts.items():
        yield from _text_faults(said, tag)
    for name, (lowest, highest) in FIGURES.items():
        value = getattr(scope, name)
        if value is not None and not lowest <= value <= highest:
            yield Fault(name, f"expected {lowest} to {highest}, not {value}")
    for kind in scope.resource_kinds:
        if not KIND.fullmatch(kind):
            yield Fault("resource_kinds", f"expected kinds such as site, meter or device, not {kind!r}")


def _kind_faults(scope: Scope) -> Iterator[Fault]:
    kind: object = scope.type
    if not isinstance(kind, ScopeType):
        yield Fault("type", f"expected a ScopeType, not {kind!r}")
    elif (scope.scope_id == OFFLINE_ACCESS) != (kind is ScopeType.SESSION):
        yield Fault("type", f"expected ScopeType.SESSION for {OFFLINE_ACCESS} and for nothing else")
    elif kind is ScopeType.SESSION and scope.resource_kinds:
        yield Fault("resource_kinds", f"expected none for {OFFLINE_ACCESS}, which shares no data")


def _text_faults(said: Scope | ScopeTexts, tag: str) -> Iterator[Fault]:
    for name, most in LONGEST.items():
        text = getattr(said, name)
        if name == "label" and not 1 <= len(text) <= most:
            yield Fault(name, f"expected 1 to {most} characters, not {len(text)}", tag)
        elif len(text) > most:
            yield Fault(name, f"expected at most {most} characters, not {len(text)}", tag)
    if not said.sees.strip():
        yield Fault("sees", "expected what the application sees or does", tag)


def circle(includes: Mapping[str, Iterable[str]]) -> str:
    """A scope that leads back to itself through what it includes; "" when there is none.

    :param includes: by id.
    """
    for scope_id in includes:
        found: set[str] = set()
        waiting = list(includes[scope_id])
        while waiting:
            other = waiting.pop()
            if other not in found:
                found.add(other)
                waiting += includes.get(other, ())
        if scope_id in found:
            return scope_id
    return ""
