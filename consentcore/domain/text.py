"""What may stand in a text that a person wrote, wherever it came in: one rule for forms, commands, catalogs and mails.

Refused is only what is no text or makes other text lie: controls (NUL and line breaks among them), the separators of
lines and paragraphs, lone surrogates, and the characters that turn the direction of what follows (UAX 9, sections 2.1
to 2.3). Everything that languages need stays: no-break, narrow and ideographic spaces, joiners, soft hyphens, marks of
direction, emoji, characters newer than this Python. ``str.isprintable()`` refuses all of those.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar, cast

from consentcore.domain.errors import InvalidInput
from consentcore.domain.message import message

T = TypeVar("T")

_CONTROLS = "\x00-\x1f\x7f-\x9f"
_LINES = "\u2028\u2029"
_TURNING = "\u202a-\u202e\u2066-\u2069"
_SURROGATES = "\ud800-\udfff"
REFUSED = re.compile(f"[{_CONTROLS}{_LINES}{_TURNING}{_SURROGATES}]")
"""One character that may not stand in a text of people."""
_BLANKS = re.compile(" {2,}")
_UNENCODABLE = re.compile(f"[\x00{_SURROGATES}]")

_FROM_RIGHT = frozenset({"R", "AL", "AN"})
_HEBREW = "\u0590"
_FIRST_STRONG_ISOLATE, _POP = "\u2068", "\u2069"


def refused(text: str) -> str:
    """The first character that may not stand in a text, as ``U+202E`` and what it is; "" when all may."""
    found = REFUSED.search(text)
    return _named(ord(found[0])) if found else ""


def check_text(field: str, text: str) -> None:
    """Let a text pass.

    :raises InvalidInput: naming ``field`` and the character that may not stand in it.
    """
    character = refused(text)
    if character:
        raise InvalidInput(
            field, message("expected one line without control characters, not %(sign)s", sign=character)
        )


def check_unicode(field: str, text: str) -> None:
    """Let anything pass that can be stored and sent, line breaks too, such as a password.

    :raises InvalidInput: naming ``field`` and the NUL or the surrogate in it.
    """
    character = unencodable(text)
    if character:
        raise InvalidInput(
            field, message("expected text without NUL and surrogates, not %(sign)s", sign=character)
        )


def unencodable(text: str) -> str:
    """The first NUL or surrogate, named as :func:`refused` does; "" when there is none."""
    found = _UNENCODABLE.search(text)
    return _named(ord(found[0])) if found else ""


def one_line(text: str) -> str:
    """A text whose author cannot be asked again: a blank for each character that may not stand in it, line breaks among
    them, so that it cannot forge a header or a paragraph; one blank for several."""
    return _BLANKS.sub(" ", REFUSED.sub(" ", text)).strip()


def with_clean_texts(item: T, *names: str) -> T:
    """What a plugin gave, with its texts as :func:`one_line` has them where something may not stand in one.

    :param item: a data class.
    :param names: of its members that are texts.
    """
    wrong = [name for name in names if isinstance(text := getattr(item, name), str) and refused(text)]
    if not wrong:
        return item
    return cast("T", replace(cast("Any", item), **{name: one_line(getattr(item, name)) for name in wrong}))


def is_visible(text: str) -> bool:
    """Whether anything of it can be seen: more than blanks, joiners and marks of direction."""
    return any(unicodedata.category(sign) not in {"Cf", "Zs"} for sign in text)


def turns(text: str) -> bool:
    """Whether it holds letters that are written from right to left, which move their neighbours (UAX 9)."""
    # Nearly every text is left after one look: nothing below the Hebrew block is written so.
    return max(text, default="") >= _HEBREW and any(
        unicodedata.bidirectional(sign) in _FROM_RIGHT for sign in text
    )


def isolated(text: str) -> str:
    """A text between characters that keep its direction to itself, for where there is no markup such as ``bdi``: the
    text part of a mail, a subject, a title. One without letters from right to left stays as it is."""
    return f"{_FIRST_STRONG_ISOLATE}{text}{_POP}" if turns(text) else text


def held(lines: Iterable[str]) -> list[str]:
    """Lines of one paragraph that was folded: what :func:`isolated` put around a text ends with a line (UAX 9 rule P1),
    so it is closed there and opened again on the next."""
    found, within = [], False
    for line in lines:
        begun = f"{_FIRST_STRONG_ISOLATE}{line}" if within else line
        within = begun.rfind(_FIRST_STRONG_ISOLATE) > begun.rfind(_POP)
        found.append(f"{begun}{_POP}" if within else begun)
    return found


def _named(point: int) -> str:
    code = f"U+{point:04X}"
    if point in {0x0A, 0x0D, 0x85, 0x2028, 0x2029}:
        return message("%(code)s (a line break)", code=code)
    if point < 0xA0:
        return message("%(code)s (a control character)", code=code)
    if 0xD800 <= point <= 0xDFFF:
        return message("%(code)s (half a character)", code=code)
    return message("%(code)s (turns the direction of what follows)", code=code)
