"""The directories of all plugins as one: what an owner has to choose from, checked before it is used.

A directory is somebody else's code that asks somebody else's server while a person waits: it is given up after a
while, it may fail, and what it answers may be anything. Whatever of that happens is one error here, and the operator's
log says whose.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar, cast

from consentcore.domain.errors import DirectoryUnavailable
from consentcore.domain.json_text import is_unicode
from consentcore.domain.resource import ALL, KIND, RESOURCE_ID, id_of, kind_of
from consentcore.domain.text import with_clean_texts
from consentcore.egress import Errand, errand
from consentcore.egress.errands import DIRECTORY
from consentcore.hooks.calling import Leash, Overdue
from consentcore.hooks.errors import describe_exception
from consentcore.hooks.older_directories import paged
from consentcore.ports.resources import Resource, ResourcePage

if TYPE_CHECKING:
    from consentcore.domain.owner import Owner
    from consentcore.ports.resources import AnyResourceDirectory, ResourceDirectory

log = logging.getLogger("consentcore.plugins")

LONGEST_S = 10.0
"""How long somebody who waits for a page waits for a directory."""
MOST_ROWS = 100
MOST_DESCRIBED = 1000
_LONGEST = {"label": 200, "detail": 200, "unavailable": 200}
_LONGEST_HEADING, _MOST_HEADINGS = 100, 3
_LONGEST_CURSOR = 300
_LANES = 8
"""Calls of one directory that may hang at a time: the owners of other lanes do not notice."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NamedDirectory:
    """One plugin's directory.

    :ivar is_local: whether it answers at once, out of this process: nobody has to be asked.
    """

    name: str
    made: AnyResourceDirectory
    is_local: bool = False


class Directories:
    """What all plugins together have. Safe to use from any thread.

    :param named: in the order of the configuration.
    :param catalog_kinds: kinds that any scope needs.
    :param overdue: told the name of a plugin that has not come back in its time.
    :param seconds: how long each call may take.
    """

    def __init__(
        self,
        named: Sequence[NamedDirectory],
        catalog_kinds: Iterable[str] = (),
        *,
        overdue: Callable[[str], object] = lambda _name: None,
        seconds: float = LONGEST_S,
    ) -> None:
        wanted = frozenset(catalog_kinds)
        self._made: dict[str, ResourceDirectory] = {one.name: paged(one.made, wanted) for one in named}
        self._kinds = {name: frozenset(made.kinds) for name, made in self._made.items()}
        self._leash = Leash(seconds)
        self._overdue = overdue
        self.asks_elsewhere = not all(one.is_local for one in named)
        self.kinds = frozenset(kind for kinds in self._kinds.values() for kind in kinds)

    def __bool__(self) -> bool:
        return bool(self._made)

    def allows_everything(self, kinds: Iterable[str]) -> bool:
        """Whether an owner may choose everything of these kinds, also what is added later."""
        asked = [self._made[name] for name in self._having(kinds)]
        return bool(asked) and all(one.allows_everything is True for one in asked)

    def page(
        self, owner: Owner, kinds: Sequence[str], *, query: str = "", after: str = "", limit: int = MOST_ROWS
    ) -> ResourcePage:
        """A page of what an owner has, one directory after the other.

        :param kinds: only these; empty is all.
        :param after: ``next_after`` of the page before; "" is the first page.
        :raises DirectoryUnavailable: when a directory fails, does not answer in time, or answers rubbish.
        """
        names = self._having(kinds)
        number, cursor = _read_cursor(after, len(names))
        rows: list[Resource] = []
        total: int | None = 0 if not after else None
        while number < len(names):
            found = self._page_of(
                names[number], owner, kinds, query=query, after=cursor, limit=limit - len(rows)
            )
            rows += found.resources
            total = None if total is None or found.total is None else total + found.total
            if found.next_after:
                return ResourcePage(
                    rows, f"{number}:{found.next_after}", found.total if len(names) == 1 else None
                )
            number, cursor = number + 1, ""
            if len(rows) >= limit and number < len(names):
                return ResourcePage(rows, f"{number}:", None)
        return ResourcePage(rows, "", len(rows) if not after else total)

    def describe(self, owner: Owner, references: Iterable[str]) -> dict[str, Resource]:
        """What these references stand for, by reference, a bare id of an older release by itself; those that no
        directory knows as this owner's are left out, and so is what stands for everything.

        :raises DirectoryUnavailable: see :meth:`page`.
        """
        wanted = [one for one in dict.fromkeys(references) if id_of(one) != ALL]
        found: dict[str, Resource] = {}
        for name in self._made:
            here = [one for one in wanted if self._may_know(name, one) and one not in found]
            for start in range(0, len(here), MOST_DESCRIBED):
                found |= self._described(name, owner, here[start : start + MOST_DESCRIBED])
        return found

    def _described(self, name: str, owner: Owner, references: Sequence[str]) -> dict[str, Resource]:
        ids = list(dict.fromkeys(id_of(one) for one in references))

        def ask() -> list[Resource]:
            return _checked(self._made[name].describe(owner, ids), len(ids))

        by_id = {one.resource_id: one for one in self._call(name, owner, ask)}
        known = ((one, by_id.get(id_of(one))) for one in references)
        return {one: said for one, said in known if said is not None and kind_of(one) in {"", said.kind}}

    def _page_of(
        self, name: str, owner: Owner, kinds: Sequence[str], *, query: str, after: str, limit: int
    ) -> ResourcePage:
        here = tuple(kind for kind in kinds if kind in self._kinds[name])

        def ask() -> ResourcePage:
            answer = self._made[name].list(owner, kinds=here, query=query, after=after, limit=limit)
            rows = _checked(answer.resources, limit)
            strange = next((row for row in rows if here and row.kind not in here), None)
            if strange is not None:
                raise ValueError(f"asked for kinds {', '.join(here)}, it has listed a {strange.kind}")
            total, cursor = answer.total, answer.next_after
            if total is not None and (type(total) is not int or total < 0):
                raise TypeError("total is no number of 0 or more")
            if not isinstance(cursor, str) or len(cursor) > _LONGEST_CURSOR or not is_unicode(cursor):
                raise TypeError(f"next_after is no text of at most {_LONGEST_CURSOR} characters")
            return ResourcePage(rows, cursor, total)

        return self._call(name, owner, ask)

    def _having(self, kinds: Iterable[str]) -> list[str]:
        wanted = set(kinds)
        return [name for name, has in self._kinds.items() if not wanted or not wanted.isdisjoint(has)]

    def _may_know(self, name: str, text: str) -> bool:
        return kind_of(text) in {"", *self._kinds[name]} or not self._kinds[name]

    def _call(self, name: str, owner: Owner, ask: Callable[[], T]) -> T:
        lane = zlib.crc32(owner.owner_id.encode()) % _LANES
        called = self._leash.call(f"{name}-{lane}", ask)
        if called.error is None:
            return called.answer
        if isinstance(called.error, Overdue):
            self._overdue(name)
        log.debug("plugin %s: its resource directory failed", name, exc_info=called.error)
        cause = f"plugin {name}: its resource directory failed: {describe_exception(called.error)}"
        raise DirectoryUnavailable(cause) from called.error


