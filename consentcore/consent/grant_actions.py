"""What a request that says so makes of the grant that stands (Grant Management for OAuth 2.0 section 5.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from consentcore.consent import drafts
from consentcore.consent.recorded_row import REFRESH_FROM
from consentcore.domain.authorization_detail import united
from consentcore.domain.clock import iso
from consentcore.domain.errors import InvalidInput
from consentcore.oauth.authorization_details import INVALID
from consentcore.oauth.grant_management import REPLACE, action_problem

if TYPE_CHECKING:
    from consentcore.consent.event_body import Action
    from consentcore.domain.grant import Grant
    from consentcore.domain.interaction import AuthorizationRequest, Interaction
    from consentcore.domain.scope import Catalog


class GrantActionRefused(InvalidInput):
    """A request is about another grant than the one that stands, or would make it larger than one may be: the
    application is told.

    :ivar error: the code (section 5.4, RFC 9396 section 5).
    """

    def __init__(
        self, error: str, description: str, interaction_id: str = "", interaction: Interaction | None = None
    ) -> None:
        field, _, expected = description.partition(": ")
        super().__init__(field, expected)
        self.error = error
        self.description = description
        self.interaction_id = interaction_id
        self.interaction = interaction


def check_action(
    request: AuthorizationRequest,
    standing: Grant | None,
    interaction_id: str = "",
    interaction: Interaction | None = None,
) -> None:
    """Refuse what cannot be.

    :param standing: the active grant of the owner for the client.
    :raises GrantActionRefused: naming what was expected.
    """
    problem = action_problem(request, standing) if request.grant_action else None
    if problem is None and request.authorization_details:
        problem = _too_much(request, standing)
    if problem:
        raise GrantActionRefused(*problem, interaction_id, interaction)


def _too_much(request: AuthorizationRequest, standing: Grant | None) -> tuple[str, str] | None:
    """Why no yes could be recorded, whatever somebody chooses: only the application can ask for less (RFC 9396 section
    5)."""
    stays = () if standing is None or request.grant_action == REPLACE else standing.authorization_details
    try:
        united(stays, request.authorization_details)
    except InvalidInput as problem:
        return INVALID, f"{problem.field}: {problem.expected}"
    return None


def changed(
    catalog: Catalog,
    before: Grant,
    request: AuthorizationRequest,
    action: Action,
    *,
    resources: tuple[str, ...],
    end: int,
    now: int,
) -> tuple[Action, Grant]:
    """A yes to a further request, and the grant after it, see :func:`consentcore.consent.drafts.amended`.

    With ``replace`` nothing stays that was not asked; with ``merge`` and ``replace`` refresh tokens of before are dead.

    :param resources: those that the grant shall have.
    :param end: when what is approved now would end by itself, in milliseconds since the epoch; ``now`` likewise.
    """
    base = before
    if request.grant_action == REPLACE:
        base = replace(before, scopes=(), resources=(), declined=(), authorization_details=())
    after = drafts.amended(catalog, base, request.scopes, action, resources, end=end)
    if not request.grant_action:
        return action, after
    # Another node may have changed it before, whose clock is ahead: what is dead by that stays so.
    since = max(now, before.refresh_from + 1)
    details = {"grant_management_action": request.grant_action, REFRESH_FROM: iso(since)}
    after = replace(after, refresh_from=since)
    return replace(action, details=details), after
