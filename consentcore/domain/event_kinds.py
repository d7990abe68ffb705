"""All that is known of each kind of consent event, and of each kind of notice.

A new kind of event is a member of :class:`EventType` and a row of :data:`EVENT_KINDS`; one without a row does not get
through the import. Everybody else asks the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from consentcore.domain.grant_states import ENDED, GrantState, state_profile
from consentcore.domain.message import message, unfilled
from consentcore.domain.parties import ActorType, Audience
from consentcore.domain.tables import by_member


class EventType(StrEnum):
    """What happened to a grant."""

    GRANTED = "granted"
    AMENDED = "amended"
    NARROWED = "narrowed"
    REDUCED = "reduced"
    DENIED = "denied"
    ABANDONED = "abandoned"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    REVOKED = "revoked"
    EXPIRED = "expired"
    CODE_REPLAYED = "code_replayed"
    REFRESH_REUSED = "refresh_reused"
    DELETION_CONFIRMED = "deletion_confirmed"


class NoticeKind(StrEnum):
    """Type names on the wire (Standard Webhooks: dot-separated)."""

    GRANTED = "consent.granted"
    DENIED = "consent.denied"
    REVOKED = "consent.revoked"
    EXPIRED = "consent.expired"
    SECURITY = "security.token_reuse"
    TEST = "webhook.test"
    ENDPOINT_FAILING = "webhook.endpoint_failing"
    ENDPOINT_DISABLED = "webhook.endpoint_disabled"
    PASSWORD_RESET = "account.password_reset"
    PASSWORD_CHANGED = "account.password_changed"
    EMAIL_CHANGE = "account.email_change"
    EMAIL_CHANGED = "account.email_changed"
    ACCESS_ENDING = "account.access_ending"
    DELETION_REQUESTED = "account.deletion_requested"

    @property
    def is_account(self) -> bool:
        """Whether it is between the data owner and us only: no client and no plugin is told."""
        return self.value.startswith("account.")

    @property
    def is_consent(self) -> bool:
        """Whether an event of the ledger stands behind it."""
        return self.value.startswith(("consent.", "security."))


@dataclass(frozen=True, slots=True)
class NoticeProfile:
    """All that is known of a kind of notice.

    :ivar audiences: who is told where nobody says otherwise.
    :ivar status: the member ``status`` of its webhook; "" where no endpoint can choose this type.
    :ivar mail: folder of its mail in ``templates/email``; "" where no mail tells of it, or where each kind of event
        has its own.
    :ivar needs_link: whether its mail is about a link, and is not sent once that is no longer good.
    """

    kind: NoticeKind
    audiences: tuple[Audience, ...]
    status: str
    mail: str
    needs_link: bool = False


@dataclass(frozen=True, slots=True)
class EventKind:
    """All that is known of a kind of event.

    :ivar follows: the states of a grant in which it may happen, None where it makes the grant; no other.
    :ivar state_after: None where it leaves the state as it is.
    :ivar actors: who does it, the usual one first.
    :ivar default_reason: the code that says why, where whoever did it gives none; webhooks repeat it.
    :ivar notice: what tells of it; None where nobody is told.
    :ivar mail: folder of its mail in ``templates/email``; "" where nobody is told.
    :ivar word: for the owner's history, in English.
    :ivar story: the same as a sentence, with the placeholders ``name`` of the application and ``what`` it may, an
        infinitive, last; see :mod:`consentcore.consent.story`, which also tells what changed of what still stands.
    :ivar on_request: whether it is what a request of these actors to end a grant comes to.
    :ivar consenting: whether the owner has said yes by it (``dpv:ExplicitlyExpressedConsent``).
    :ivar narrows: whether less is allowed after it, without a new consent.
    :ivar security: whether it tells of an attack on a grant's tokens, whose family it ends.
    """

    type: EventType
    follows: frozenset[GrantState | None]
    state_after: GrantState | None
    actors: tuple[ActorType, ...]
    default_reason: str
    notice: NoticeKind | None
    mail: str
    word: str
    story: str
    on_request: bool = False
    consenting: bool = False
    security: bool = False
    narrows: bool = False

    @property
    def begins(self) -> bool:
        """Whether it makes a grant."""
        return None in self.follows

    @property
    def ends(self) -> bool:
        """Whether a permission that stood stands no longer after it."""
        return self.state_after is not None and state_profile(self.state_after).ended


_OWNER = (Audience.OWNER,)
_NEW: frozenset[GrantState | None] = frozenset({None})
_ACTIVE: frozenset[GrantState | None] = frozenset({GrantState.ACTIVE})
_OWNER_AND_CLIENT = (Audience.OWNER, Audience.CLIENT)
_CONTACT_AND_OPERATOR = (Audience.CONTACT, Audience.OPERATOR)

NOTICE_KINDS = (
    NoticeProfile(NoticeKind.GRANTED, _OWNER_AND_CLIENT, status="active", mail=""),
    NoticeProfile(NoticeKind.DENIED, _OWNER_AND_CLIENT, status="denied", mail=""),
    NoticeProfile(NoticeKind.REVOKED, _OWNER_AND_CLIENT, status="revoked", mail=""),
    NoticeProfile(NoticeKind.EXPIRED, _OWNER_AND_CLIENT, status="expired", mail=""),
    NoticeProfile(NoticeKind.SECURITY, (Audience.OPERATOR,), status="", mail=""),
    NoticeProfile(NoticeKind.TEST, (Audience.CLIENT,), status="", mail=""),
    NoticeProfile(NoticeKind.ENDPOINT_FAILING, _CONTACT_AND_OPERATOR, status="", mail="endpoint_failing"),
    NoticeProfile(NoticeKind.ENDPOINT_DISABLED, _CONTACT_AND_OPERATOR, status="", mail="endpoint_disabled"),
    NoticeProfile(NoticeKind.PASSWORD_RESET, _OWNER, status="", mail="password_reset", needs_link=True),
    NoticeProfile(NoticeKind.PASSWORD_CHANGED, _OWNER, status="", mail="password_changed"),
    NoticeProfile(NoticeKind.EMAIL_CHANGE, _OWNER, status="", mail="email_change", needs_link=True),
    NoticeProfile(NoticeKind.EMAIL_CHANGED, _OWNER, status="", mail="email_changed"),
    NoticeProfile(NoticeKind.ACCESS_ENDING, _OWNER, status="", mail="ending"),
    NoticeProfile(NoticeKind.DELETION_REQUESTED, _OWNER, status="", mail="deletion_requested"),
)

EVENT_KINDS = (
    EventKind(
        EventType.GRANTED,
        follows=_NEW,
        state_after=GrantState.ACTIVE,
        actors=(ActorType.OWNER,),
        default_reason="",
        notice=NoticeKind.GRANTED,
        mail="granted",
        word=message("granted"),
        story=unfilled("You allowed %(name)s to %(what)s."),
        consenting=True,
    ),
    EventKind(
        EventType.AMENDED,
        follows=_ACTIVE,
        state_after=GrantState.ACTIVE,
        actors=(ActorType.OWNER,),
        default_reason="",
        notice=NoticeKind.GRANTED,
        mail="amended",
        word=message("granted, changed"),
        story=unfilled("You changed what you allow %(name)s. It may now %(what)s."),
        consenting=True,
    ),
    EventKind(
        EventType.NARROWED,
        follows=_ACTIVE,
        state_after=GrantState.ACTIVE,
        actors=(ActorType.OWNER,),
        default_reason="owner_request",
        # To an application it is what a further approval that allows less was all along: take scopes, resources and
        # end as they are from now on.
        notice=NoticeKind.GRANTED,
        mail="narrowed",
        word=message("narrowed by you"),
        story=unfilled("You now allow %(name)s less. It may still %(what)s."),
        narrows=True,
    ),
    EventKind(
        EventType.REDUCED,
        follows=_ACTIVE,
        state_after=GrantState.ACTIVE,
        actors=(ActorType.CLIENT,),
        default_reason="client_request",
        notice=NoticeKind.GRANTED,
        mail="narrowed",
        word=message("narrowed by the application"),
        story=unfilled("%(name)s gave back part of what you had allowed. It may still %(what)s."),
        narrows=True,
    ),
    EventKind(
        EventType.DENIED,
        follows=_NEW,
        state_after=GrantState.DENIED,
        actors=(ActorType.OWNER,),
        default_reason="",
        notice=NoticeKind.DENIED,
        mail="denied",
        word=message("denied"),
        story=unfilled("You said no: %(name)s had asked to %(what)s."),
    ),
    EventKind(
        EventType.ABANDONED,
        follows=_NEW,
        state_after=GrantState.ABANDONED,
        actors=(ActorType.SYSTEM,),
        default_reason="",
        notice=None,
        mail="",
        word=message("not answered"),
        story=unfilled("You did not answer: %(name)s had asked to %(what)s."),
    ),
    EventKind(
        EventType.WITHDRAWN,
        follows=_ACTIVE,
        state_after=GrantState.WITHDRAWN,
        actors=(ActorType.OWNER,),
        default_reason="owner_request",
        notice=NoticeKind.REVOKED,
        mail="revoked",
        word=message("revoked by you"),
        story=unfilled("You no longer allow %(name)s to %(what)s."),
        on_request=True,
    ),
    EventKind(
        EventType.CLOSED,
        follows=_ACTIVE,
        state_after=GrantState.CLOSED,
        actors=(ActorType.CLIENT,),
        default_reason="client_request",
        notice=NoticeKind.REVOKED,
        mail="revoked",
        word=message("revoked by the application"),
        story=unfilled("%(name)s gave back its permission to %(what)s."),
        on_request=True,
    ),
    EventKind(
        EventType.REVOKED,
        follows=_ACTIVE,
        state_after=GrantState.REVOKED,
        actors=(ActorType.OPERATOR, ActorType.SYSTEM),
        default_reason="admin",
        notice=NoticeKind.REVOKED,
        mail="revoked",
        word=message("revoked by us"),
        story=unfilled("We ended the permission of %(name)s to %(what)s."),
        on_request=True,
    ),
    EventKind(
        EventType.EXPIRED,
        follows=_ACTIVE,
        state_after=GrantState.EXPIRED,
        actors=(ActorType.SYSTEM,),
        default_reason="time_over",
        notice=NoticeKind.EXPIRED,
        mail="expired",
        word=message("expired"),
        story=unfilled("The time was over: %(name)s is no longer allowed to %(what)s."),
    ),
    EventKind(
        EventType.CODE_REPLAYED,
        follows=_ACTIVE | ENDED,
        state_after=None,
        actors=(ActorType.SYSTEM,),
        default_reason="",
        notice=NoticeKind.SECURITY,
        mail="security",
        word=message("security: a code was used twice, its tokens were ended"),
        story=unfilled(
            "A code of %(name)s was used twice, "
            "so we ended the accesses that came of it. Your permission stands."
        ),
        security=True,
    ),
    EventKind(
        EventType.REFRESH_REUSED,
        follows=_ACTIVE | ENDED,
        state_after=None,
        actors=(ActorType.SYSTEM,),
        default_reason="",
        notice=NoticeKind.SECURITY,
        mail="security",
        word=message("security: an old token was used again, its tokens were ended"),
        story=unfilled(
            "An old token of %(name)s was used again, "
            "so we ended the accesses that belong to it. Your permission stands."
        ),
        security=True,
    ),
    EventKind(
        EventType.DELETION_CONFIRMED,
        follows=ENDED,
        state_after=None,
        actors=(ActorType.CLIENT,),
        default_reason="",
        notice=None,
        mail="",
        word=message("deletion confirmed by the application"),
        story=unfilled("%(name)s has confirmed that it deleted what it had received."),
    ),
)
_NOTICES = by_member("NOTICE_KINDS", NoticeKind, NOTICE_KINDS, lambda row: row.kind)
_EVENTS = by_member("EVENT_KINDS", EventType, EVENT_KINDS, lambda row: row.type)
_TOLD = {kind: tuple(row for row in EVENT_KINDS if row.notice is kind) for kind in NoticeKind}
_REQUESTED = by_member(
    "EVENT_KINDS, on_request,",
    ActorType,
    ((actor, row) for row in EVENT_KINDS if row.on_request for actor in row.actors),
    lambda pair: pair[0],
)

SECURITY_EVENTS = frozenset(row.type for row in EVENT_KINDS if row.security)
"""Events that tell of an attack; they leave the grant's state as it is."""

