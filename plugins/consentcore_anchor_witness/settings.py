"""From what an operator writes to witnesses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from consentcore.api import Anchor, BadNote, ConfigurationError, EgressPolicy, InvalidInput, cosigner_key
from consentcore_anchor_witness.anchor import WitnessAnchor

if TYPE_CHECKING:
    from consentcore_anchor_witness import AnchorWitnessSettings

_KEY = "consentcore.plugin.anchor_witness"
_MONITOR = "monitor="


def witnesses(settings: AnchorWitnessSettings) -> dict[str, Anchor]:
    """The witnesses that the settings name.

    :raises ConfigurationError: when there are none, or one is not in order.
    """
    try:
        egress = EgressPolicy(allow_networks=settings.allow_networks, timeout_s=settings.timeout_s)
    except InvalidInput as error:
        raise ConfigurationError([f"{_KEY}.{error}"]) from error
    made: dict[str, Anchor] = {}
    for url, vkey, monitor in _described(settings.witnesses):
        try:
            key = cosigner_key(vkey)
        except BadNote as error:
            raise ConfigurationError([f"{_KEY}.witnesses: {vkey}: {error}"]) from error
        if key.name in made:
            raise ConfigurationError([f"{_KEY}.witnesses: {key.name} is named twice"])
        made[key.name] = WitnessAnchor(url, key, egress, monitor or url)
    if not made:
        raise ConfigurationError([f"{_KEY}.witnesses: expected at least one witness: URL KEY"])
    return made


def _described(words: Sequence[str]) -> list[tuple[str, str, str]]:
    """URL, key and URL to read at of each."""
    found: list[tuple[str, str, str]] = []
    waiting = list(words)
    while waiting:
        url = waiting.pop(0)
        if not url.startswith(("https://", "http://")) or not waiting:
            raise ConfigurationError([f"{_KEY}.witnesses: expected URL KEY for each witness, at {url}"])
        key = waiting.pop(0)
        reads = waiting.pop(0).removeprefix(_MONITOR) if waiting and waiting[0].startswith(_MONITOR) else ""
        found.append((url.rstrip("/"), key, reads.rstrip("/")))
    return found
