"""For resources, anchors, key providers, panels, claims, pages."""

from __future__ import annotations

from consentcore.domain.forwarding import came_through_a_proxy
from consentcore.ports.extension import (
    Anchor,
    AnchorContradiction,
    AnchorProblem,
    ConsentContext,
    ConsentPanel,
    CosigningAnchor,
    ReadableAnchor,
    TokenContext,
)
from consentcore.ports.keys import KeyProvider, KeyRing
from consentcore.ports.resources import Resource, ResourceDirectory, ResourcePage

__all__ = [
    "Anchor",
    "AnchorContradiction",
    "AnchorProblem",
    "ConsentContext",
    "ConsentPanel",
    "CosigningAnchor",
    "KeyProvider",
    "KeyRing",
    "ReadableAnchor",
    "Resource",
    "ResourceDirectory",
    "ResourcePage",
    "TokenContext",
    "came_through_a_proxy",
]
