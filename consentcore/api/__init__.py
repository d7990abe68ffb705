"""The plugin API: the only module of consentcore that a plugin imports.

What is not listed in ``__all__`` may change without notice.
"""

from __future__ import annotations

from consentcore.domain.address import is_in, network_of, no_networks
from consentcore.domain.client import (
    AuthMethod,
    Client,
    ClientKind,
    ClientSecret,
    EndpointHealth,
    Halt,
    SealedSecret,
    TokenFormat,
    WebhookEndpoint,
)
from consentcore.domain.clock import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Clock,
    SystemClock,
    from_iso,
    iso,
    window_left_s,
)
from consentcore.domain.errors import (
    ClientSuspended,
    ConfigurationError,
    ConsentcoreError,
    InteractionGone,
    InvalidInput,
    InvalidTransition,
    KeyUnavailable,
    NotFound,
    StorageConflict,
    StorageError,
    StorageNotMigrated,
    StorageUnavailable,
)
from consentcore.domain.event import Checkpoint, ConsentEvent, Evidence, NoticeSnapshot
from consentcore.domain.event_kinds import EventType, NoticeKind
from consentcore.domain.files import make_folder, private_file
from consentcore.domain.forwarding import came_through_a_proxy
from consentcore.domain.grant import Grant
from consentcore.domain.grant_states import ENDED, GrantState
from consentcore.domain.interaction import AuthorizationRequest, AuthorizeContext, Interaction, PushedRequest
from consentcore.domain.json_text import is_unicode, read_json
from consentcore.domain.message import Message, message, plural_message
from consentcore.domain.notice import (
    DELIVERY_LOG_MS,
    UNDELIVERED,
    Attempt,
    Delivered,
    Delivery,
    DeliveryState,
    Gone,
    Notice,
    Outcome,
    Reject,
    Retry,
    Trigger,
)
from consentcore.domain.notice_facts import (
    AccountFacts,
    ConsentFacts,
    EndpointFacts,
    EndpointTestFacts,
    NoticeFacts,
    NoticeFactsError,
    facts_of,
    members_of,
)
from consentcore.domain.owner import Owner, OwnerIdentity, OwnerSession, OwnerTicket
from consentcore.domain.parties import Actor, ActorType, Audience
from consentcore.domain.scope import OFFLINE_ACCESS, Catalog, Scope, ScopeTexts, ScopeType
from consentcore.domain.text import check_text, check_unicode, one_line, refused
from consentcore.domain.token import (
    Code,
    CodeLookup,
    Consumed,
    ConsumeOutcome,
    Expired,
    Grace,
    NewToken,
    Redemption,
    Replayed,
    Reused,
    Rotated,
    RotateOutcome,
    Rotation,
    Token,
    TokenKind,
    TokenLookup,
    Unknown,
)
from consentcore.egress import EgressError, EgressPolicy, EgressResponse
from consentcore.hooks.info import API_VERSION, NoSettings, PluginInfo, PluginKind
from consentcore.hooks.specs import hookimpl
from consentcore.hosts import ascii_host, is_loopback, misread_host
from consentcore.jose.compact import CompactJws, MalformedJws, read_compact, verified_payload
from consentcore.jose.rules import registry as jws_registry
from consentcore.jose.source_cache import RefreshPolicy, SourceCache, SourceUnavailable
from consentcore.mail.mime import check_sender, mail_message, mail_targets, mime_message
from consentcore.mail.notifier import MailNotifier
from consentcore.mailbox import normalise_email
from consentcore.owners.addresses import add_owner, move_owner
from consentcore.ports.capabilities import LEAST_BATCH, StorageCapabilities
from consentcore.ports.clients import ClientRepository
from consentcore.ports.counters import CounterStorage
from consentcore.ports.deliveries import OutboxStorage, Settlement
from consentcore.ports.delivery_log import DeliveryLogStorage, OutboxStats
from consentcore.ports.extension import (
    Anchor,
    ConsentContext,
    ConsentPanel,
    Resource,
    ResourceDirectory,
    TokenContext,
)
from consentcore.ports.feed import FeedRepository
from consentcore.ports.grants import GrantRepository
from consentcore.ports.identities import IdentityRepository
from consentcore.ports.interactions import InteractionRepository
from consentcore.ports.keys import KeyProvider, KeyRing
from consentcore.ports.ledger import LedgerRepository
from consentcore.ports.login import (
    Authenticated,
    LoginAttempt,
    LoginOutcome,
    LoginProvider,
    RedirectLogin,
    RedirectTo,
    Refused,
    Returned,
    Throttled,
    Unavailable,
)
from consentcore.ports.notices import NoticeRepository
from consentcore.ports.notifier import (
    CheckedNotifier,
    ClientView,
    EndpointView,
    Envelope,
    Mail,
    Notifier,
    OwnerView,
)
from consentcore.ports.owners import OwnerRepository
from consentcore.ports.scopes import ScopeCatalog
from consentcore.ports.storage import PurgeReport, Storage, transact
from consentcore.ports.tickets import TicketRepository
from consentcore.ports.tokens import CodeRepository, FamilyRepository, ProtocolStorage
from consentcore.ports.transactions import TransactionManager, UnitOfWork
from consentcore.settings.schema import Secret, setting
from consentcore.webhooks.signing import signature_header

