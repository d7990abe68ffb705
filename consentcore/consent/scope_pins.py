"""Holds the scope catalog to what it said before: a version stands for the meaning, a revision for the words.

What is in force is pinned in the storage word for word, by ``init`` and by every process that starts. Words that have
changed under the same version and revision, and a meaning that has grown under the same version, are refused. What was
pinned by somebody else than us, or changed since, is neither compared nor shown; ``audit verify`` names it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consentcore.consent.ledger import canonical
from consentcore.domain.errors import ConfigurationError, StorageError
from consentcore.domain.past_scopes import PinnedScope
from consentcore.domain.scope import TEXT_FIELDS, Scope, ScopeStatus, scope_from_facts
from consentcore.keys.seals import is_sealed
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.domain.scope import Catalog
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

log = logging.getLogger("consentcore.scopes")

LOOK_AGAIN_S = 10.0
"""How soon the storage is asked again at most for words that another process may have pinned meanwhile."""
_AT_ONCE = 20
_LISTS = ("includes", "data_categories")
_LIMITS = ("history_max_days", "retention_max_days")
_NOTHING: dict[str, Any] = {"resource_kinds": [], "history_max_days": None, "retention_max_days": None}
"""What a member of the meaning says where it is left out."""
_BEFORE = "what was shown before stands in the snapshot of each event that has one"


class ScopePins:
    """The pinned words of one process's catalog. Safe to use from any thread.

    :param storage: seals what is written.
    :param keys: what the seals are made with.
    """

    def __init__(self, storage: Storage, keys: KeyRing, clock: Clock, catalog: Catalog) -> None:
        self._storage = storage
        self._keys = keys
        self._clock = clock
        self._catalog = catalog
        self._looked = float("-inf")
        self._compared = False

    def pin(self) -> list[str]:
        """Compare the catalog with what is pinned, and pin what is new; several processes may do it at once.

        :returns: one line for what was pinned; nothing when all of it was there.
        :raises ConfigurationError: when words have changed under neither version nor revision, with the line to write.
        :raises StorageError: when the storage cannot be asked; then nothing was compared.
        """
        kept = self._kept()
        first, new, pinned = not kept, self._new(kept), self._ours(kept)
        for start in range(0, len(new), _AT_ONCE):
            batch = new[start : start + _AT_ONCE]
            transact(self._storage, lambda uow, batch=batch: self._add(uow, batch))  # type: ignore[misc]  # a default of a lambda has no type
        self._compared = True
        self._remember([*pinned, *(self._pinned(scope) for scope in new)])
        return _told(new, first=first)

    def pinned(self) -> Sequence[PinnedScope]:
        """Everything that we have pinned, as we wrote it.

        :raises StorageError: when the storage cannot be asked.
        """
        return self._ours(self._kept())

    def _kept(self) -> Sequence[PinnedScope]:
        with self._storage.reading() as uow:
            return uow.pinned_scopes.all()

    def _ours(self, kept: Sequence[PinnedScope]) -> list[PinnedScope]:
        ours = [one for one in kept if is_sealed(self._keys, one)]
        if len(ours) < len(kept):
            strange = len(kept) - len(ours)
            log.error("earlier words of %d scopes are not shown: they are not as we wrote them", strange)
        return ours

    def problems(self) -> list[str]:
        """Why this process must not serve: words that have changed. Asks the storage until it has answered once."""
        if self._compared:
            return []
        try:
            self.pin()
        except ConfigurationError as error:
            return list(error.problems)
        except StorageError as error:
            return [f"the words of scopes cannot be compared with those of before: {error}"]
        return []

    def _new(self, kept: Sequence[PinnedScope]) -> list[Scope]:
        entries = [*self._catalog, *self._catalog.unasked.values()]
        scopes = [scope for scope in entries if scope.status is not ScopeStatus.DRAFT]
        found = problems_of(scopes, self._ours(kept))
        if found:
            raise ConfigurationError(list(map(str, found)))
        known = {(one.scope_id, one.version, one.revision) for one in kept}
        return [one for one in scopes if (one.scope_id, one.version, one.revision) not in known]

    def _add(self, uow: UnitOfWork, batch: Sequence[Scope]) -> None:
        # Read again: whoever was faster may have pinned other words under the same revision.
        left = self._new(uow.pinned_scopes.all())
        for scope in batch:
            if scope in left:
                uow.pinned_scopes.add(self._pinned(scope))

    def _pinned(self, scope: Scope) -> PinnedScope:
        content = canonical(scope.facts)
        return PinnedScope(scope.scope_id, scope.version, scope.revision, content, self._clock.now())

    def _remember(self, pinned: Iterable[PinnedScope]) -> None:
        self._catalog.past.put(_read(pinned))

    def earlier(self) -> Iterator[tuple[str, int, int, Scope]]:
        """What is pinned: reference, revision, since when, and the scope; nothing when it was read a moment ago."""
        now = time.monotonic()
        if now - self._looked < LOOK_AGAIN_S:
            return iter(())
        self._looked = now
        try:
            return _read(self.pinned())
        except StorageError as error:
            log.warning("earlier words of scopes cannot be read, today's are shown: %s", error)
            return iter(())


@dataclass(frozen=True, slots=True)
class PinProblem:
    """What must not be, and the line to write.

    :ivar origin: file and line of the entry, where they are known.
    """

    scope_id: str
    problem: str
    origin: str = ""

    def __str__(self) -> str:
        return f"{self.origin + ': ' if self.origin else ''}scope {self.scope_id}: {self.problem}"


def problems_of(scopes: Iterable[Scope], pinned: Sequence[PinnedScope]) -> list[PinProblem]:
    """What must not be, with the place and the line to write there.

    :param pinned: everything that is pinned.
    """
    said: dict[str, list[PinnedScope]] = {}
    for one in pinned:
        said.setdefault(one.reference, []).append(one)
    found = []
    for scope in scopes:
        before = sorted(said.get(scope.reference, ()), key=lambda one: one.revision)
        problem = _problem(scope, before) if before else ""
        if problem:
            found.append(PinProblem(scope.scope_id, problem, scope.origin))
    return found


def _problem(scope: Scope, before: Sequence[PinnedScope]) -> str:
    latest = before[-1]
    same = next((one for one in before if one.revision == scope.revision), None)
    facts = json.loads(canonical(scope.facts))
    then = json.loads((same or latest).content)
    wider = _wider(then, facts)
    if wider:
        return (
            f"{', '.join(wider)}: more than version {scope.version} said; write "
            f"`version = {json.dumps(_next_version(scope.version))}`, and everybody who has agreed is asked again"
        )
    if same is None and scope.revision < latest.revision:
        return f"revision {latest.revision} of its words is in force already; write `revision = {latest.revision + 1}`"
    changed = _changed(then, facts)
    if same is None or not changed:
        return ""
    return (
        f"{', '.join(changed)}: changed under the same version and revision; write "
        f"`revision = {latest.revision + 1}` where it means the same, "
        f"or `version = {json.dumps(_next_version(scope.version))}`, and everybody who has agreed is asked again"
    )


def _wider(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Members of the meaning that let an application have more than before."""
    before, after = {**_NOTHING, **then}, {**_NOTHING, **now}
    found = [name for name in _LISTS if set(after[name]) - set(before[name])]
    found += ["type"] if after["type"] != before["type"] else []
    kinds = set(before["resource_kinds"])
    found += ["resource_kinds"] if kinds and set(after["resource_kinds"]) != kinds else []
    return found + [name for name in _LIMITS if _is_longer(before[name], after[name])]


