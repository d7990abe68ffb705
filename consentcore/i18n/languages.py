"""The languages that are offered, and which of them fits what somebody asks for (RFC 4647 section 3.4, lookup)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from consentcore.i18n.catalogs import CORE, Catalogs
from consentcore.i18n.language import ENGLISH, Language

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MAX_RANGES = 50
"""So many languages of one header are looked at."""
_RANGE = re.compile(r"([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)(?:\s*;\s*[qQ]=([01](?:\.[0-9]{0,3})?))?")


class Languages:
    """Every language that has a catalog, and English.

    :param default: the tag of the one that is shown to whoever asks for none; English where it is not offered.
    :param theme: the operator's folder, which may hold catalogs.
    :param core: the folder of ours.
    """

    def __init__(self, default: str = ENGLISH, theme: Path | None = None, core: Path = CORE) -> None:
        catalogs = Catalogs(theme, core)
        self._by_tag = {tag.lower(): Language(tag, catalogs) for tag in sorted({ENGLISH, *catalogs.tags()})}
        self.default = self._by_tag.get(default.lower(), self._by_tag[ENGLISH])

    @property
    def offered(self) -> tuple[str, ...]:
        """Their tags, in alphabetical order."""
        return tuple(language.tag for language in self._by_tag.values())

    def lookup(self, ranges: Iterable[str]) -> Language | None:
        """The first language of a list that is offered, each shortened from its end until one is; None when none is.

        :param ranges: language ranges such as ``de-CH``, the most wanted first.
        """
        for wanted in ranges:
            parts = wanted.lower().split("-")
            while parts:
                found = self._by_tag.get("-".join(parts))
                if found is not None:
                    return found
                parts.pop()
                if parts and len(parts[-1]) == 1:  # what begins an extension does not end a tag
                    parts.pop()
        return None

    def of_owner(self, locale: str) -> Language | None:
        """The language that an owner has set; None where it is not offered, and where none was set.

        :param locale: ``Owner.locale``. English as such is what every owner has from the beginning, and no choice;
            ``en-GB`` is one.
        """
        return None if locale == ENGLISH else self.lookup((locale,))

    def accepted(self, header: str) -> Language | None:
        """What fits an ``Accept-Language`` header (RFC 9110 section 12.5.4); None when nothing does, or it is none."""
        wanted: list[tuple[float, str]] = []
        for text in header.split(",", MAX_RANGES)[:MAX_RANGES]:
            match = _RANGE.fullmatch(text.strip())
            quality = float(match[2] or 1) if match else 0.0
            if match and 0 < quality <= 1:
                wanted.append((quality, match[1]))
        wanted.sort(key=lambda pair: -pair[0])
        return self.lookup(tag for _, tag in wanted)
