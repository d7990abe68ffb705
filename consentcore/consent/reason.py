"""The reason that an operator gives: it goes into the evidence, to data owners and to applications."""

from __future__ import annotations

from consentcore.text_fields import line

LONGEST = 1000


def check_reason(text: str, *, needed: bool = False) -> str:
    """A reason as it is kept: one line, trimmed.

    :raises InvalidInput: field ``reason``, when it is longer than 1000 characters, holds a character that may not
        stand in a text, or is needed and empty.
    """
    return line("reason", text, LONGEST, needed=needed)
