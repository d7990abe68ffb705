"""Everything that a storage keeps, as it keeps it: for moving to another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from consentcore.domain.client import Client, ClientLogo, WebhookEndpoint
from consentcore.domain.disclosure import Disclosure, Tombstone
from consentcore.domain.event import Checkpoint, ConsentEvent, NoticeSnapshot
from consentcore.domain.grant import Grant
from consentcore.domain.interaction import Interaction, PushedRequest
from consentcore.domain.notice import Attempt, Delivery, Notice
from consentcore.domain.owner import Owner, OwnerIdentity, OwnerSession, OwnerTicket
from consentcore.domain.past_scopes import PinnedScope
from consentcore.domain.self_registration import InitialAccessToken
from consentcore.domain.token import Code, OneUse, Token
from consentcore.ports.tlog import LogObject


@dataclass(frozen=True, slots=True)
class OwnerPassword:
    """What :meth:`~consentcore.ports.owners.OwnerRepository.set_password_hash` was given."""

    owner_id: str
    encoded: str


@dataclass(frozen=True, slots=True)
class GrantUse:
    """When a grant was last used, in milliseconds since the epoch."""

    grant_id: str
    used_at: int


@dataclass(frozen=True, slots=True)
class KeptCode:
    """A code with its family.

    :ivar code: its ``family_proof`` is that of the family: b"" once that was killed.
    :ivar killed_at: when the family was killed; None while it is sound.
    """

    code: Code
    killed_at: int | None = None


@dataclass(frozen=True, slots=True)
class KeptRotation:
    """What a refresh token was exchanged for, as long as that can be told again.

    :ivar successor_hash: of the refresh token that came of it.
    :ivar access_hash: of the access token that came of it.
    :ivar grace_until: when the nonce is to be erased, in milliseconds since the epoch.
    :ivar nonce: and ``nonce_key_id`` and ``sealed_access``: as in :class:`~consentcore.domain.exchange.Rotation`.
    """

    successor_hash: bytes
    access_hash: bytes
    grace_until: int
    nonce: bytes
    nonce_key_id: str
    sealed_access: bytes = b""


@dataclass(frozen=True, slots=True)
class KeptToken:
    """A token of a family.

    :ivar token: without a nonce.
    :ivar rotation: of a refresh token that was rotated, while its nonce is there and its successor was not rotated
        itself; else None.
    """

    token: Token
    rotation: KeptRotation | None = None


@dataclass(frozen=True, slots=True)
class KeptNotice:
    """A notice in the outbox.

    :ivar expanded_at: when its deliveries were made; None while they were not.
    :ivar place: in the feed of its client, from 1; None while it has none.
    """

    notice: Notice
    expanded_at: int | None = None
    place: int | None = None


Moved = (
    Client
    | ClientLogo
    | WebhookEndpoint
    | Owner
    | OwnerPassword
    | OwnerIdentity
    | OwnerSession
    | OwnerTicket
    | Interaction
    | PushedRequest
    | OneUse
    | Grant
    | GrantUse
    | NoticeSnapshot
    | Disclosure
    | Tombstone
    | ConsentEvent
    | Checkpoint
    | LogObject
    | PinnedScope
    | InitialAccessToken
    | KeptCode
    | KeptToken
    | KeptNotice
    | Delivery
    | Attempt
)
"""A record that moves."""

MOVED = MappingProxyType(
    {
        "client": Client,
        "client_logo": ClientLogo,
        "webhook_endpoint": WebhookEndpoint,
        "owner": Owner,
        "owner_password": OwnerPassword,
        "owner_identity": OwnerIdentity,
        "owner_session": OwnerSession,
        "owner_ticket": OwnerTicket,
        "interaction": Interaction,
        "pushed_request": PushedRequest,
        "used_once": OneUse,
        "grant": Grant,
        "grant_use": GrantUse,
        "notice_snapshot": NoticeSnapshot,
        "disclosure": Disclosure,
        "tombstone": Tombstone,
        "consent_event": ConsentEvent,
        "checkpoint": Checkpoint,
        "log_object": LogObject,
        "pinned_scope": PinnedScope,
        "registration_token": InitialAccessToken,
        "code": KeptCode,
        "token": KeptToken,
        "notice": KeptNotice,
        "delivery": Delivery,
        "delivery_attempt": Attempt,
    }
)
"""The kinds of records, in the order in which they are written: what names another record comes behind it."""


@dataclass(frozen=True, slots=True)
class MovedPage:
    """Some records.

    :ivar following: what to give as ``after`` for the next page; "" behind the last one. A page may be empty and not
        be the last one.
    """

    records: Sequence[Moved]
    following: str


class MovingStorage(Protocol):
    """Everything, for moving house; nobody else writes meanwhile.

    Counters do not move: the windows in which failures are counted last for minutes. Whatever else is kept and can be
    read through the port does, with its seals and proofs, also what is over and waits for a purge.
    """

    def read(self, after: str = "", *, limit: int = 1000) -> MovedPage:
        """The next records, of whatever kinds and in whatever order; each comes once.

        Where it goes on says ``following`` also in another process, or after a restart.

        :param after: ``following`` of the page before, "" for the first one.
        :param limit: at most so many, 1 to 1000.
        :raises ValueError: when ``after`` is nothing that a page of this storage said.
        """
        ...

    def write(self, records: Sequence[Moved]) -> None:
        """Store records as they are, each in place of what is there under its key, in as many commits as it takes.

        Writing the same records again changes nothing; whoever was interrupted begins again with the same ones. They
        come in the order of :data:`MOVED`. What a storage keeps besides follows from them: which address is taken,
        which grant of two is active, how far leaves and places are counted, until when a family lives.

        :param records: at most 1000; what they name was written before, or comes with them before it.
        """
        ...
