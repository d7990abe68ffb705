"""Must we ask? Every reason has a name and a check of its own."""

from __future__ import annotations

from collections.abc import Callable

from consentcore.consent.authentication import LOGIN_REQUIRED, is_too_old, is_unmet
from consentcore.consent.choice import ChoiceRules
from consentcore.consent.offers import is_optional
from consentcore.domain.authorization_detail import are_within, types_of
from consentcore.domain.grant import Grant
from consentcore.domain.interaction import AuthorizationRequest, AuthorizeContext
from consentcore.domain.scope import Catalog, ScopeType


class _Case:
    """:ivar asked: the entries of the scopes that are asked, as far as the catalog has them.

    :ivar granted: scope token to pinned reference, of the standing grant.
    :ivar answered: tokens of optional scopes that the owner of the standing grant has left out not long ago: as they
        mean today, and as long as the application can still do without.
    :ivar prompts: values of ``prompt`` (OpenID Connect Core section 3.1.2.1).
    """

    def __init__(
        self,
        request: AuthorizationRequest,
        context: AuthorizeContext,
        catalog: Catalog,
        now: int,
        *,
        rules: ChoiceRules,
        answered_ms: int,
    ) -> None:
        self.request = request
        self.context = context
        self.now = now
        self.rules = rules
        known, grant = catalog.scopes, context.grant
        self.asked = [known[one] for one in request.scopes if one in known]
        self.granted = {one.rpartition("@")[0]: one for one in grant.scopes} if grant else {}
        self.prompts = request.prompt.split()
        self.answered: frozenset[str] = frozenset()
        if grant is not None and grant.declined and now < grant.changed_at + answered_ms:
            self.answered = self._answered(grant)

    def _answered(self, grant: Grant) -> frozenset[str]:
        client = self.context.client
        if client is None:
            return frozenset()
        return frozenset(
            scope.scope_id
            for scope in self.asked
            if scope.reference in grant.declined and is_optional(scope, client)
        )


def _not_signed_in(case: _Case) -> bool:
    return case.context.session is None


def _login_asked(case: _Case) -> bool:
    return "login" in case.prompts or case.request.max_age == 0


def _account_asked(case: _Case) -> bool:
    return "select_account" in case.prompts


def _sign_in_too_old(case: _Case) -> bool:
    session = case.context.session
    return session is not None and is_too_old(case.request, session, case.now)


def _sign_in_unmet(case: _Case) -> bool:
    """RFC 9470 section 5."""
    return case.context.session is not None and is_unmet(case.request, case.context.session)


def _grant_changed(case: _Case) -> bool:
    """What becomes of a grant is decided each time (Grant Management for OAuth 2.0 section 5.2)."""
    return bool(case.request.grant_action)


def _consent_asked(case: _Case) -> bool:
    return "consent" in case.prompts


def _public_client(case: _Case) -> bool:
    """Anybody can pretend to be a public client, so a remembered consent proves nothing (RFC 6749 10.2)."""
    return case.context.client is None or case.context.client.public


def _client_disabled(case: _Case) -> bool:
    return case.context.client is None or not case.context.client.enabled


def _no_grant(case: _Case) -> bool:
    grant, session = case.context.grant, case.context.session
    return grant is None or session is None or grant.owner_id != session.owner_id


def _grant_ended(case: _Case) -> bool:
    grant = case.context.grant
    return grant is not None and not grant.is_active(case.now)


def _scope_added(case: _Case) -> bool:
    asked, granted = case.request.scopes, case.granted
    if granted.keys() >= set(asked):
        return False
    # Where everything was left out there is nothing to give a code for.
    return not granted.keys() & set(asked) or any(one not in {*granted, *case.answered} for one in asked)


def _details_added(case: _Case) -> bool:
    """An authorization detail that is not within one that was granted (RFC 9396 section 6.1), of the same version of
    its type; or of a type that the application may not ask for any more."""
    asked, grant, client = case.request.authorization_details, case.context.grant, case.context.client
    if not asked:
        return False
    if (
        grant is None
        or client is None
        or not set(types_of(asked)).issubset(client.authorization_details_types)
    ):
        return True
    return not are_within(asked, grant.authorization_details)


def _meaning_changed(case: _Case) -> bool:
    """A scope whose text has another version now was never agreed to."""
    granted = case.granted
    return not all(granted.get(one.scope_id, "") in ("", one.reference) for one in case.asked)


def _unknown_scope(case: _Case) -> bool:
    return len(case.asked) < len(case.request.scopes)


def _acts(case: _Case) -> bool:
    """Letting an application act is decided anew each time; what the owner has left out does not act."""
    acting = [scope.scope_id for scope in case.asked if scope.type is ScopeType.ACT]
    return bool(acting) and not case.answered.issuperset(acting)


def _nothing_chosen(case: _Case) -> bool:
    """Where a scope needs a resource, a grant without one, such as an older release has made, allows nothing."""
    if not case.rules.offered:
        return False
    grant = case.context.grant
    wanted = [scope for scope in case.request.scopes if scope not in case.answered]
    chosen = grant.resources if grant else ()
    details = case.request.authorization_details
    return bool(
        case.rules.lacking(wanted, chosen) or (details and case.rules.lacking_details(details, chosen))
    )


CHECKS: dict[str, Callable[[_Case], bool]] = {
    "not_signed_in": _not_signed_in,
    "prompt_login": _login_asked,
    "prompt_select_account": _account_asked,
    "sign_in_too_old": _sign_in_too_old,
    "sign_in_unmet": _sign_in_unmet,
    "prompt_consent": _consent_asked,
    "grant_action": _grant_changed,
    "public_client": _public_client,
    "client_disabled": _client_disabled,
    "no_grant": _no_grant,
    "grant_ended": _grant_ended,
    "scope_added": _scope_added,
    "details_added": _details_added,
    "scope_meaning_changed": _meaning_changed,
    "scope_unknown": _unknown_scope,
    "scope_acts": _acts,
    "nothing_chosen": _nothing_chosen,
}


SIGN_IN = frozenset(
    {"not_signed_in", "prompt_login", "prompt_select_account", "sign_in_too_old", "sign_in_unmet"}
)
"""Names of those that another sign-in would mend."""


def reasons_to_ask(
    request: AuthorizationRequest,
    context: AuthorizeContext,
    catalog: Catalog,
    now: int,
    rules: ChoiceRules | None = None,
    *,
    answered_ms: int = 0,
) -> tuple[str, ...]:
    """Say why the owner has to be asked; empty when a remembered consent may be used.

    :param now: milliseconds since the epoch.
    :param rules: what owners have to choose; None where there is nothing to choose from.
    :param answered_ms: how long an optional scope that was left out needs no question of its own, counted from the last
        decision on the grant.
    :returns: names of :data:`CHECKS`, in that order.
    """
    case = _Case(request, context, catalog, now, rules=rules or ChoiceRules(catalog), answered_ms=answered_ms)
    return tuple([name for name, applies in CHECKS.items() if applies(case)])


def silent_error(reasons: tuple[str, ...]) -> str:
    """Why a request is not answered without a page (OpenID Connect Core section 3.1.2.6).

    :param reasons: at least one, see :func:`reasons_to_ask`.
    """
    if not SIGN_IN.isdisjoint(reasons):
        return LOGIN_REQUIRED
    # Nothing is lacking; a public client proves nothing, so somebody has to look at who asks.
    return "interaction_required" if reasons == ("public_client",) else "consent_required"
