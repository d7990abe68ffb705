"""What this storage can do and not every storage can."""

from __future__ import annotations

from consentcore.api import StorageCapabilities

CAPABILITIES = StorageCapabilities(snapshot_reads=True, atomic_batches=None, joins_client_state=True)
