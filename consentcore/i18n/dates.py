"""Dates, numbers and its own name as a language writes them. English needs no library; Babel is loaded for the
others."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from babel import Locale

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def zone(name: str) -> tzinfo:
    """An IANA time zone; UTC when the machine does not know it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def english_day(ms: int, timezone: str = "UTC") -> str:
    """``23 November 2026``, whatever the locale of the process."""
    when = _local(ms, timezone)
    return f"{when.day} {_MONTHS[when.month - 1]} {when:%Y}"


def english_moment(ms: int, timezone: str = "UTC") -> str:
    """``23 November 2026, 15:04 CET``."""
    when = _local(ms, timezone)
    return f"{english_day(ms, timezone)}, {when:%H:%M} {_zone_name(when)}"


def english_month(ms: int, timezone: str = "UTC") -> str:
    """``November 2026``."""
    when = _local(ms, timezone)
    return f"{_MONTHS[when.month - 1]} {when:%Y}"


def month(ms: int, timezone: str, tag: str) -> str:
    """A month as a heading, with a capital: ``November 2026``, ``Noviembre de 2026``."""
    locale = _locale(tag)
    if locale is None:
        return english_month(ms, timezone)
    from babel.dates import format_skeleton

    said = format_skeleton("yMMMM", _local(ms, timezone), locale=locale)
    return said[:1].upper() + said[1:]


def day(ms: int, timezone: str, tag: str) -> str:
    """A day with the name of its month, such as ``23. November 2026``, ``1er mars 2026``."""
    locale = _locale(tag)
    return english_day(ms, timezone) if locale is None else _long_date(_local(ms, timezone), locale)


def moment(ms: int, timezone: str, tag: str) -> str:
    """A day with hours, minutes and the zone as people of the language call it, such as
    ``23. November 2026 um 15:04 MEZ``."""
    locale = _locale(tag)
    if locale is None:
        return english_moment(ms, timezone)
    from babel.dates import format_time, get_datetime_format

    when = _local(ms, timezone)
    clock = format_time(when, "short", tzinfo=when.tzinfo, locale=locale)
    name = _zone_name_in(when, locale)
    pattern = str(get_datetime_format("long", locale=locale)).replace("'", "")
    return pattern.replace("{0}", f"{clock} {name}").replace("{1}", _long_date(when, locale))


def clock(ms: int, timezone: str, tag: str, *, seconds: bool = True) -> str:
    """The time of a day, for what has happened on one that is known, with the zone: ``15:04:09 MEZ``."""
    locale = _locale(tag)
    if locale is None:
        return english_clock(ms, timezone, seconds=seconds)
    from babel.dates import format_time

    when = _local(ms, timezone)
    return (
        f"{format_time(when, 'medium' if seconds else 'short', locale=locale)} {_zone_name_in(when, locale)}"
    )


def english_clock(ms: int, timezone: str = "UTC", *, seconds: bool = True) -> str:
    """``15:04:09 CET``, or ``15:04 CET``."""
    when = _local(ms, timezone)
    return f"{when:%H:%M:%S} {_zone_name(when)}" if seconds else f"{when:%H:%M} {_zone_name(when)}"


def number(value: int, tag: str) -> str:
    """A whole number with the separators of the language."""
    locale = _locale(tag)
    if locale is None:
        return str(value)
    from babel.numbers import format_decimal

    return format_decimal(value, locale=locale)


def own_name(tag: str) -> str:
    """What a language is called in itself, with a capital as in a list: ``Deutsch``, ``Français``; the tag where it is
    not known."""
    locale = _locale(tag)
    name = (locale.get_display_name() if locale else None) or tag
    return name[:1].upper() + name[1:]


def _long_date(when: datetime, locale: Locale) -> str:
    from babel.dates import format_date

    said = format_date(when, "long", locale)
    # The first of a month is an ordinal number in French (1er mars), which the patterns of CLDR cannot say.
    return f"1er {said[2:]}" if locale.language == "fr" and said.startswith("1 ") else said


def _zone_name_in(when: datetime, locale: Locale) -> str:
    """A zone as people of the language call it."""
    from babel.dates import format_datetime

    name = _zone_name(when)
    if name == "UTC":  # which people of every language write so; CLDR has "TU" in French
        return name
    own: str = format_datetime(when, "z", tzinfo=when.tzinfo, locale=locale)
    return name if own[:1] in {"+", "-"} else own  # without a name in the language, the one in use


def _zone_name(when: datetime) -> str:
    """``CET``; ``UTC-03:00`` where the zone has no letters."""
    name, offset = f"{when:%Z}", f"{when:%z}"
    return f"UTC{offset[:3]}:{offset[3:5]}" if name[:1] in {"+", "-"} else name


def _local(ms: int, timezone: str) -> datetime:
    return datetime.fromtimestamp(ms / 1000, zone(timezone))


@cache
def _locale(tag: str) -> Locale | None:
    """What is known of writing in a language; None when nothing is."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return None
