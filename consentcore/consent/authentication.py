"""What an application asks of the sign-in, held against the one that there is (OpenID Connect Core section 3.1.2.1, RFC
9470 section 5).

Times are counted from when the request came in: however long somebody reads the consent page, a sign-in that was good
when it began stays good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.domain.clock import MINUTE, SECOND
from consentcore.oauth.sign_in_parameters import UNMET
from consentcore.ports.login import SignInRequest

if TYPE_CHECKING:
    from consentcore.domain.interaction import AuthorizationRequest, Interaction
    from consentcore.domain.owner import OwnerSession

TOLERANCE_MS = 10 * MINUTE
"""By which the clock of a provider may be behind: the most that ``login_oidc`` can be set to."""
LOGIN_REQUIRED = "login_required"


def wants_sign_in(request: AuthorizationRequest) -> bool:
    """Whether the application wants a new sign-in, whatever the one before was; ``max_age=0`` is ``prompt=login``."""
    return request.max_age == 0 or not {"login", "select_account"}.isdisjoint(request.prompt.split())


def is_too_old(
    request: AuthorizationRequest, session: OwnerSession, asked_at: int, tolerance_ms: int = 0
) -> bool:
    """Whether somebody proved longer ago than ``max_age`` allows who they are.

    :param asked_at: when the request came in, in milliseconds since the epoch.
    """
    if request.max_age is None:
        return False
    return session.auth_time < asked_at - request.max_age * SECOND - tolerance_ms


def is_unmet(request: AuthorizationRequest, session: OwnerSession) -> bool:
    """Whether somebody signed in otherwise than the application asks."""
    return bool(request.acr_values) and session.acr not in request.acr_values


def suffices(request: AuthorizationRequest, session: OwnerSession, now: int) -> bool:
    """Whether a request that comes in now needs no other sign-in than the one that there is."""
    return not (wants_sign_in(request) or is_too_old(request, session, now) or is_unmet(request, session))


def may_answer(interaction: Interaction, session: OwnerSession | None) -> bool:
    """Whether somebody is signed in who may answer; where the application wants another sign-in than there was, by one
    since it asked."""
    return session is not None and not _lacks(interaction, session)


def refusal(interaction: Interaction, session: OwnerSession | None) -> str:
    """The error that a request ends in because the sign-in that was made for it is not what was asked for: another one
    would be no better. "" where there has yet to be one."""
    if session is None or not _was_made_for(interaction, session) or not _lacks(interaction, session):
        return ""
    return UNMET if is_unmet(interaction.request, session) else LOGIN_REQUIRED


def asked_of(request: AuthorizationRequest) -> SignInRequest:
    """What the sign-in is told of a request."""
    words = request.prompt.split()
    return SignInRequest(
        fresh="login" in words or request.max_age == 0,
        max_age=request.max_age,
        acr_values=request.acr_values,
        login_hint=request.login_hint,
        select_account="select_account" in words,
    )


def _lacks(interaction: Interaction, session: OwnerSession) -> bool:
    request, asked_at = interaction.request, interaction.created_at
    made = _was_made_for(interaction, session)
    words = request.prompt.split()
    if is_unmet(request, session):
        return True
    # The time that a provider names may be older by what its clock is behind.
    if is_too_old(request, session, asked_at, TOLERANCE_MS if made else 0):
        return True
    if "login" in words and not made and session.auth_time < asked_at:
        return True
    return "select_account" in words and session.created_at < asked_at


def _was_made_for(interaction: Interaction, session: OwnerSession) -> bool:
    return interaction.owner_id == session.owner_id and session.created_at >= interaction.created_at
