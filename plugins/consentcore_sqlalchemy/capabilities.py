"""What this storage can do and not every storage can, on either database."""

from __future__ import annotations

from consentcore.api import StorageCapabilities

CAPABILITIES = StorageCapabilities(
    snapshot_reads=True, atomic_batches=None, joins_client_state=True, multi_process=True
)