def asking(directories: Directories) -> AbstractContextManager[None]:
    """Stands around whatever asks the directories: where they have to ask somebody else, who waits for them holds
    nobody else up.

    :raises Busy: too many wait already.
    """
    return errand(Errand(DIRECTORY, "directories")) if directories.asks_elsewhere else nullcontext()


def _read_cursor(after: str, names: int) -> tuple[int, str]:
    number, joined, cursor = after.partition(":")
    if not joined or not number.isascii() or not number.isdecimal() or int(number[:9]) >= names:
        return 0, ""
    return int(number), cursor


def _checked(answer: Iterable[Resource], limit: int) -> list[Resource]:
    rows = [_clean(one) for one in answer]
    if len(rows) > limit:
        raise ValueError(f"asked for at most {limit}, it has given {len(rows)}")
    return rows


def _clean(one: Resource) -> Resource:
    """A resource with texts that can be shown, and not longer than a page bears.

    :raises TypeError, ValueError: when it is none.
    """
    if not isinstance(one, Resource):
        raise TypeError(f"expected resources, not {type(one).__name__}")
    if not isinstance(one.resource_id, str) or not RESOURCE_ID.fullmatch(one.resource_id):
        raise ValueError("resource_id: expected 1 to 200 characters without blanks")
    if one.resource_id == ALL or not is_unicode(one.resource_id) or "\x00" in one.resource_id:
        raise ValueError("resource_id: expected text, and not *")
    if not isinstance(one.kind, str) or not KIND.fullmatch(one.kind):
        raise ValueError("kind: expected a word such as site, meter or device")
    texts = {name: getattr(one, name) for name in _LONGEST}
    if not all(isinstance(text, str) and is_unicode(text) for text in (*texts.values(), *one.group)):
        raise TypeError("label, detail, group and unavailable: expected text")
    if not one.label.strip():
        raise ValueError("label: expected what people call it")
    found = with_clean_texts(one, *_LONGEST)
    shorter = {name: _short(getattr(found, name), longest) for name, longest in _LONGEST.items()}
    headings = tuple(_heading(text) for text in one.group[:_MOST_HEADINGS])
    return replace(found, **cast("Mapping[str, str]", shorter), group=tuple(filter(None, headings)))


@dataclass(frozen=True, slots=True)
class _Heading:
    text: str


def _heading(text: str) -> str:
    return _short(with_clean_texts(_Heading(text), "text").text.strip(), _LONGEST_HEADING)


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
