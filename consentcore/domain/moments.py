"""A moment as somebody types it: ISO 8601, and never one that could be another."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from consentcore.domain.errors import InvalidInput

_FORM = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?", re.ASCII
)
EXPECTED = (
    "expected a time like 2026-03-29T12:00:00Z, 2026-03-29T14:00+02:00 or, as its first moment, 2026-03-29"
)


def parse_moment(text: str, zone: str = "", *, field: str = "at") -> int:
    """Read a time.

    A date alone is its first moment. Without an offset both are in ``zone``.

    :param zone: a name such as ``Europe/Paris``; "": a date is one of UTC, and a time of day needs its offset.
    :param field: what errors name.
    :returns: milliseconds since the epoch.
    :raises InvalidInput: when it is none, or one that the zone has twice or not at all, as when clocks change.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise InvalidInput(field, EXPECTED)
    day, time, offset = found.groups()
    if time and not offset and not zone:
        raise InvalidInput(field, f"{EXPECTED}; this one has no offset, and no zone was named")
    try:
        typed = datetime.fromisoformat(f"{day}T{time or '00:00'}{(offset or '').replace('Z', '+00:00')}")
    except ValueError as error:
        raise InvalidInput(field, EXPECTED) from error
    moment = typed if offset else _in_zone(typed, zone, field)
    try:
        return round(moment.astimezone(UTC).timestamp() * 1000)
    except (OverflowError, ValueError, OSError) as error:
        raise InvalidInput(field, EXPECTED) from error


def _in_zone(typed: datetime, zone: str, field: str) -> datetime:
    if not zone:
        return typed.replace(tzinfo=UTC)
    try:
        named = ZoneInfo(zone)
    except (ValueError, OSError, LookupError) as error:
        raise InvalidInput("zone", "expected a name such as Europe/Paris or UTC") from error
    first, second = (typed.replace(tzinfo=named, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    there = first.astimezone(UTC).astimezone(named).replace(tzinfo=None) == typed
    why = "comes twice" if there else "does not come at all"
    raise InvalidInput(field, f"expected a time with its offset: in {zone} this one {why}, as clocks change")
