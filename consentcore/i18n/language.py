"""One language: what it says for a sentence, and how it writes dates and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from consentcore.domain.message import DOMAIN, Message

if TYPE_CHECKING:
    from collections.abc import Mapping
    from gettext import NullTranslations

    from consentcore.i18n.catalogs import Catalogs

ENGLISH = "en"
_FROM_RIGHT = frozenset({"ar", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})


class Language:
    """A language that pages and mails are offered in. Safe to use from any thread.

    :ivar tag: as RFC 5646 has it, such as ``en`` or ``pt-BR``.
    """

    def __init__(self, tag: str, catalogs: Catalogs) -> None:
        self.tag = tag
        self._catalogs = catalogs
        self._translations: dict[str, NullTranslations] = {}

    @property
    def direction(self) -> str:
        """``rtl`` where lines begin at the right, else ``ltr``."""
        return "rtl" if self._name in _FROM_RIGHT else "ltr"

    @property
    def own_name(self) -> str:
        """What it is called in itself: ``English``, ``Deutsch``."""
        if self.tag == ENGLISH:
            return "English"
        from consentcore.i18n import dates

        return dates.own_name(self.tag)

    @property
    def ranges(self) -> tuple[str, ...]:
        """The tag and those it is a part of: ``pt-BR``, ``pt``."""
        parts = self.tag.split("-")
        return tuple("-".join(parts[:end]) for end in range(len(parts), 0, -1))

    def gettext(self, msgid: str, domain: str = DOMAIN) -> str:
        """The sentence with its placeholders still in it; the original where the catalog has none."""
        return (self._translations.get(domain) or self._load(domain)).gettext(msgid)

    def ngettext(self, singular: str, plural: str, n: int, domain: str = DOMAIN) -> str:
        """The form of the sentence that goes with a number."""
        return (self._translations.get(domain) or self._load(domain)).ngettext(singular, plural, n)

    def translate(self, text: str) -> str:
        """A message in this language; any other text stays as it is."""
        if not isinstance(text, Message):
            return text
        if text.plural:
            form = self.ngettext(text.msgid, text.plural, text.n, text.domain)
        else:
            form = self.gettext(text.msgid, text.domain)
        return form % self.written(text.values)

    def written(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values for placeholders: messages translated, numbers as this language writes them."""
        return {name: self.written_one(value) for name, value in values.items()}

    def written_one(self, value: Any) -> Any:
        """The same for a single value."""
        if isinstance(value, Message):
            return self.translate(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return self.number(value)
        return value

    def number(self, value: int) -> str:
        """A whole number."""
        if self._name == ENGLISH:
            return str(value)
        from consentcore.i18n import dates

        return dates.number(value, self.tag)

    def day(self, ms: int, timezone: str = "UTC") -> str:
        """``23 November 2026``: the month by name, so that no country misreads it.

        :param ms: since the epoch.
        :param timezone: an IANA name; UTC when the machine does not know it.
        """
        from consentcore.i18n import dates

        return dates.english_day(ms, timezone) if self._name == ENGLISH else dates.day(ms, timezone, self.tag)

    def month(self, ms: int, timezone: str = "UTC") -> str:
        """``November 2026``, as a heading."""
        from consentcore.i18n import dates

        if self._name == ENGLISH:
            return dates.english_month(ms, timezone)
        return dates.month(ms, timezone, self.tag)

    def clock(self, ms: int, timezone: str = "UTC", *, seconds: bool = True) -> str:
        """``15:04:09 CET``, or ``15:04 CET``, where the day is known: with the zone, always."""
        from consentcore.i18n import dates

        if self._name == ENGLISH:
            return dates.english_clock(ms, timezone, seconds=seconds)
        return dates.clock(ms, timezone, self.tag, seconds=seconds)

    def moment(self, ms: int, timezone: str = "UTC") -> str:
        """``23 November 2026, 15:04 CET``: with the zone, always."""
        from consentcore.i18n import dates

        if self._name == ENGLISH:
            return dates.english_moment(ms, timezone)
        return dates.moment(ms, timezone, self.tag)

    @property
    def _name(self) -> str:
        return self.tag.partition("-")[0]

    def _load(self, domain: str) -> NullTranslations:
        found = self._translations[domain] = self._catalogs.translations(self.tag, domain)
        return found
