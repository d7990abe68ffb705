"""A pending authorization request: whose it is, who may answer it, and why it cannot be answered (any more).

A request is bound to the browser that brings it first, not to one session of it: signing in and out, in whatever tab,
leaves all others answerable by the person who is signed in in the end. The id of a pushed one (RFC 9126) is two
secrets with a dot between: of this browser's opening, and of the pushed request that all its openings share.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from consentcore.consent import answered
from consentcore.consent.answered import Answer
from consentcore.domain.described_client import as_described, is_outdated
from consentcore.domain.errors import ClientSuspended, InteractionGone
from consentcore.domain.secret import INTERACTION, digest, looks_like
from consentcore.oauth.redirect_uris import is_registered

if TYPE_CHECKING:
    from consentcore.consent.browser import BrowserMarks
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.domain.interaction import AuthorizationRequest, Interaction
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

UNBOUND = b""
"""Stands where an interaction has the mark of its browser, while it is no browser's."""


class Why(Enum):
    """Why a request cannot be answered: somebody did; its time is over; we have it no more, after one or the other;
    it is another browser's, or may be, because this one has brought no cookie; its application may not ask it now."""

    ANSWERED = auto()
    RAN_OUT = auto()
    OVER = auto()
    ELSEWHERE = auto()
    NO_COOKIES = auto()
    WITHDRAWN = auto()


class Gone(InteractionGone):
    """A request that cannot be answered.

    :ivar interaction: the one that ran out in this browser.
    :ivar answer: how it was answered.
    """

    def __init__(
        self, why: Why, interaction: Interaction | None = None, answer: Answer | None = None
    ) -> None:
        super().__init__(why.name)
        self.why = why
        self.interaction = interaction
        self.answer = answer


def find(uow: UnitOfWork, interaction_id: str, now: int) -> Interaction:
    """The interaction of that id, whichever browser's, if nobody has answered it.

    :param now: milliseconds since the epoch.
    :raises Gone: somebody has, or there is none.
    """
    if not is_id(interaction_id):
        raise Gone(Why.OVER)
    found, shared = uow.interactions.get(digest(interaction_id)), shared_of(interaction_id)
    if found is None or (shared and uow.interactions.get(digest(shared)) is None):
        raise _ended(uow, interaction_id, now)
    return found


def check_waits(uow: UnitOfWork, interaction_id: str, now: int) -> None:
    """Look again whether nobody has answered since :func:`find`.

    :raises Gone: when somebody has.
    """
    if uow.interactions.get(digest(shared_of(interaction_id) or interaction_id)) is None:
        raise _ended(uow, interaction_id, now)


def check_browser(interaction: Interaction, browser: BrowserMarks, now: int) -> None:
    """Refuse a request that another browser has to answer, or that nobody has answered in time.

    :raises Gone: it is one.
    """
    if not browser.has(interaction.session_hash):
        raise Gone(Why.ELSEWHERE if browser.keeps_cookies else Why.NO_COOKIES)
    if now >= interaction.expires_at:
        raise Gone(Why.RAN_OUT, interaction)


def asking_client(uow: UnitOfWork, request: AuthorizationRequest) -> Client:
    """The application that asks, if it may do so now and be led to.

    :raises Gone: when it was switched off, or has lost the address.
    :raises ClientSuspended: when it is kept out.
    """
    return _who_may_ask(uow.clients.get(request.client_id), request)


def asking(uow: UnitOfWork, request: AuthorizationRequest, owner_id: str) -> tuple[Client, Grant | None]:
    """The application that asks, if it may do so now, and what an owner has allowed it so far, in one read.

    :raises Gone: see :func:`asking_client`.
    :raises ClientSuspended: likewise.
    """
    client, grant = uow.grants.asked(owner_id, request.client_id)
    return _who_may_ask(client, request), grant


def _who_may_ask(row: Client | None, request: AuthorizationRequest) -> Client:
    client = as_described(request.described, row)
    if client is not None and row is not None and is_outdated(client, row):
        raise Gone(Why.WITHDRAWN)
    if client is None or not client.enabled or not is_registered(client, request.redirect_uri):
        raise Gone(Why.WITHDRAWN)
    if client.suspended is not None:
        raise ClientSuspended
    return client


def adopt(storage: Storage, interaction: Interaction, browser: BrowserMarks, owner_id: str) -> Interaction:
    """Bind an interaction that was opened on the protocol's host to the first browser that brings it to the pages.

    The protocol's host cannot see the cookies of theirs. In a transaction of its own, so that a second browser that
    comes at the same moment finds it taken.

    :param owner_id: who is signed in and may answer; "" for nobody.
    :returns: as it was, where another browser was faster.
    """
    mark = browser.mark
    with storage.transaction() as uow:
        if not uow.interactions.bind(interaction.interaction_hash, UNBOUND, mark, owner_id):
            return interaction
    return replace(interaction, session_hash=mark, owner_id=owner_id)


def take_over(uow: UnitOfWork, interaction: Interaction, owner_id: str) -> Interaction:
    """Hand it to whoever is signed in now.

    :raises Gone: when it was answered meanwhile.
    """
    mark = interaction.session_hash
    if not uow.interactions.bind(interaction.interaction_hash, mark, mark, owner_id):
        raise Gone(Why.OVER)
    return replace(interaction, owner_id=owner_id)


def hand_over(
    uow: UnitOfWork, interaction_id: str, browser: BrowserMarks, before: bytes, owner_id: str
) -> None:
    """Give a request of this browser to the person who has just signed in.

    :param before: hash of the session that ended with that.
    """
    found = uow.interactions.get(digest(interaction_id)) if is_id(interaction_id) else None
    if found is not None and (browser.has(found.session_hash) or found.session_hash == before):
        uow.interactions.bind(found.interaction_hash, found.session_hash, browser.mark, owner_id)


def use_up_shared(uow: UnitOfWork, interaction_id: str) -> None:
    """Use a pushed request up with its answer.

    :raises InteractionGone: when another opening was answered first.
    """
    shared = shared_of(interaction_id)
    if shared and not uow.interactions.consume(digest(shared)):
        raise InteractionGone


def is_id(text: str) -> bool:
    """Whether it has the form of an id."""
    parts = text.split(".")
    return len(parts) <= 2 and all(looks_like(INTERACTION, part) for part in parts)


def shared_of(interaction_id: str) -> str:
    """What all openings of one pushed request have in common; "" for a request that was not pushed."""
    return interaction_id.partition(".")[2]


def _ended(uow: UnitOfWork, interaction_id: str, now: int) -> Gone:
    answer = answered.find(uow, shared_of(interaction_id) or interaction_id, now)
    return Gone(Why.ANSWERED, answer=answer) if answer else Gone(Why.OVER)
