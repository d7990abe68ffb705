"""What a person has chosen from, on the pages about it: counted, called by its name, and looked up."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from consentcore.consent.story import listed
from consentcore.domain.message import Message, message, plural_message
from consentcore.domain.resource import DEFAULT_KIND, is_everything, kind_of, reference
from consentcore.hooks.calling import call

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyramid.request import Request

    from consentcore.ports.extension import Resource


def counted(references: Iterable[str]) -> str:
    """How many sites, meters and devices are chosen: "2 sites and 1 meter", "all your sites"; "" where none is."""
    references = list(references)
    kinds = Counter(kind_of(one) or DEFAULT_KIND for one in references)
    whole = {kind_of(one) or DEFAULT_KIND for one in references if is_everything(one)}
    said = [
        _all(kind) if kind in whole else _some(kind, n) for kind, n in sorted(kinds.items(), key=_sites_first)
    ]
    return listed(said) if said else ""


def _sites_first(pair: tuple[str, int]) -> tuple[bool, str]:
    return pair[0] != DEFAULT_KIND, pair[0]


def _some(kind: str, n: int) -> Message:
    if kind == "site":
        return plural_message("%(n)s site", "%(n)s sites", n=n)
    if kind == "meter":
        return plural_message("%(n)s meter", "%(n)s meters", n=n)
    if kind == "device":
        return plural_message("%(n)s device", "%(n)s devices", n=n)
    return message("%(n)s × %(kind)s", n=n, kind=kind)


def _all(kind: str) -> Message:
    if kind == "site":
        return message("all your sites")
    if kind == "meter":
        return message("all your meters")
    if kind == "device":
        return message("all your devices")
    return message("everything of kind %(kind)s", kind=kind)


def matching(request: Request, text: str) -> frozenset[str] | None:
    """References of the owner's resources that somebody means by these words; None where that cannot be found out
    just now."""
    words, found = text.casefold().split(), list[str]()
    for directory in request.runtime.resources:
        read = call(lambda asked=directory: list(asked.resources(request.owner)))  # type: ignore[misc]
        if read.error is not None:
            return None
        for one in read.answer:
            if _says(one, words):
                found += (one.resource_id, reference(one.kind or DEFAULT_KIND, one.resource_id))
    return frozenset(found)


def _says(one: Resource, words: Iterable[str]) -> bool:
    said = f"{one.label} {one.detail}".casefold()
    return all(word in said for word in words)
