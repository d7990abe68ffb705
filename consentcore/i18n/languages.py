"""The languages that are offered, and which of them fits what somebody asks for (RFC 4647 section 3.4, lookup)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from consentcore.domain.errors import InvalidInput
from consentcore.i18n.catalogs import CORE, Catalogs
from consentcore.i18n.language import ENGLISH, Language

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ANY = "*"
"""What matches every language (RFC 4647 section 2.1): the choice of an owner who leaves it to the browser."""
CHOSEN_ENGLISH = "en-001"
"""``Owner.locale`` of an owner who has chosen English, which is not to have chosen none: that of the whole world
(UN M.49), since it is of no country."""
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
        self._most_parts = max(tag.count("-") + 1 for tag in self._by_tag)

    @property
    def offered(self) -> tuple[str, ...]:
        """Their tags, in alphabetical order."""
        return tuple(language.tag for language in self._by_tag.values())

    @property
    def own_names(self) -> dict[str, str]:
        """What each is called in itself, by its tag."""
        return {language.tag: language.own_name for language in self._by_tag.values()}

    def lookup(self, ranges: Iterable[str]) -> Language | None:
        """The first language of a list that is offered, each shortened from its end until one is; None when none is.

        :param ranges: language ranges such as ``de-CH``, the most wanted first.
        """
        for wanted in ranges:
            # No tag has more parts, and looking at each of a header full of them would take seconds.
            parts = wanted.lower().split("-", self._most_parts)[: self._most_parts]
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
            any narrower English, such as ``en-GB``, is one.
        """
        return None if locale == ENGLISH else self.lookup((locale,))

    def locale_of(self, choice: str) -> str:
        """What is stored of an owner's choice; :meth:`of_owner` finds the language again.

        :param choice: the tag of a language that is offered; :data:`ANY` for none.
        :raises InvalidInput: field ``language``, when it is neither.
        """
        if choice not in {ANY, *self.offered}:
            raise InvalidInput("language", f"expected one of {', '.join(self.offered)}, or {ANY} for none")
        return {ANY: ENGLISH, ENGLISH: CHOSEN_ENGLISH}.get(choice, choice)

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
