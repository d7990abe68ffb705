"""What an endpoint may choose from: types of webhooks, ways of signing, how long old secrets go on."""

from __future__ import annotations

from collections.abc import Iterable

from consentcore.domain.clock import HOUR
from consentcore.domain.errors import InvalidInput
from consentcore.domain.event_kinds import CHOOSABLE, NoticeKind
from consentcore.webhooks.signing import SCHEMES

OVERLAP_MS = {"now": 0, "24h": 24 * HOUR, "72h": 72 * HOUR, "7d": 7 * 24 * HOUR}
"""How long old secrets go on signing, by the word for it."""

TYPES = tuple(kind.value for kind in CHOOSABLE)
SENT_TYPES = (*TYPES, NoticeKind.TEST.value)


def check_events(events: Iterable[str]) -> tuple[str, ...]:
    """The types in our order, each once; () when it is all of them.

    :raises InvalidInput: ``events``.
    """
    wanted = set(events)
    unknown = sorted(wanted.difference(TYPES))
    if unknown or not wanted:
        given = ", ".join(repr(one[:60]) for one in unknown) or "none"
        raise InvalidInput("events", f"expected some of {', '.join(TYPES)}, not {given}")
    return () if wanted == set(TYPES) else tuple(one for one in TYPES if one in wanted)


def check_schemes(schemes: Iterable[str]) -> tuple[str, ...]:
    """The schemes in our order.

    :raises InvalidInput: ``signatures``.
    """
    wanted = set(schemes)
    if not wanted or not wanted.issubset(SCHEMES):
        raise InvalidInput("signatures", f"expected one or both of {', '.join(SCHEMES)}")
    return tuple(one for one in SCHEMES if one in wanted)


def check_type(name: str) -> NoticeKind:
    """The kind of a type's name.

    :raises InvalidInput: ``type``, when no webhook is of that type.
    """
    if name not in SENT_TYPES:
        raise InvalidInput("type", f"expected one of {', '.join(SENT_TYPES)}")
    return NoticeKind(name)


def overlap_ms(word: str) -> int:
    """How long old secrets go on signing, in milliseconds.

    :raises InvalidInput: ``overlap``, when it is no word of :data:`OVERLAP_MS`.
    """
    if word not in OVERLAP_MS:
        raise InvalidInput("overlap", f"expected one of {', '.join(OVERLAP_MS)}")
    return OVERLAP_MS[word]