def _is_longer(before: int | None, after: int | None) -> bool:
    """Whether a limit lets through more than before; None is no limit."""
    return before is not None and (after is None or after > before)


def _changed(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Texts that say something else, as ``sees`` or ``texts.de.sees``, and members of the meaning that say less."""
    before, after = {**_NOTHING, **then}, {**_NOTHING, **now}
    names = (*TEXT_FIELDS, *_LISTS, *_NOTHING)
    found = [name for name in names if before.get(name, "") != after.get(name, "")]
    texts, said = then.get("texts", {}), now.get("texts", {})
    for tag in sorted({*texts, *said}):
        if tag not in texts or tag not in said:
            found.append(f"texts.{tag}")
            continue
        found += [
            f"texts.{tag}.{name}"
            for name in TEXT_FIELDS
            if texts[tag].get(name, "") != said[tag].get(name, "")
        ]
    return found


def _next_version(version: str) -> str:
    return str(int(version) + 1) if version.isdecimal() else f"{version}.1"


def _read(pinned: Iterable[PinnedScope]) -> Iterator[tuple[str, int, int, Scope]]:
    for one in pinned:
        yield one.reference, one.revision, one.pinned_at, scope_from_facts(json.loads(one.content))


def _told(new: Sequence[Scope], *, first: bool) -> list[str]:
    if not new:
        return []
    if first:
        return [f"pinned the words of {len(new)} scopes as they are today; {_BEFORE}"]
    named = ", ".join(f"{scope.reference} revision {scope.revision}" for scope in new)
    return [f"pinned the words of {named}"]
