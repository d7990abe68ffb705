"""How numbers and catalog texts are written for people, the same on pages and in mails."""

from __future__ import annotations


def confirmation_number(event_id: str) -> str:
    """A short form of an event id that can be read out on the telephone: ``4F1C-09AB-77E2``."""
    letters = event_id.rpartition("_")[2].replace("-", "").upper()[:12]
    return "-".join(letters[i : i + 4] for i in range(0, len(letters), 4))


def bare(text: str) -> str:
    """Catalog text without a full stop at its end, to go on inside a sentence of ours."""
    return text.strip().rstrip(".")


def sentence(text: str) -> str:
    """Catalog text as a sentence of its own: a capital first, a full stop last."""
    text = bare(text)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def within(text: str, tag: str = "en") -> str:
    """Catalog text that goes on inside a sentence of ours: no capital first (unless it is all capitals).

    :param tag: the language of the sentence; German text stays as it is, since its first word may be a noun.
    """
    text = bare(text)
    if text[1:2].isupper() or tag.partition("-")[0] == "de":
        return text
    return f"{text[:1].lower()}{text[1:]}"
