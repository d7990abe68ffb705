"""For anchors: the open formats of transparency logs, as consentcore reads and writes them."""

from __future__ import annotations

from consentcore.tlog import (
    BadNote,
    BadProof,
    Note,
    Signature,
    TreeHead,
    VerifierKey,
    cosigned_at,
    cosigner_key,
    verify_consistency,
)

__all__ = [
    "BadNote",
    "BadProof",
    "Note",
    "Signature",
    "TreeHead",
    "VerifierKey",
    "cosigned_at",
    "cosigner_key",
    "verify_consistency",
]