__all__ = [
    "API_VERSION",
    "DAY",
    "DELIVERY_LOG_MS",
    "ENDED",
    "HOUR",
    "LEAST_BATCH",
    "MINUTE",
    "OFFLINE_ACCESS",
    "SECOND",
    "UNDELIVERED",
    "AccountFacts",
    "Actor",
    "ActorType",
    "Anchor",
    "Attempt",
    "Audience",
    "AuthMethod",
    "Authenticated",
    "AuthorizationRequest",
    "AuthorizeContext",
    "Catalog",
    "CheckedNotifier",
    "Checkpoint",
    "Client",
    "ClientKind",
    "ClientRepository",
    "ClientSecret",
    "ClientSuspended",
    "ClientView",
    "Clock",
    "Code",
    "CodeLookup",
    "CodeRepository",
    "CompactJws",
    "ConfigurationError",
    "ConsentContext",
    "ConsentEvent",
    "ConsentFacts",
    "ConsentPanel",
    "ConsentcoreError",
    "ConsumeOutcome",
    "Consumed",
    "CounterStorage",
    "Delivered",
    "Delivery",
    "DeliveryLogStorage",
    "DeliveryState",
    "EgressError",
    "EgressPolicy",
    "EgressResponse",
    "EndpointFacts",
    "EndpointHealth",
    "EndpointTestFacts",
    "EndpointView",
    "Envelope",
    "EventType",
    "Evidence",
    "Expired",
    "FamilyRepository",
    "FeedRepository",
    "Gone",
    "Grace",
    "Grant",
    "GrantRepository",
    "GrantState",
    "Halt",
    "IdentityRepository",
    "Interaction",
    "InteractionGone",
    "InteractionRepository",
    "InvalidInput",
    "InvalidTransition",
    "KeyProvider",
    "KeyRing",
    "KeyUnavailable",
    "LedgerRepository",
    "LoginAttempt",
    "LoginOutcome",
    "LoginProvider",
    "Mail",
    "MailNotifier",
    "MalformedJws",
    "Message",
    "NewToken",
    "NoSettings",
    "NotFound",
    "Notice",
    "NoticeFacts",
    "NoticeFactsError",
    "NoticeKind",
    "NoticeRepository",
    "NoticeSnapshot",
    "Notifier",
    "OutboxStats",
    "OutboxStorage",
    "Outcome",
    "Owner",
    "OwnerIdentity",
    "OwnerRepository",
    "OwnerSession",
    "OwnerTicket",
    "OwnerView",
    "PluginInfo",
    "PluginKind",
    "ProtocolStorage",
    "PurgeReport",
    "PushedRequest",
    "Redemption",
    "RedirectLogin",
    "RedirectTo",
    "RefreshPolicy",
    "Refused",
    "Reject",
    "Replayed",
    "Resource",
    "ResourceDirectory",
    "Retry",
    "Returned",
    "Reused",
    "RotateOutcome",
    "Rotated",
    "Rotation",
    "Scope",
    "ScopeCatalog",
    "ScopeTexts",
    "ScopeType",
    "SealedSecret",
    "Secret",
    "Settlement",
    "SourceCache",
    "SourceUnavailable",
    "Storage",
    "StorageCapabilities",
    "StorageConflict",
    "StorageError",
    "StorageNotMigrated",
    "StorageUnavailable",
    "SystemClock",
    "Throttled",
    "TicketRepository",
    "Token",
    "TokenContext",
    "TokenFormat",
    "TokenKind",
    "TokenLookup",
    "TransactionManager",
    "Trigger",
    "Unavailable",
    "UnitOfWork",
    "Unknown",
    "WebhookEndpoint",
    "add_owner",
    "ascii_host",
    "came_through_a_proxy",
    "check_sender",
    "check_text",
    "check_unicode",
    "facts_of",
    "from_iso",
    "hookimpl",
    "is_in",
    "is_loopback",
    "is_unicode",
    "iso",
    "jws_registry",
    "mail_message",
    "mail_targets",
    "make_folder",
    "members_of",
    "message",
    "mime_message",
    "misread_host",
    "move_owner",
    "network_of",
    "no_networks",
    "normalise_email",
    "one_line",
    "plural_message",
    "private_file",
    "read_compact",
    "read_json",
    "refused",
    "setting",
    "signature_header",
    "transact",
    "verified_payload",
    "window_left_s",
]


def __getattr__(name: str) -> object:
    from consentcore.hooks.versions import told_of_name

    told = told_of_name(name)
    if told is not None:
        raise ImportError(told)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
