"""Resources, as a grant keeps them: what an owner has chosen, each by one text that says of which kind it is.

A reference is ``kind|id``, such as ``site|fr-lyon-1``: neither tokens nor introspection have to ask anybody of which
kind an id is. ``kind|*`` stands for everything of that kind, also what is added later, and then no single one of it
is listed beside. What older releases have stored is the bare id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from consentcore.domain.errors import InvalidInput
from consentcore.domain.text import check_unicode

ALL = "*"
"""The id that stands for everything of a kind, also what is added later."""
DEFAULT_KIND = "site"
"""Of what older releases have stored without a kind, and of what a directory gives none."""
KIND = re.compile(r"[a-z][a-z0-9_.-]{0,39}")
"""The word for a kind of resources, such as ``site``."""
RESOURCE_ID = re.compile(r"\S{1,200}")
_REFERENCE = re.compile(rf"({KIND.pattern})\|(\S{{1,200}})")


def reference(kind: str, resource_id: str) -> str:
    """What a grant keeps of one resource."""
    return f"{kind}|{resource_id}"


def everything(kinds: Iterable[str]) -> tuple[str, ...]:
    """What a grant keeps where an owner has chosen everything of these kinds, also what is added later."""
    return tuple(sorted(reference(kind, ALL) for kind in set(kinds)))


def split(text: str) -> tuple[str, str]:
    """Kind and id of a reference; the kind is "" where an older release has stored the bare id."""
    found = _REFERENCE.fullmatch(text)
    return (found[1], found[2]) if found else ("", text)


def kind_of(text: str) -> str:
    """The kind of a reference; "" where an older release has stored the bare id."""
    return split(text)[0]


def id_of(text: str) -> str:
    """The id by which the directory knows it."""
    return split(text)[1]


def is_everything(text: str) -> bool:
    """Whether a reference stands for all of its kind, also what is added later."""
    return id_of(text) == ALL


def chosen_of(references: Iterable[str], kinds: Iterable[str]) -> tuple[str, ...]:
    """Those references that are of one of these kinds, a bare id of an older release among them."""
    wanted = {"", *kinds}
    return tuple(one for one in references if kind_of(one) in wanted)


def covers(references: Iterable[str], one: str) -> bool:
    """Whether a choice has a resource in it: by itself, or by everything of its kind."""
    held = set(references)
    return one in held or ALL in held or reference(kind_of(one), ALL) in held


def normal(references: Iterable[str]) -> tuple[str, ...]:
    """References as a grant keeps them: sorted, each once, and none of a kind of which everything is chosen."""
    found = set(references)
    whole = {kind_of(one) for one in found if is_everything(one)}
    return tuple(sorted(one for one in found if is_everything(one) or kind_of(one) not in whole))


def by_kind(references: Sequence[str]) -> list[dict[str, object]]:
    """What an API is told of a choice: ``[{"type": kind, "identifiers": [id, …]}]``, kinds and ids sorted.

    ``["*"]`` is everything of the kind that the owner has at the time of the request. Empty: nothing was chosen, and
    an API gives nothing.
    """
    found: dict[str, list[str]] = {}
    for one in references:
        kind, resource_id = split(one)
        found.setdefault(kind or DEFAULT_KIND, []).append(resource_id)
    return [{"type": kind, "identifiers": sorted(found[kind])} for kind in sorted(found)]


def read_by_kind(field: str, told: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    """References of a choice in the form of :func:`by_kind`.

    :param field: what it is called where it came from.
    :raises InvalidInput: naming ``field``, when it is not in that form.
    """
    found: list[str] = []
    for one in told:
        kind, ids = one.get("type"), one.get("identifiers")
        if set(one) != {"type", "identifiers"} or not isinstance(kind, str) or not isinstance(ids, list):
            raise InvalidInput(field, "expected objects of type and identifiers")
        if not KIND.fullmatch(kind):
            raise InvalidInput(field, "expected a type such as site")
        for resource_id in ids:
            if not isinstance(resource_id, str) or not RESOURCE_ID.fullmatch(resource_id):
                raise InvalidInput(field, "expected identifiers without blanks, of at most 200 characters")
            check_unicode(field, resource_id)
            found.append(reference(kind, resource_id))
    return normal(found)
