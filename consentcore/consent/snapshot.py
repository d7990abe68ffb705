"""What was shown, addressed by its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from consentcore.consent.ledger import canonical
from consentcore.domain.disclosure import Disclosure
from consentcore.domain.event import NoticeSnapshot


@dataclass(frozen=True, slots=True)
class ShownNotice(NoticeSnapshot):
    """A snapshot with the personal values that it commits to, which are stored beside it."""

    disclosures: tuple[Disclosure, ...] = ()


def make_snapshot(content: Mapping[str, object], now: int) -> NoticeSnapshot:
    """Freeze what a page said. The same content gives the same hash, whenever it is shown.

    :param content: JSON values: every text in order, template id, locale, catalog version, HTML.
    :param now: milliseconds since the epoch.
    :raises InvalidInput: on text without a form in UTF-8.
    """
    text = canonical(content)
    return NoticeSnapshot(hash_of(text), text, now)


def hash_of(content: str) -> str:
    """Return ``sha256:`` and the hex digest of the canonical JSON of a snapshot."""
    return "sha256:" + hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
