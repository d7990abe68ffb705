"""Names of strangers in markup, for pages and HTML mails alike."""

from __future__ import annotations

from markupsafe import Markup

from consentcore.domain.text import turns


def bdi(text: str) -> str:
    """The filter ``bdi``: a text with letters from right to left within ``<bdi>`` (HTML 4.5.25), so that it does not
    move the words around it. Any other moves none, and stays as it is."""
    return Markup("<bdi>{}</bdi>").format(text) if turns(text) else text
