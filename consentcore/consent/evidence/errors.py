"""Why nothing is signed."""

from __future__ import annotations

from consentcore.domain.errors import ConsentcoreError


class LedgerBroken(ConsentcoreError):
    """What is there is not what was signed: run ``consentcore audit verify``. Nothing was written."""


class AnchorsSilent(ConsentcoreError):
    """An anchor cannot be read, so that nobody knows whether the log was rolled back. Nothing was written."""
