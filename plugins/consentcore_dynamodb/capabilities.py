"""What this storage can do and not every storage can."""

from __future__ import annotations

from consentcore.api import StorageCapabilities

MOST_ITEMS = 100
"""Items that one ``TransactWriteItems`` takes."""

CAPABILITIES = StorageCapabilities(atomic_batches=30, multi_process=True)
"""A thing of the port is up to three items here, and a commit needs a few of its own: 30 of them stay below 100.

No ``snapshot_reads``: DynamoDB reads at most 100 items of one moment, and no query. No ``joins_client_state``: it does
not join.
"""
