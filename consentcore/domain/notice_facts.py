"""What a notice says besides whom and what it is about: the one place that writes and reads :attr:`Notice.data`.

Written is canonical JSON (RFC 8785). Read is what any release has written: a member that is not there has its default,
one that is not known is left out, and one of the wrong type is an error.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

from consentcore.domain.event_kinds import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Collection

    from consentcore.domain.notice import Notice

_UNLESS_EMPTY = {"unless_empty": True}


class NoticeFactsError(ValueError):
    """The data of a notice is not what its kind of notice says."""


class _Facts:
    """How facts become JSON and are read again; every member has a default, which says of what type it is."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def to_json(self) -> str:
        """Write them as they are stored."""
        # Names are ASCII and there are no fractions: then this is the form of RFC 8785.
        return json.dumps(_members(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what is stored.

        :raises NoticeFactsError: when it is no JSON object, or a member is of another type.
        """
        return cls._from_members(_object(text))

    @classmethod
    def _from_members(cls, document: object) -> Self:
        if not isinstance(document, dict):
            raise NoticeFactsError("a notice's data is no JSON object")
        given = {one.name: one.default for one in fields(cls) if one.name in document}
        return cls(**{name: cls._read(name, document[name], default) for name, default in given.items()})

    @classmethod
    def _read(cls, name: str, value: object, default: object) -> object:
        if isinstance(default, tuple):
            if isinstance(value, list) and all(isinstance(one, str) for one in value):
                return tuple(value)
        elif type(value) is type(default):
            return value
        raise NoticeFactsError(f"{name} in a notice's data is no {type(default).__name__}")


def _members(facts: _Facts) -> dict[str, object]:
    found: dict[str, object] = {}
    for one in fields(facts):
        value = getattr(facts, one.name)
        if value or not one.metadata.get("unless_empty"):
            found[one.name] = _members(value) if isinstance(value, _Facts) else value
    return found


@dataclass(frozen=True, slots=True)
class ConsentFacts(_Facts):
    """Of an event of the ledger, from the moment of the event, or of a grant that is about to end. No secret, no
    address, no owner's name.

    :ivar event_type: an :class:`~consentcore.domain.event_kinds.EventType`.
    :ivar sequence: of the event in its grant's chain, from 1; 0 where it is not said.
    :ivar state: of the grant after it, a :class:`~consentcore.domain.grant_states.GrantState`.
    :ivar scopes: what the client may use from now on. Scope tokens without a version, like the next two.
    :ivar previous_scopes: what it could use before.
    :ivar requested_scopes: what it has asked for.
    :ivar references: all of these pinned to their meaning then, such as ``comfort.read@1``; none from older releases.
    :ivar change: ``created``, ``extended``, ``narrowed`` or ``renewed`` by what the owner allowed; else "".
    :ivar initiator: who did it: ``user``, ``client``, ``admin`` or ``system``.
    :ivar reason: a code, never free text.
    :ivar reason_text: what an operator typed for everybody to read who is told; else "".
    :ivar resource_ids: ids of the sites, meters and devices that the client may use from now on; ``*`` is all of them,
        also later ones. Whoever shows them gives them their names.
    :ivar previous_resource_ids: those that it could use before.
    :ivar authorization_details: what the client may use from now on besides scopes (RFC 9396), each as it is kept, see
        :mod:`consentcore.domain.authorization_detail`, and so are the following.
    :ivar previous_authorization_details: what it could use before.
    :ivar requested_authorization_details: what it has asked for.
    :ivar granted_at: since when the grant stands, or stood (ISO 8601); "" from older releases.
    :ivar expires_at: when the grant ends, or ended, by its date (ISO 8601).
    :ivar previous_expires_at: when it would have ended before; "" where that is the same.
    :ivar recorded_at: when it was written (ISO 8601), which may be days after it happened; "" from older releases.
    :ivar client_name: as it was then.
    :ivar had_grant_before: on a denial, whether the client already had a permission of this owner, so that telling it
        who said no tells it nothing new.
    :ivar locale: of the page on which the owner decided (BCP 47); "" where it was somebody else, or was not noted.
    :ivar about: id of the latest decision, where the notice tells of no event itself; else "".
    :ivar deletion_due_at: of an end, until when the client has to have deleted what it received (ISO 8601); else "".
    :ivar test: whether there is no such grant, and it is all for a test.
    """

    event_type: str = ""
    sequence: int = 0
    state: str = ""
    scopes: tuple[str, ...] = ()
    previous_scopes: tuple[str, ...] = ()
    requested_scopes: tuple[str, ...] = ()
    references: tuple[str, ...] = field(default=(), metadata=_UNLESS_EMPTY)
    change: str = ""
    initiator: str = ""
    reason: str = ""
    reason_text: str = ""
    expires_at: str = ""
    previous_expires_at: str = field(default="", metadata=_UNLESS_EMPTY)
    recorded_at: str = ""
    client_name: str = ""
    had_grant_before: bool = False
    locale: str = field(default="", metadata=_UNLESS_EMPTY)
    resource_ids: tuple[str, ...] = field(default=(), metadata=_UNLESS_EMPTY)
    previous_resource_ids: tuple[str, ...] = field(default=(), metadata=_UNLESS_EMPTY)
    authorization_details: tuple[str, ...] = field(default=(), metadata=_UNLESS_EMPTY)
    previous_authorization_details: tuple[str, ...] = field(default=(), metadata=_UNLESS_EMPTY)
    requested_authorization_details: tuple[str, ...] = field(default=(), metadata=_UNLESS_EMPTY)
    granted_at: str = field(default="", metadata=_UNLESS_EMPTY)
    about: str = field(default="", metadata=_UNLESS_EMPTY)
    deletion_due_at: str = field(default="", metadata=_UNLESS_EMPTY)
    test: bool = field(default=False, metadata=_UNLESS_EMPTY)


@dataclass(frozen=True, slots=True)
class EndpointFacts(_Facts):
    """Of a webhook endpoint that fails, or that was switched off.

    :ivar endpoint_host: no path or query, which may hold what lets one in.
    :ivar failing_since: ISO 8601; "" where it does not.
    :ivar reason: why it was switched off, in words; "" where it was not.
    """

    endpoint_id: str = ""
    endpoint_host: str = ""
    failing_since: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EndpointTestFacts(_Facts):
    """Of a test of webhooks.

    :ivar endpoint_id: the one endpoint that it is for; "" where it is for all of the client.
    :ivar state: at random, for the receiver to recognise it.
    """

    endpoint_id: str = field(default="", metadata=_UNLESS_EMPTY)
    state: str = ""


@dataclass(frozen=True, slots=True)
class LinkFacts(_Facts):
    """What the secret of a mailed link is computed from, with the keys; no secret itself.

    :ivar purpose: what it is good for.
    :ivar key_id: of the key that the secret is computed with.
    """

    purpose: str = ""
    ticket_id: str = ""
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class AccountFacts(_Facts):
    """Of an owner's account.

    :ivar link: what the mail leads to; None where it only tells of something.
    """

    link: LinkFacts | None = field(default=None, metadata=_UNLESS_EMPTY)

    @classmethod
    def _read(cls, name: str, value: object, default: object) -> object:  # noqa: ARG003 - there is only one
        return LinkFacts._from_members(value)  # noqa: SLF001 - of the same kind


NoticeFacts = ConsentFacts | EndpointFacts | EndpointTestFacts | AccountFacts
"""What a notice says: which of them it is follows from its kind."""


def facts_of(notice: Notice) -> NoticeFacts:
    """Read what a notice says, as its kind has it.

    :raises NoticeFactsError: when its data is not that.
    """
    if notice.kind.is_consent or notice.kind is NoticeKind.ACCESS_ENDING:
        return ConsentFacts.from_json(notice.data)
    if notice.kind.is_account:
        return AccountFacts.from_json(notice.data)
    if notice.kind is NoticeKind.TEST:
        return EndpointTestFacts.from_json(notice.data)
    return EndpointFacts.from_json(notice.data)


def members_of(notice: Notice) -> dict[str, object]:
    """What a notice says by the names of its members, as :func:`facts_of` reads it, but without those that its release
    has not written.

    :raises NoticeFactsError: when its data is not what its kind has.
    """
    facts = facts_of(notice)
    known = {one.name for one in fields(facts)}
    return {name: getattr(facts, name) for name in json.loads(notice.data) if name in known}


def says_no_more(notice: Notice, wanted: Notice, *, besides: Collection[str] = ()) -> bool:
    """Whether every member of a notice, also one that is not known here, is one of another's data and the same there.

    :param besides: names of members that may be anything.
    :raises NoticeFactsError: when the data of one is no JSON object.
    """
    said, known = _object(notice.data), _object(wanted.data)
    missing = object()
    return all(name in besides or known.get(name, missing) == value for name, value in said.items())


def _object(text: str) -> dict[str, object]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise NoticeFactsError("a notice's data is no JSON") from error
    if not isinstance(document, dict):
        raise NoticeFactsError("a notice's data is no JSON object")
    return document
