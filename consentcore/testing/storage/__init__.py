"""What a storage must do: inherit :class:`StorageConformance` and override its fixture ``storage``."""

from __future__ import annotations

from consentcore.testing.storage.accounts import AccountGroup
from consentcore.testing.storage.base import StorageFixtures
from consentcore.testing.storage.claims import ClaimsGroup
from consentcore.testing.storage.codes import CodeGroup
from consentcore.testing.storage.feed import FeedGroup
from consentcore.testing.storage.grants import GrantGroup
from consentcore.testing.storage.joining import JoinGroup
from consentcore.testing.storage.ledger import LedgerGroup
from consentcore.testing.storage.log import DeliveryLogGroup
from consentcore.testing.storage.named import NamedOutboxGroup
from consentcore.testing.storage.once import OnceGroup
from consentcore.testing.storage.outbox import OutboxGroup
from consentcore.testing.storage.people import PeopleGroup
from consentcore.testing.storage.purging import PurgeGroup
from consentcore.testing.storage.races import InterleavingGroup, ProcessGroup, RaceGroup
from consentcore.testing.storage.suspension import SuspensionGroup
from consentcore.testing.storage.tokens import RotationGroup, TokenGroup
from consentcore.testing.storage.transactions import TransactionGroup
from consentcore.testing.storage.upkeep import (
    CounterGroup,
    FaultGroup,
    MigrationGroup,
    SecrecyGroup,
    TextGroup,
)

__all__ = ["StorageConformance"]


class StorageConformance(
    PeopleGroup,
    AccountGroup,
    GrantGroup,
    LedgerGroup,
    CodeGroup,
    TokenGroup,
    RotationGroup,
    SuspensionGroup,
    TransactionGroup,
    JoinGroup,
    RaceGroup,
    InterleavingGroup,
    ProcessGroup,
    OnceGroup,
    OutboxGroup,
    ClaimsGroup,
    NamedOutboxGroup,
    DeliveryLogGroup,
    FeedGroup,
    TextGroup,
    CounterGroup,
    MigrationGroup,
    PurgeGroup,
    SecrecyGroup,
    FaultGroup,
    StorageFixtures,
):
    """Every promise of the storage port, from :mod:`consentcore.ports.storage` on, as a test.

    See :class:`consentcore.testing.storage.base.StorageFixtures` for the fixtures to override.
    """
