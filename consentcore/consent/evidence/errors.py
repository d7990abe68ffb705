"""Why nothing is signed."""

from __future__ import annotations

from consentcore.domain.errors import ConsentcoreError


class LedgerBroken(ConsentcoreError):
    """What is there is not what was signed: run ``consentcore audit verify``. Nothing was written."""
