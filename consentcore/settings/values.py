"""Turns the text of one setting into its type. Each function raises ValueError saying what was expected."""

from __future__ import annotations

import codecs
import math
import re
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from consentcore.domain.text import unencodable
from consentcore.settings.schema import Secret

if typing.TYPE_CHECKING:
    from consentcore.settings.ini import Entry

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def resolved(entry: Entry, environ: Mapping[str, str]) -> str:
    """The text of an entry; ``env:NAME`` and ``file:PATH`` are replaced by what they name.

    :raises ValueError: saying what was expected.
    """
    text = entry.value
    if text.startswith("env:"):
        if not is_reference(text):
            # Taken for a text, it would be a password that nobody has meant.
            raise ValueError("env:NAME, without blanks, the name of letters, digits and _")
        if text[4:] not in environ:
            raise ValueError(f"the environment variable {text[4:]} to be set")
        return environ[text[4:]]
    if text.startswith("file:"):
        path = entry.folder / text[5:]
        try:
            return _text_of(path.read_bytes()).rstrip("\r\n")
        except (OSError, ValueError):
            raise ValueError(f"a readable text file {path}") from None
    return text


def is_reference(text: str) -> bool:
    """Whether a text only says where a value is: in an environment variable, in a file, with a plugin."""
    return text.startswith(("file:", "provider:")) or (
        text.startswith("env:") and _NAME.fullmatch(text[4:]) is not None
    )


def _text_of(content: bytes) -> str:
    """The text of a file, without the byte order mark that some editors put before it.

    :raises UnicodeDecodeError: when it is neither UTF-8 nor, by its mark, UTF-16.
    """
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if wide else "utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def convert(text: str, annotation: Any, meta: Mapping[str, Any], folder: Path) -> Any:
    """Convert to one of the types listed at :func:`consentcore.settings.schema.setting`.

    :raises ValueError: saying what was expected.
    """
    inner, optional = without_none(annotation)
    if optional and not text:
        return None
    if typing.get_origin(inner) is tuple:
        element = typing.get_args(inner)[0]
        return tuple(_checked(word, element, meta) for word in words(text))
    if inner is Path:
        if not text:
            raise ValueError("a path")
        try:
            return folder / Path(text).expanduser()
        except RuntimeError:  # ~somebody who is none
            raise ValueError("a path that does not begin with a home folder that is not there") from None
    return _checked(text, inner, meta)


def words(text: str) -> list[str]:
    """The items of a blank- or comma-separated list."""
    return text.replace(",", " ").split()


def without_none(annotation: Any) -> tuple[Any, bool]:
    """Take ``X | None`` apart: the X, and whether None was there."""
    if typing.get_origin(annotation) in {types.UnionType, typing.Union}:
        rest = [arm for arm in typing.get_args(annotation) if arm is not type(None)]
        if len(rest) == 1:
            return rest[0], True
    return annotation, False


def is_supported(annotation: Any) -> bool:
    """Whether a setting may have this type."""
    inner, _ = without_none(annotation)
    if typing.get_origin(inner) is tuple:
        arms = typing.get_args(inner)
        return len(arms) == 2 and arms[1] is Ellipsis and arms[0] in {str, int, float}
    return inner in {str, int, float, bool, Path, Secret}


def describe(annotation: Any) -> str:
    """The type in a word, for ``plugins show``."""
    inner, optional = without_none(annotation)
    if typing.get_origin(inner) is tuple:
        name = f"list of {typing.get_args(inner)[0].__name__}"
    else:
        name = {Path: "path", Secret: "secret", str: "text", bool: "true or false"}.get(inner, inner.__name__)
    return f"{name}, may be empty" if optional else name


def _checked(text: str, kind: Any, meta: Mapping[str, Any]) -> Any:
    value = _PARSERS[kind](text)
    if meta.get("any_case"):
        value = value.lower()
    choices = meta.get("choices") or ()
    if choices and value not in choices:
        raise ValueError(f"one of {', '.join(choices)}")
    low, high = meta.get("minimum"), meta.get("maximum")
    if (low is not None and value < low) or (high is not None and value > high):
        raise ValueError(_range(low, high))
    return value


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high:g}"
    if high is None:
        return f"at least {low:g}"
    return f"{low:.12g} to {high:.12g}"


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise ValueError("a whole number")
    return int(text)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError("a number") from None
    if not math.isfinite(value):
        raise ValueError("a finite number")
    return value


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise ValueError("true or false")


def _text(text: str) -> str:
    character = unencodable(text)
    if character:  # an environment variable that is no UTF-8 arrives with surrogates
        raise ValueError(f"text in UTF-8, without {character}")
    return text


def _secret(text: str) -> Secret:
    return Secret(text)


_PARSERS: dict[Any, Callable[[str], Any]] = {
    str: _text,
    int: _integer,
    float: _number,
    bool: _boolean,
    Secret: _secret,
}
