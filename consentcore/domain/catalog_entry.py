"""What reading any entry of a catalog begins with, as TOML, JSON and YAML have it."""

from __future__ import annotations

from collections.abc import Mapping

from consentcore.domain.plain_words import empty_words
from consentcore.domain.text import refused


class CatalogEntryReader:
    """One entry of a catalog, and what is wrong with it.

    :param entry: as it was read.
    :param name: what problems call it.
    :param place: its file and line.
    :param tag: the language of its texts, where another entry has those of its own (RFC 5646).
    :ivar problems: what is wrong with it, one line each.
    """

    def __init__(self, entry: Mapping[str, object], name: str, place: str = "", tag: str = "") -> None:
        self.problems: list[str] = []
        self._entry = entry
        self._name = name
        self._place = place
        self._tag = tag

    def _checked(self, value: object, name: str, default: str = "", tag: str = "") -> str:
        """A text in one line and plain words; ``default`` for what is no text.

        :param name: of the member, for people.
        :param tag: its language, where that is another one than the entry's.
        """
        if not isinstance(value, str):
            self._wrong(name, "expected a text")
            return default
        character = refused(value)
        if character:
            self._wrong(name, f"expected one line without control characters, not {character}")
        for word in empty_words(value, tag or self._tag or "en"):
            self._wrong(name, f"says {word!r}, expected all of it in plain words")
        return value

    def _whole(self, value: object, name: str) -> int | None:
        """A whole number; None for nothing, and for what is none."""
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        self._wrong(name, "expected a whole number")
        return None

    def _list(self, key: str) -> tuple[str, ...]:
        value = self._entry.get(key, [])
        if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
            for character in filter(None, map(refused, value)):
                self._wrong(key, f"expected texts without control characters, not {character}")
            return tuple(value)
        self._wrong(key, "expected a list of texts")
        return ()

    def _wrong(self, key: str, text: str) -> None:
        problem = f"{self._name}: {key}: {text}"
        if problem not in self.problems:
            self.problems.append(problem)
