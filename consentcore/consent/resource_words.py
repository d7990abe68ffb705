"""What somebody has chosen, counted, for pages, mails and the history alike: "2 sites and 1 meter"."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from typing import TYPE_CHECKING

from consentcore.domain.message import Message, message, plural_message
from consentcore.domain.resource import DEFAULT_KIND, is_everything, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def listed(labels: Iterable[str]) -> str:
    """Several names as a sentence lists them: "a, b and c". Messages among them are translated with it.

    :param labels: at least one.
    """
    *first, last = labels
    return message("%(first)s and %(last)s", first=reduce(_beside, first), last=last) if first else last


def _beside(first: str, last: str) -> str:
    return message("%(first)s, %(last)s", first=first, last=last)


def kinds_of(references: Iterable[str]) -> set[str]:
    """Of which kinds they are; what older releases have stored without one is a site."""
    return {kind_of(one) or DEFAULT_KIND for one in references}


def counted(references: Iterable[str]) -> str:
    """How many sites, meters and devices are chosen: "2 sites and 1 meter", "all your sites"; "" where none is."""
    references = list(references)
    kinds = Counter(kind_of(one) or DEFAULT_KIND for one in references)
    whole = kinds_of(filter(is_everything, references))
    said = [_all(kind) if kind in whole else _some(kind, kinds[kind]) for kind in _sites_first(kinds)]
    return listed(said) if said else ""


def wholly(references: Iterable[str]) -> list[Message]:
    """Of what everything is chosen, also what is added later, each kind in a line of its own."""
    return [_all_for_ever(kind) for kind in _sites_first(kinds_of(filter(is_everything, references)))]


def _sites_first(kinds: Iterable[str]) -> list[str]:
    return sorted(kinds, key=lambda kind: (kind != DEFAULT_KIND, kind))


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


def _all_for_ever(kind: str) -> Message:
    if kind == "site":
        return message("all your sites, also those that you add later")
    if kind == "meter":
        return message("all your meters, also those that you add later")
    if kind == "device":
        return message("all your devices, also those that you add later")
    return message("everything of kind %(kind)s, also what you add later", kind=kind)
