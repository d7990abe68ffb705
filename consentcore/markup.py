"""Names of strangers in markup, and what stands for an application beside its name; for pages and HTML mails alike."""

from __future__ import annotations

import hashlib
import unicodedata

from markupsafe import Markup

from consentcore.domain.text import turns


def bdi(text: str) -> str:
    """The filter ``bdi``: a text with letters from right to left within ``<bdi>`` (HTML 4.5.25), so that it does not
    move the words around it. Any other moves none, and stays as it is."""
    return Markup("<bdi>{}</bdi>").format(text) if turns(text) else text


TILES = 8
"""How many quiet colours there are for the tiles of applications: ``--tile-1`` and on in ``tokens.css``."""


def tile_number(client_id: str) -> int:
    """The filter ``tile_number``: which of the colours an application has, 1 to 8; the same for ever, whatever it is
    called."""
    return hashlib.sha256(client_id.encode()).digest()[0] % TILES + 1


def monogram(name: str) -> str:
    """The filter ``monogram``: the letter on an application's tile. The first letter or digit of its name with the
    marks that belong to it, as a capital; the first sign where there is none, and nothing for no name."""
    name = unicodedata.normalize("NFC", name.strip())
    start = next((at for at, sign in enumerate(name) if unicodedata.category(sign)[0] in "LN"), 0)
    end = start + 1
    while end < len(name) and unicodedata.category(name[end])[0] == "M":
        end += 1
    letter = name[start:end]
    capital = letter.upper()
    return capital if len(capital) == len(letter) else letter
