"""What a storage must do: inherit :class:`StorageConformance` and override its fixture ``storage``."""

from __future__ import annotations

from consentcore.testing.storage.absences import NothingThereGroup, TakenGroup
from consentcore.testing.storage.base import StorageFixtures
from consentcore.testing.storage.capabilities import CapabilityGroup
from consentcore.testing.storage.claims import ClaimsGroup
from consentcore.testing.storage.clients import ClientGroup
from consentcore.testing.storage.codes import CodeGroup
from consentcore.testing.storage.counters import CounterGroup
from consentcore.testing.storage.deliveries import OutboxGroup
from consentcore.testing.storage.delivery_log import DeliveryLogGroup, DeliveryReplayGroup, NamedOutboxGroup
from consentcore.testing.storage.disclosures import DisclosureGroup
from consentcore.testing.storage.endpoints import EndpointGroup
from consentcore.testing.storage.feed import FeedGroup
from consentcore.testing.storage.grant_lists import GrantListGroup
from consentcore.testing.storage.grants import GrantGroup
from consentcore.testing.storage.identities import IdentityGroup
from consentcore.testing.storage.interactions import InteractionGroup
from consentcore.testing.storage.interleavings import InterleavingGroup
from consentcore.testing.storage.ledger import LedgerGroup
from consentcore.testing.storage.limits import BoundGroup, LeaseGroup, WindowGroup
from consentcore.testing.storage.moving import MovingGroup
from consentcore.testing.storage.notices import NoticeGroup
from consentcore.testing.storage.one_time_use import OnceGroup
from consentcore.testing.storage.one_use import OneUseGroup
from consentcore.testing.storage.owners import AccountGroup, OwnerGroup
from consentcore.testing.storage.pinned_scopes import PinnedScopeGroup
from consentcore.testing.storage.port_methods import PortGroup
from consentcore.testing.storage.processes import SeparateProcessGroup
from consentcore.testing.storage.purge import PurgeGroup
from consentcore.testing.storage.races import ProcessGroup, RaceGroup
from consentcore.testing.storage.registration_tokens import RegistrationTokenGroup
from consentcore.testing.storage.request_transactions import JoinGroup
from consentcore.testing.storage.rotation import RotationGroup
from consentcore.testing.storage.seals import SealsGroup
from consentcore.testing.storage.storage import (
    AbsenceGroup,
    FaultGroup,
    MigrationGroup,
    SealGroup,
    SecrecyGroup,
    TextGroup,
)
from consentcore.testing.storage.suspension import SuspensionGroup
from consentcore.testing.storage.tickets import TicketGroup
from consentcore.testing.storage.tlog import TlogGroup
from consentcore.testing.storage.tokens import TokenGroup
from consentcore.testing.storage.transactions import TransactionGroup
from consentcore.testing.storage.uses import UseGroup

__all__ = ["StorageConformance"]


class StorageConformance(
    PortGroup,
    CapabilityGroup,
    AbsenceGroup,
    TakenGroup,
    NothingThereGroup,
    BoundGroup,
    WindowGroup,
    LeaseGroup,
    ClientGroup,
    EndpointGroup,
    OwnerGroup,
    AccountGroup,
    TicketGroup,
    RegistrationTokenGroup,
    IdentityGroup,
    InteractionGroup,
    GrantGroup,
    GrantListGroup,
    LedgerGroup,
    DisclosureGroup,
    PinnedScopeGroup,
    SealsGroup,
    UseGroup,
    TlogGroup,
    CodeGroup,
    TokenGroup,
    RotationGroup,
    SuspensionGroup,
    TransactionGroup,
    JoinGroup,
    RaceGroup,
    InterleavingGroup,
    ProcessGroup,
    SeparateProcessGroup,
    OnceGroup,
    OneUseGroup,
    NoticeGroup,
    OutboxGroup,
    ClaimsGroup,
    NamedOutboxGroup,
    DeliveryLogGroup,
    DeliveryReplayGroup,
    FeedGroup,
    TextGroup,
    CounterGroup,
    MigrationGroup,
    SealGroup,
    PurgeGroup,
    MovingGroup,
    SecrecyGroup,
    FaultGroup,
    StorageFixtures,
):
    """Every promise of the storage port, from :mod:`consentcore.ports.storage` on, as a test.

    See :class:`consentcore.testing.storage.base.StorageFixtures` for the fixtures to override.
    """
