"""For resources, anchors, key providers, panels, claims, pages."""

from __future__ import annotations

from consentcore.domain.forwarding import came_through_a_proxy
from consentcore.ports.extension import (
    Anchor,
    AnchorContradiction,
    ConsentContext,
    ConsentPanel,
    CosigningAnchor,
    ReadableAnchor,
    Resource,
    ResourceDirectory,
    TokenContext,
)
from consentcore.ports.keys import KeyProvider, KeyRing

__all__ = [
    "Anchor",
    "AnchorContradiction",
    "ConsentContext",
    "ConsentPanel",
    "CosigningAnchor",
    "KeyProvider",
    "KeyRing",
    "ReadableAnchor",
    "Resource",
    "ResourceDirectory",
    "TokenContext",
    "came_through_a_proxy",
]