CHOOSABLE = tuple(row.kind for row in NOTICE_KINDS if row.status)
"""What a webhook endpoint may choose from; a test is always sent."""


def event_kind(event_type: EventType) -> EventKind:
    """All that is known of a kind of event."""
    return _EVENTS[event_type]


def notice_profile(kind: NoticeKind) -> NoticeProfile:
    """All that is known of a kind of notice."""
    return _NOTICES[kind]


def requested_by(actor: ActorType) -> EventKind:
    """What it is when this actor asks to end a grant."""
    return _REQUESTED[actor][1]


def narrowed_by(actor: ActorType) -> EventKind:
    """What it is when this actor allows less, or takes less.

    :raises LookupError: nobody else does.
    """
    found = [row for row in EVENT_KINDS if row.narrows and actor in row.actors]
    if len(found) != 1:
        raise LookupError(f"{len(found)} kinds of event are a narrowing by {actor}")
    return found[0]


def leading_to(state: GrantState) -> EventKind:
    """The kind of event after which a grant is in a state other than active.

    :raises LookupError: when several lead there.
    """
    found = [row for row in EVENT_KINDS if row.state_after is state]
    if len(found) != 1:
        raise LookupError(f"{len(found)} kinds of event lead to {state}")
    return found[0]


def told_by(kind: NoticeKind) -> tuple[EventKind, ...]:
    """The kinds of event that a kind of notice tells of, the typical one first; none where it is about something else
    than a consent."""
    return _TOLD[kind]
