"""Finding the pending authorization request that a page is about, and saying why it cannot be answered (any more).

A request is bound to the browser that brings it first, not to one session of it: signing in and out, in whatever tab,
leaves all others answerable by the person who is signed in in the end. The id of a pushed one (RFC 9126) is two
secrets with a dot between: of this browser's opening, and of the pushed request that all its openings share.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from typing import TYPE_CHECKING
from urllib.parse import quote

from consentcore.domain.errors import ClientSuspended, InteractionGone
from consentcore.domain.secret import INTERACTION, digest, looks_like
from consentcore.oauth.redirect_uris import is_registered
from consentcore.web.language import prefer_locales
from consentcore.web.methods import SAFE_METHODS
from consentcore.web.owner import answered
from consentcore.web.owner.answered import Answer

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.domain.client import Client
    from consentcore.domain.interaction import AuthorizationRequest, Interaction
    from consentcore.ports.transactions import UnitOfWork

UNBOUND = b""


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


def pending(request: Request, interaction_id: str) -> Interaction:
    """The interaction of that id, if it waits, has time left, and is this browser's.

    :raises Gone: otherwise.
    """
    if not is_id(interaction_id):
        raise Gone(Why.OVER)
    found, shared = request.uow.interactions.get(digest(interaction_id)), shared_of(interaction_id)
    if found is None or (shared and request.uow.interactions.get(digest(shared)) is None):
        ended = _ended(request.uow, interaction_id, request.now)
        if ended.answer is not None:
            prefer_locales(request, ended.answer.request.ui_locales)
        raise ended
    prefer_locales(request, found.request.ui_locales)
    if found.session_hash == UNBOUND:
        found = _adopt(request, found)
    if found is None or not request.browser.has(found.session_hash):
        raise Gone(Why.ELSEWHERE if request.browser.keeps_cookies else Why.NO_COOKIES)
    if request.now >= found.expires_at:
        raise Gone(Why.RAN_OUT, found)
    return found


def still_pending(request: Request, interaction_id: str) -> None:
    """Look again, beside this request's transaction, whether nobody has answered since :func:`pending`.

    :raises Gone: when somebody has.
    """
    with request.runtime.storage.reading() as uow:
        if uow.interactions.get(digest(shared_of(interaction_id) or interaction_id)) is None:
            raise _ended(uow, interaction_id, request.now)


def asking(request: Request, wanted: AuthorizationRequest) -> Client:
    """The application that asks, if it may do so now and be led to.

    :raises Gone: when it was switched off, or has lost the address.
    :raises ClientSuspended: when it is kept out.
    """
    client: Client | None = request.uow.clients.get(wanted.client_id)
    if client is None or not client.enabled or not is_registered(client, wanted.redirect_uri):
        raise Gone(Why.WITHDRAWN)
    if client.suspended is not None:
        raise ClientSuspended
    return client


def may_answer(request: Request, interaction: Interaction) -> bool:
    """Whether somebody is signed in who may answer; where the application wants a new sign-in, anew since it asked."""
    session = request.owner_session
    if request.owner is None:
        return False
    if "login" not in interaction.request.prompt.split() or session.auth_time >= interaction.created_at:
        return True
    # The time that a provider names may be older by what its clock is behind: it was judged at the sign-in.
    return interaction.owner_id == session.owner_id and session.created_at >= interaction.created_at


def take_over(request: Request, interaction: Interaction) -> Interaction:
    """Hand it to whoever is signed in now.

    :raises Gone: when it was answered meanwhile.
    """
    owner_id, key = request.owner.owner_id, interaction.interaction_hash
    if interaction.owner_id == owner_id:
        return interaction
    binding = key, interaction.session_hash, interaction.session_hash, owner_id
    if request.method in SAFE_METHODS:  # whose own transaction only reads
        with request.runtime.storage.transaction() as uow:
            bound = uow.interactions.bind(*binding)
    else:
        bound = request.uow.interactions.bind(*binding)
    if not bound:
        raise Gone(Why.OVER)
    return replace(interaction, owner_id=owner_id)


def hand_over(request: Request, uow: UnitOfWork, interaction_id: str, before: bytes, owner_id: str) -> None:
    """Give a request of this browser to the person who has just signed in.

    :param before: hash of the session that ended with that.
    """
    found = uow.interactions.get(digest(interaction_id)) if is_id(interaction_id) else None
    if found is not None and (request.browser.has(found.session_hash) or found.session_hash == before):
        uow.interactions.bind(found.interaction_hash, found.session_hash, request.browser.mark, owner_id)


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


def url_for(page: str, interaction_id: str) -> str:
    """``/login?i=…`` or ``/consent?i=…``."""
    return f"{page}?i={quote(interaction_id, safe='.')}"


def _ended(uow: UnitOfWork, interaction_id: str, now: int) -> Gone:
    answer = answered.find(uow, shared_of(interaction_id) or interaction_id, now)
    return Gone(Why.ANSWERED, answer=answer) if answer else Gone(Why.OVER)


def _adopt(request: Request, found: Interaction) -> Interaction | None:
    """Bind an interaction that was opened on the protocol's host to the first browser that brings it here.

    The protocol's host cannot see this host's cookies. In a transaction of its own, so that a second browser
    that comes at the same moment finds it taken; so only for a GET, which holds no write lock that this one
    would wait for, and once per request, which does not see what was written beside it.
    """
    if request.method != "GET":  # nor for HEAD: looking at a link takes it from nobody
        return None
    mine, owner_id = request.browser.mark, ""
    if may_answer(request, found):
        owner_id = request.owner.owner_id
    with request.runtime.storage.transaction() as uow:
        if not uow.interactions.bind(found.interaction_hash, UNBOUND, mine, owner_id):
            return None
    return replace(found, session_hash=mine, owner_id=owner_id)
