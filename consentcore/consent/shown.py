"""What a page showed, frozen: every string in order, every control as it was at first, and nobody's name in clear.

Personal values are replaced by the digests of disclosures, which stand beside the snapshot: while they are known it can
be shown whole; when they are forgotten it says so where they stood, and still has the same hash.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from consentcore.consent import markup_reading
from consentcore.consent.personal import committed, digests_in
from consentcore.consent.snapshot import ShownNotice, hash_of, make_snapshot
from consentcore.domain.disclosure import SALT_BYTES, Disclosure, disclose
from consentcore.ports.ledger import LedgerRepository

SCHEMA = "urn:consentcore:notice-snapshot:2"
SHORTEST_WITHIN = 3
"""Characters of a value that is looked for inside of longer texts; shorter ones count where they stand alone."""
_PLACE = re.compile(r"\{sd:([A-Za-z0-9_-]{43})\}")


def freeze(markup: str, facts: Mapping[str, object], personal: Iterable[str], now: int) -> ShownNotice:
    """Freeze a page.

    :param markup: the whole page, without anything secret.
    :param facts: what it was made from: template, versions, language; nothing personal.
    :param personal: values that may stand in the page and have to stand apart.
    :param now: milliseconds since the epoch.
    :raises InvalidInput: on text without a form in UTF-8.
    """
    aside = _Aside(personal)
    text = markup_reading.replaced(markup, aside.put)
    content = {
        **facts,
        "schema": SCHEMA,
        "shown": markup_reading.strings(text),
        "controls": markup_reading.controls(text),
        "html": text,
        **committed(aside.disclosures),
    }
    made = make_snapshot(content, now)
    return ShownNotice(made.snapshot_hash, made.content, now, disclosures=tuple(aside.disclosures))


@dataclass(frozen=True, slots=True)
class Replay:
    """A page of the past.

    :ivar content: what the snapshot says.
    :ivar known: values by digest, of those that are not forgotten.
    :ivar intact: whether it is what its hash says.
    """

    snapshot_hash: str
    created_at: int
    content: Mapping[str, Any]
    known: Mapping[str, str]
    intact: bool

    @property
    def erased(self) -> bool:
        """Whether something of it was forgotten."""
        return any(digest not in self.known for digest in digests_in(self.content))

    @property
    def controls(self) -> list[dict[str, Any]]:
        """What could be ticked or pressed, each as the page opened; of an older release nothing is known."""
        return list(self.content.get("controls", []))

    def strings(self, erased: str) -> list[str]:
        """Every string in order.

        :param erased: stands where something was forgotten.
        """
        if "shown" in self.content:
            return [self.filled(text, erased) for text in self.content["shown"]]
        return markup_reading.strings(str(self.content.get("html", "")))

    def inert(self, erased: str) -> str:
        """Its markup, see :func:`consentcore.consent.markup_reading.inert`.

        :param erased: a word that stands where something was forgotten.
        """
        return markup_reading.inert(
            str(self.content.get("html", "")), lambda text: escape(self.filled(text, erased), quote=False)
        )

    def filled(self, text: str, erased: str) -> str:
        """A text with what is still known in its places."""
        named = set(digests_in(self.content))
        return _PLACE.sub(
            lambda found: self.known.get(found[1], erased) if found[1] in named else found[0], text
        )


def replay(ledger: LedgerRepository, snapshot_hash: str) -> Replay | None:
    """Find what was shown; None when it is not there, because it was forgotten or is gone."""
    found = ledger.snapshot(snapshot_hash)
    if found is None:
        return None
    intact = hash_of(found.content) == snapshot_hash
    content = json.loads(found.content)
    kept = ledger.disclosures(digests_in(content)) if digests_in(content) else {}
    known = {digest: str(one.read()[1]) for digest, one in kept.items() if one.is_sound}
    return Replay(snapshot_hash, found.created_at, content, known, intact)


class _Aside:
    """Puts personal values aside, each once."""

    def __init__(self, personal: Iterable[str]) -> None:
        self.disclosures: list[Disclosure] = []
        self._places: dict[str, str] = {}
        values = sorted({value.strip() for value in personal if value.strip()}, key=len, reverse=True)
        self._values = set(values)
        self._within = _finder([value for value in values if len(value) >= SHORTEST_WITHIN])

    def put(self, text: str) -> str:
        """A text with the places of values in it."""
        stripped = " ".join(text.split())
        if stripped in self._values:
            return text.replace(text.strip(), self._place(stripped))
        return self._within(text, self._place)

    def _place(self, value: str) -> str:
        if value not in self._places:
            name = f"shown.{len(self.disclosures) + 1}"
            made = disclose(name, value, secrets.token_bytes(SALT_BYTES))
            self.disclosures.append(made)
            self._places[value] = f"{{sd:{made.digest}}}"
        return self._places[value]


def _finder(values: list[str]) -> Callable[[str, Callable[[str], str]], str]:
    """What replaces values inside of longer texts, the longest first, where they are words of their own."""
    if not values:
        return lambda text, _place: text
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, values))})(?!\w)")
    return lambda text, place: pattern.sub(lambda found: place(found[0]), text)
