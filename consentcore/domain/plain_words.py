"""What makes a text of the catalog hard to judge: empty words, and sentences that are hard to read."""

from __future__ import annotations

import re
from collections.abc import Mapping

BANNED: Mapping[str, tuple[str, ...]] = {
    "en": ("etc.", "et cetera", "and more", "and so on", "and others", "improve your experience"),
    "de": (
        "etc.",
        "usw.",
        "und mehr",
        "und so weiter",
        "u. a.",
        "erlebnis verbessern",
        "erfahrung verbessern",
    ),
    "fr": ("etc.", "et plus encore", "et ainsi de suite", "entre autres", "améliorer votre expérience"),
    "es": ("etc.", "y más.", "y mucho más", "y así sucesivamente", "entre otros", "mejorar su experiencia"),
}
"""Words that promise more than they say, in lower case, by language."""
HARDEST = 60
"""LIX from which on a text counts as very hard."""
LONGEST_SENTENCE = 30
_WORD = re.compile(r"[^\W\d_]+(?:[’'-][^\W\d_]+)*")
_SENTENCE = re.compile(r"[.!?;:](?:\s|$)")


def empty_words(text: str, tag: str) -> list[str]:
    """Words of a text that promise more than they say.

    :param tag: of its language; one that nothing is known of has those of English.
    """
    said = text.casefold()
    return [word for word in BANNED.get(tag.partition("-")[0].lower(), BANNED["en"]) if word in said]


def reading_problem(text: str) -> str:
    """Why a text is hard to read; "" when it is not. Measured by the length of its sentences and by LIX (Björnsson
    1968: words per sentence, and the percentage of words of more than six letters), which holds in many languages.

    :param text: a few sentences; under a dozen words nothing is measured but their length.
    """
    sentences = [part for part in _SENTENCE.split(text) if _WORD.search(part)]
    lengths = [len(_WORD.findall(part)) for part in sentences]
    if max(lengths, default=0) > LONGEST_SENTENCE:
        return f"a sentence of {max(lengths)} words, expected at most {LONGEST_SENTENCE}"
    words = _WORD.findall(text)
    if len(words) < 12:
        return ""
    found = round(len(words) / len(sentences) + 100 * sum(len(word) > 6 for word in words) / len(words))
    return f"hard to read, LIX {found}, expected at most {HARDEST}" if found > HARDEST else ""
