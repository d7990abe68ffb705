"""Text of strangers, made fit for a terminal and for a log that is read on one."""

from __future__ import annotations

import re

# C0, DEL and C1 (ECMA-48: what a terminal obeys), the line and paragraph separators, and the characters of Unicode
# TR 9 that turn text around (embeddings, overrides, isolates). Half a surrogate pair cannot be written at all.
# Marks that belong to words stay: ZWJ of emoji, ZWNJ of Persian, LRM and RLM of Hebrew and Arabic.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str, keep: str = "") -> str:
    r"""The text with everything that a terminal would obey written out: ``\x1b``, ``\n``, ``\u202e``.

    Letters, right-to-left ones too, and emoji stay as they are. Doing it twice changes nothing more.

    :param keep: characters that stay, such as ``"\n"``.
    """
    return _UNSAFE.sub(lambda match: match[0] if match[0] in keep else _written(match[0]), text)


def escaped_in_json(document: str) -> str:
    r"""A JSON document with the same characters as ``\uXXXX`` (RFC 8259 section 7), line breaks between members kept.

    They can only stand inside of strings: everywhere else JSON has no room for them.
    """
    return _UNSAFE.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", document)


def _written(character: str) -> str:
    number = ord(character)
    return _SHORT.get(character) or (f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}")
