"""Text of strangers, made fit for a terminal and for a log that is read on one."""

from __future__ import annotations

from consentcore.domain.text import REFUSED

_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str, keep: str = "") -> str:
    r"""The text with everything that a terminal would obey (ECMA-48), or that makes text lie, written out: ``\x1b``,
    ``\n``, ``\u202e``.

    Letters, right-to-left ones too, and emoji stay as they are. Doing it twice changes nothing more.

    :param keep: characters that stay, such as ``"\n"``.
    """
    return REFUSED.sub(lambda match: match[0] if match[0] in keep else _written(match[0]), text)


def escaped_in_json(document: str) -> str:
    r"""A JSON document with the same characters as ``\uXXXX`` (RFC 8259 section 7), line breaks between members kept.

    They can only stand inside of strings: everywhere else JSON has no room for them.
    """
    return REFUSED.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", document)


def _written(character: str) -> str:
    number = ord(character)
    return _SHORT.get(character) or (f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}")
