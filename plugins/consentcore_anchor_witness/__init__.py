"""Lets independent witnesses cosign the checkpoints of the ledger (C2SP ``tlog-witness``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from consentcore.api import Anchor, PluginInfo, PluginKind, hookimpl, setting

__all__ = ["AnchorWitnessSettings", "consentcore_anchor", "consentcore_plugin"]


@dataclass(frozen=True)
class AnchorWitnessSettings:
    """``consentcore.plugin.anchor_witness.*``."""

    witnesses: tuple[str, ...] = setting(
        "Of each witness its submission prefix (a URL) and its verifier key (name+id+key), "
        "then monitor=URL where it is read elsewhere."
    )
    timeout_s: float = setting("Time for one request.", default=10.0, minimum=0.1, maximum=20)
    allow_networks: tuple[str, ...] = setting(
        "Networks (CIDR) where plain http, other ports and addresses that are not public are allowed.",
        default=(),
    )


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="anchor_witness",
        kind=PluginKind.EXTENSION,
        summary="Independent witnesses cosign the checkpoints of the ledger.",
        settings=AnchorWitnessSettings,
    )


@hookimpl
def consentcore_anchor(settings: AnchorWitnessSettings) -> Mapping[str, Anchor]:
    """Make an anchor for each witness, by the name of its key."""
    from consentcore_anchor_witness.settings import witnesses

    return witnesses(settings)
