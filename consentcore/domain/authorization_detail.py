"""Authorization details (RFC 9396): what an application asks for, object by object, and what an owner has granted.

What codes, tokens and grants keep of each is one text: the object as it was asked, with the version of the type that it
was held to, and the kinds of resources that this type needs. Which resources those are, the grant alone says: what is
told of a detail names them as they are at that moment, so that an owner who takes a site away takes it away at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from consentcore.domain.errors import InvalidInput
from consentcore.domain.resource import by_kind, chosen_of, covers

RESOURCES = "resources"
"""The member in which a detail names what the owner has chosen, in the form of the one of the same name beside it."""
MOST_IN_REQUEST = 10
"""Objects of one request."""
MOST_IN_GRANT = 50
"""Details that one permission keeps."""


@dataclass(frozen=True, slots=True)
class AuthorizationDetail:
    """One object of ``authorization_details`` (RFC 9396 section 2).

    :ivar members: its JSON members, ``type`` among them, as they were asked; never :data:`RESOURCES`.
    :ivar version: of the type, as the catalog had it when it was asked.
    :ivar kinds: kinds of resources that the type needs; empty where there is nothing to choose.
    :ivar resources: references of those that a token was narrowed to; None for all that the owner has chosen.
    """

    members: Mapping[str, Any]
    version: str = "1"
    kinds: tuple[str, ...] = ()
    resources: tuple[str, ...] | None = None

    @property
    def type(self) -> str:
        """Of which type it is."""
        return str(self.members["type"])

    @property
    def facts(self) -> dict[str, Any]:
        """It as JSON has it, and as the ledger says it."""
        found: dict[str, Any] = {
            "detail": dict(self.members),
            "kinds": list(self.kinds),
            "version": self.version,
        }
        return found if self.resources is None else {**found, RESOURCES: list(self.resources)}

    @property
    def text(self) -> str:
        """It as it is kept."""
        return json.dumps(self.facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def from_facts(facts: Mapping[str, Any]) -> AuthorizationDetail:
    """The detail that :attr:`AuthorizationDetail.facts` are of.

    :raises ValueError, TypeError, LookupError, AttributeError: when they are of none.
    """
    members, narrowed = dict(facts["detail"]), facts.get(RESOURCES)
    if not isinstance(members["type"], str):
        raise TypeError("the type of an authorization detail is no text")
    return AuthorizationDetail(
        members, str(facts["version"]), tuple(facts["kinds"]), None if narrowed is None else tuple(narrowed)
    )


@lru_cache(maxsize=2000)
def read(text: str) -> AuthorizationDetail:
    """A detail as it is kept. The value is shared: nobody changes its members.

    :raises ValueError, TypeError, LookupError, AttributeError: when it is none.
    """
    return from_facts(json.loads(text))


def facts_of(texts: Iterable[str]) -> list[dict[str, Any]]:
    """Kept details as the ledger says them."""
    return [read(one).facts for one in texts]


def texts_of(facts: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Details as they are kept, of what the ledger says."""
    return tuple(from_facts(one).text for one in facts)


def kinds_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Kinds of resources that these kept details need, sorted."""
    return tuple(sorted({kind for one in texts for kind in read(one).kinds}))


def types_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Types of these kept details, in their order, each once."""
    return tuple(dict.fromkeys(read(one).type for one in texts))


def told(texts: Iterable[str], references: Sequence[str]) -> list[dict[str, Any]]:
    """What an API or an application is told of kept details (RFC 9396 sections 7 and 9).

    :param references: what the owner has chosen, as the grant has it now. A detail whose type needs a choice names
        those of its kinds in the member ``resources``, which is empty where there are none: an API gives nothing then.
    """
    return [_told(read(one), references) for one in texts]


def _told(detail: AuthorizationDetail, references: Sequence[str]) -> dict[str, Any]:
    if not detail.kinds:
        return dict(detail.members)
    chosen = chosen_of(references, detail.kinds)
    if detail.resources is not None:
        chosen = tuple(one for one in detail.resources if covers(chosen, one))
    return {**detail.members, RESOURCES: by_kind(chosen)}


def is_within(asked: AuthorizationDetail, held: AuthorizationDetail) -> bool:
    """Whether ``asked`` is no more than ``held``, see :func:`first_beyond`, of the same version of its type."""
    return asked.version == held.version and not first_beyond(asked, held)


def first_beyond(asked: AuthorizationDetail, held: AuthorizationDetail) -> str:
    """The first member by which ``asked`` is more than ``held``; "" where there is none.

    A list may name fewer items than it held, and at least one. Everything else has to be the same, and every member
    has to be there: what is absent is never more, and never less. Texts are compared sign by sign (RFC 9396
    section 12).
    """
    beyond = _beyond(asked.members, held.members, "")
    if beyond or asked.resources is None:
        return beyond or ("" if held.resources is None else RESOURCES)
    within = held.resources is None or all(covers(held.resources, one) for one in asked.resources)
    return "" if within else RESOURCES


def _beyond(asked: Mapping[str, Any], held: Mapping[str, Any], before: str) -> str:
    for name in [*asked, *(name for name in held if name not in asked)]:
        path = f"{before}{name}"
        if name not in asked or name not in held:
            return path
        one, other = asked[name], held[name]
        if isinstance(one, dict) and isinstance(other, dict):
            inner = _beyond(one, other, f"{path}.")
            if inner:
                return inner
        elif not _is_part(one, other):
            return path
    return ""


def _is_part(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return bool(one) and all(any(_same(item, held) for held in other) for item in one)
    return _same(one, other)


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def effective(texts: tuple[str, ...], granted: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the details of a code or token that its grant still covers.

    :param granted: those that the grant keeps.
    """
    if not texts or texts == granted:
        return texts
    held = [read(one) for one in granted]
    return tuple(one for one in texts if any(is_within(read(one), other) for other in held))


def are_within(texts: Iterable[str], granted: Iterable[str]) -> bool:
    """Whether each of these kept details is within one that was granted."""
    held = [read(one) for one in granted]
    return all(any(is_within(read(one), other) for other in held) for one in texts)


def united(before: Sequence[str], approved: Sequence[str]) -> tuple[str, ...]:
    """What a grant keeps after a further approval: what was not asked this time stays as it is, and each detail once,
    in the widest form that was allowed.

    What stood under an earlier version of its type goes where just that was approved under the one of today.

    :raises InvalidInput: when that would be more than :data:`MOST_IN_GRANT`.
    """
    kept = list(before)
    for text in approved:
        new = read(text)
        if any(is_within(new, read(one)) for one in kept):
            continue
        kept = [one for one in kept if first_beyond(read(one), new)]
        kept.append(text)
    if len(kept) > MOST_IN_GRANT:
        raise InvalidInput("authorization_details", f"expected at most {MOST_IN_GRANT} in one permission")
    return tuple(kept)
