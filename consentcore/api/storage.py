"""For a storage: the records, and the port by what is stored. docs/storage.md leads through it."""

from __future__ import annotations

from consentcore.domain.client import (
    AuthMethod,
    Client,
    ClientKind,
    ClientLogo,
    ClientSecret,
    EndpointHealth,
    Halt,
    SealedSecret,
    Suspension,
    TokenFormat,
    WebhookEndpoint,
)
from consentcore.domain.disclosure import Disclosure, Tombstone
from consentcore.domain.event import Checkpoint, ConsentEvent, Evidence, NoticeSnapshot
from consentcore.domain.event_kinds import EventType, NoticeKind
from consentcore.domain.exchange import (
    Consumed,
    ConsumeOutcome,
    Expired,
    Grace,
    Redemption,
    Replayed,
    Reused,
    Rotated,
    RotateOutcome,
    Rotation,
    Unknown,
    UsedBefore,
)
from consentcore.domain.grant import Grant
from consentcore.domain.grant_states import ENDED, GrantState
from consentcore.domain.interaction import AuthorizationRequest, AuthorizeContext, Interaction, PushedRequest
from consentcore.domain.owner import Owner, OwnerIdentity, OwnerSession, OwnerTicket
from consentcore.domain.parties import Actor, ActorType, Audience
from consentcore.domain.past_scopes import PinnedScope
from consentcore.domain.self_registration import InitialAccessToken, SelfRegistration
from consentcore.domain.token import Code, CodeLookup, NewToken, OneUse, Token, TokenKind, TokenLookup
from consentcore.keys.sealed_passwords import seal_password
from consentcore.keys.seals import Sealed, seal_of
from consentcore.ports.capabilities import LEAST_BATCH, StorageCapabilities
from consentcore.ports.clients import ClientRepository
from consentcore.ports.counters import CounterStorage
from consentcore.ports.deliveries import OutboxStorage, Settlement
from consentcore.ports.delivery_log import DeliveryLogStorage, OutboxStats
from consentcore.ports.feed import FeedRepository
from consentcore.ports.grants import GrantRepository
from consentcore.ports.identities import IdentityRepository
from consentcore.ports.interactions import InteractionRepository
from consentcore.ports.ledger import LedgerRepository
from consentcore.ports.moving import (
    MOVED,
    GrantUse,
    KeptCode,
    KeptNotice,
    KeptRotation,
    KeptToken,
    Moved,
    MovedPage,
    MovingStorage,
    OwnerPassword,
)
from consentcore.ports.notices import NoticeRepository
from consentcore.ports.owners import OwnerRepository
from consentcore.ports.pinned_scopes import PinnedScopeRepository
from consentcore.ports.registration_tokens import RegistrationTokenRepository
from consentcore.ports.seals import SealedKind, SealedRow, SealRepository
from consentcore.ports.storage import PurgeReport, Storage, transact
from consentcore.ports.tickets import TicketRepository
from consentcore.ports.tlog import LogObject, TlogRepository
from consentcore.ports.tokens import ProtocolStorage, TokenRepository
from consentcore.ports.transactions import TransactionManager, UnitOfWork
from consentcore.ports.uses import UseRepository

__all__ = [
    "ENDED",
    "LEAST_BATCH",
    "MOVED",
    "Actor",
    "ActorType",
    "Audience",
    "AuthMethod",
    "AuthorizationRequest",
    "AuthorizeContext",
    "Checkpoint",
    "Client",
    "ClientKind",
    "ClientLogo",
    "ClientRepository",
    "ClientSecret",
    "Code",
    "CodeLookup",
    "ConsentEvent",
    "ConsumeOutcome",
    "Consumed",
    "CounterStorage",
    "DeliveryLogStorage",
    "Disclosure",
    "EndpointHealth",
    "EventType",
    "Evidence",
    "Expired",
    "FeedRepository",
    "Grace",
    "Grant",
    "GrantRepository",
    "GrantState",
    "GrantUse",
    "Halt",
    "IdentityRepository",
    "InitialAccessToken",
    "Interaction",
    "InteractionRepository",
    "KeptCode",
    "KeptNotice",
    "KeptRotation",
    "KeptToken",
    "LedgerRepository",
    "LogObject",
    "Moved",
    "MovedPage",
    "MovingStorage",
    "NewToken",
    "NoticeKind",
    "NoticeRepository",
    "NoticeSnapshot",
    "OneUse",
    "OutboxStats",
    "OutboxStorage",
    "Owner",
    "OwnerIdentity",
    "OwnerPassword",
    "OwnerRepository",
    "OwnerSession",
    "OwnerTicket",
    "PinnedScope",
    "PinnedScopeRepository",
    "ProtocolStorage",
    "PurgeReport",
    "PushedRequest",
    "Redemption",
    "RegistrationTokenRepository",
    "Replayed",
    "Reused",
    "RotateOutcome",
    "Rotated",
    "Rotation",
    "SealRepository",
    "Sealed",
    "SealedKind",
    "SealedRow",
    "SealedSecret",
    "SelfRegistration",
    "Settlement",
    "Storage",
    "StorageCapabilities",
    "Suspension",
    "TicketRepository",
    "TlogRepository",
    "Token",
    "TokenFormat",
    "TokenKind",
    "TokenLookup",
    "TokenRepository",
    "Tombstone",
    "TransactionManager",
    "UnitOfWork",
    "Unknown",
    "UseRepository",
    "UsedBefore",
    "WebhookEndpoint",
    "seal_of",
    "seal_password",
    "transact",
]
