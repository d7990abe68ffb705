"""The pending authorization request that a page is about, see :mod:`consentcore.consent.pending`: found with what the
browser has brought, and changed in a transaction that its method allows."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from consentcore.consent import authentication, pending
from consentcore.consent.pending import UNBOUND, Gone
from consentcore.domain.secret import digest
from consentcore.ports.login import SignInRequest
from consentcore.web.language import prefer_locales
from consentcore.web.methods import SAFE_METHODS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyramid.request import Request

    from consentcore.consent.grant_actions import GrantActionRefused
    from consentcore.domain.interaction import Interaction


def pending_interaction(request: Request, interaction_id: str) -> Interaction:
    """The interaction of that id, if it waits, has time left, and is this browser's.

    :raises Gone: otherwise.
    """
    try:
        found = pending.find(request.uow, interaction_id, request.now)
    except Gone as gone:
        if gone.answer is not None:
            prefer_locales(request, gone.answer.request.ui_locales)
        raise
    prefer_locales(request, found.request.ui_locales)
    # Only for a GET, which holds no write lock that the transaction of this would wait for, and once per request, which
    # does not see what was written beside it; nor for HEAD: looking at a link takes it from nobody.
    if found.session_hash == UNBOUND and request.method == "GET":
        owner_id = request.owner.owner_id if may_answer(request, found) else ""
        found = pending.adopt(request.runtime.storage, found, request.browser, owner_id)
    pending.check_browser(found, request.browser, request.now)
    return found


def still_pending(request: Request, interaction_id: str) -> None:
    """Look again, beside this request's transaction, whether nobody has answered since :func:`pending_interaction`.

    :raises Gone: when somebody has.
    """
    with request.runtime.storage.reading() as uow:
        pending.check_waits(uow, interaction_id, request.now)


def may_answer(request: Request, interaction: Interaction) -> bool:
    """Whether somebody is signed in who may answer."""
    return request.owner is not None and authentication.may_answer(interaction, request.owner_session)


def another_sign_in(request: Request, interaction: Interaction) -> str:
    """Why somebody who is signed in may not answer yet: the application wants them to ``choose`` an account, or to
    ``prove`` anew that it is them; "" for anybody else."""
    if request.owner is None or may_answer(request, interaction):
        return ""
    asked = authentication.asked_of(interaction.request)
    strict = asked.fresh or asked.max_age is not None or asked.acr_values
    return "choose" if asked.select_account and not strict else "prove"


def asked_of_sign_in(request: Request, interaction_id: str) -> SignInRequest:
    """What the application that waits asks of the sign-in; read by itself, so that no transaction stays open."""
    if not interaction_id:
        return SignInRequest()
    with request.runtime.storage.reading() as uow:
        found = uow.interactions.get(digest(interaction_id))
    return authentication.asked_of(found.request) if found is not None else SignInRequest()


def sign_in_url(request: Request, interaction_id: str, interaction: Interaction) -> str:
    """Where somebody goes who may not answer: to the sign-in or, where they have just been there and it is not what the
    application asked for, back to the application.

    :raises Gone: when it was answered meanwhile.
    """
    error = authentication.refusal(interaction, request.owner_session)
    if not error or request.method != "GET":  # looking at a link ends nothing
        return url_for("/login", interaction_id)
    with request.runtime.storage.transaction() as uow:  # beside that of the request, which only reads
        url: str = request.runtime.interactions.answers.refuse(uow, interaction_id, interaction, error)
        return url


def refused_url(request: Request, refused: GrantActionRefused) -> str:
    """Where a request leads that is about another grant than the one that stands; looking at a link ends nothing.

    :raises Gone: when it was answered meanwhile.
    """
    if request.method == "HEAD":
        return url_for("/consent", refused.interaction_id)
    refuse: Callable[..., str] = request.runtime.interactions.answers.refuse
    what = refused.interaction_id, refused.interaction, refused.error, refused.description
    if request.method not in SAFE_METHODS:
        return refuse(request.uow, *what)
    with request.runtime.storage.transaction() as uow:  # beside that of the request, which only reads
        return refuse(uow, *what)


def take_over(request: Request, interaction: Interaction) -> Interaction:
    """Hand it to whoever is signed in now.

    :raises Gone: when it was answered meanwhile.
    """
    owner_id = request.owner.owner_id
    if interaction.owner_id == owner_id:
        return interaction
    if request.method in SAFE_METHODS:  # whose own transaction only reads
        with request.runtime.storage.transaction() as uow:
            return pending.take_over(uow, interaction, owner_id)
    return pending.take_over(request.uow, interaction, owner_id)


def url_for(page: str, interaction_id: str) -> str:
    """``/login?i=…`` or ``/consent?i=…``."""
    return f"{page}?i={quote(interaction_id, safe='.')}"
