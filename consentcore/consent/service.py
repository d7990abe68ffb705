"""Approve, deny, revoke, expire, compromised: everything that can happen to a grant.

Every method runs inside the caller's transaction and touches nothing outside it; on a
:class:`~consentcore.domain.errors.StorageConflict` the caller runs the whole transaction again.
"""

from __future__ import annotations

from dataclasses import replace

from consentcore.consent import drafts, terms
from consentcore.consent.checks import check_approval, check_asked, naming
from consentcore.consent.choice import ChoiceRules, united
from consentcore.consent.decision import Approval, Decision
from consentcore.consent.deletion import Deletions
from consentcore.consent.event_body import Action
from consentcore.consent.grant_actions import changed, check_action
from consentcore.consent.narrowing import Narrowing
from consentcore.consent.offers import Durations
from consentcore.consent.recorded_row import RecordedGrants, is_sound
from consentcore.consent.transition import GrantChange, Transitions
from consentcore.consent.unanswered import Unanswered
from consentcore.domain.authorization_detail import are_within
from consentcore.domain.client import Client
from consentcore.domain.clock import Clock
from consentcore.domain.controller import Controller
from consentcore.domain.errors import InteractionGone, InvalidInput, InvalidTransition, NotFound
from consentcore.domain.event import Evidence, NoticeSnapshot
from consentcore.domain.event_kinds import SECURITY_EVENTS, EventType, event_kind, requested_by
from consentcore.domain.grant import Grant, standing
from consentcore.domain.interaction import AuthorizationRequest, Interaction
from consentcore.domain.owner import Owner
from consentcore.domain.parties import Actor, ActorType
from consentcore.domain.scope import Catalog
from consentcore.oauth.codes import new_code
from consentcore.oauth.grant_management import REPLACE
from consentcore.ports.keys import KeyRing
from consentcore.ports.transactions import UnitOfWork

SYSTEM = Actor(ActorType.SYSTEM)


class ConsentService:
    """The consent decisions of owners and their ends.

    :param code_ttl_ms: lifetime of an authorization code.
    :param grant_days: longest life of a grant, in days.
    :param controller: what the operator says of itself in each record.
    :param offered_days: what an owner may choose besides.
    :param rules: what has to be chosen; None where nobody has anything to choose from.
    """

    def __init__(
        self,
        *,
        keys: KeyRing,
        clock: Clock,
        catalog: Catalog,
        code_ttl_ms: int,
        grant_days: int,
        controller: Controller | None = None,
        offered_days: tuple[int, ...] = (),
        rules: ChoiceRules | None = None,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._catalog = catalog
        self._code_ttl_ms = code_ttl_ms
        self.durations = Durations(catalog, grant_days, offered_days)
        self._rules = rules or ChoiceRules(catalog)
        self._transitions = Transitions(keys, clock, catalog, controller or Controller(name="-"))
        self._recorded = RecordedGrants(keys)
        self.narrowing = Narrowing(self._transitions, self._recorded, clock, catalog)
        self.deletions = Deletions(self._transitions, self._recorded)
        self.unanswered = Unanswered(self._transitions, clock, catalog)

    def until(self, scopes: tuple[str, ...], now: int, current_grant: Grant | None = None) -> int:
        """When a grant with these scope tokens would end if nobody chose, in milliseconds since the epoch.

        :param now: when the page was asked for.
        :param current_grant: the one that an approval would amend.
        """
        return self.durations.chosen(self.durations.offered(scopes, now, current_grant), None).until

    def approve(
        self,
        uow: UnitOfWork,
        *,
        interaction: Interaction,
        client: Client,
        owner: Owner,
        decision: Decision,
        evidence: Evidence,
        snapshot: NoticeSnapshot,
    ) -> Approval:
        """Record a yes and issue a code.

        A current grant is amended (see :func:`consentcore.consent.terms.amended`); without one a new grant
        begins, and names the one that ended last as ``replaces``.

        :raises InteractionGone: when the request was answered before, ran out or is another owner's.
        :raises InvalidInput: when it is about another grant than the one that stands (GrantActionRefused), when more is
            allowed than was asked, registered or is in the catalog, less than the application can do with (see
            :mod:`consentcore.consent.offers`), or for a time that was not offered; when the permission would have more
            than 50 authorization details.
        :raises NothingChosen: when a scope needs a resource and none is chosen.
        """
        self._open(interaction, client, owner)
        check_approval(interaction, client, decision.scopes, self._catalog)
        evidence = naming(evidence, snapshot)
        if not uow.interactions.consume(interaction.interaction_hash):
            raise InteractionGone
        action = drafts.approval(self._catalog, interaction, owner.owner_id, decision.scopes, evidence)
        action = replace(action, labels=decision.labels, owner=owner)
        before, replaces = self._to_amend(uow, owner.owner_id, client.client_id)
        requested = interaction.request
        check_action(requested, before)
        amends = None if requested.grant_action == REPLACE else before
        # The end of everything asked, from the time of the request, as on the page: the person read this date.
        offered = self.durations.offered(
            requested.scopes, interaction.created_at, amends, requested.authorization_details
        )
        end = self.durations.chosen(offered, decision.days).until
        standing = amends.resources if amends else ()
        resources = united(standing, decision.resources, decision.resource_kinds)
        self._rules.check(decision.scopes, resources, interaction.request.authorization_details)
        if before is None:
            new = drafts.without_permission(owner.owner_id, client.client_id, self._clock.now())
            after = drafts.begun(new, action, resources, end=end, replaces=replaces)
        else:
            action = replace(action, type=EventType.AMENDED)
            now = self._clock.now()
            action, after = changed(
                self._catalog, before, requested, action, resources=resources, end=end, now=now
            )
        change = self._transitions.apply(uow, action, before, after, snapshot=snapshot)
        code = self._issue(uow, change.grant, interaction.request, decision.scopes, evidence)
        return Approval(change.grant, change.event, code)

    def further_code(
        self, uow: UnitOfWork, request: AuthorizationRequest, owner: Owner, evidence: Evidence
    ) -> str | None:
        """Issue one more code under a consent that stands: for an approval whose answer was lost on its way.

        :param evidence: when and how the owner signed in goes with the tokens; nothing of it is recorded.
        :returns: the code in clear; None when nothing stands that covers all that was asked.
        """
        grant = self._recorded.active_of(uow, owner.owner_id, request.client_id)
        if grant is None or not grant.is_active(self._clock.now()):
            return None
        if not set(grant.scopes).issuperset(terms.pin_known(self._catalog, request.scopes)):
            return None
        if not are_within(request.authorization_details, grant.authorization_details):
            return None
        return self._issue(uow, grant, request, request.scopes, evidence)

    def deny(
        self,
        uow: UnitOfWork,
        *,
        interaction: Interaction,
        client: Client,
        owner: Owner,
        evidence: Evidence,
        snapshot: NoticeSnapshot,
    ) -> GrantChange:
        """Record a no as a grant in state ``denied``; a current grant stays as it is.

        :raises InteractionGone: when the request was answered before, ran out or is another owner's.
        """
        self._open(interaction, client, owner)
        evidence = naming(evidence, snapshot)
        if not uow.interactions.consume(interaction.interaction_hash):
            raise InteractionGone
        asked = terms.pin_known(self._catalog, interaction.request.scopes)
        actor = Actor(ActorType.OWNER, owner.owner_id)
        action = Action(EventType.DENIED, actor, evidence, requested=asked, declined=asked, owner=owner)
        action = replace(action, details_requested=interaction.request.authorization_details)
        pair = owner.owner_id, client.client_id
        known = uow.grants.active_of(*pair, lock=True) or self._recorded.latest_ended(uow, *pair)
        after = drafts.without_permission(*pair, self._clock.now())
        return self._transitions.apply(
            uow,
            action,
            None,
            after,
            snapshot=snapshot,
            had_grant_before=known is not None,
        )

    def revoke(
        self,
        uow: UnitOfWork,
        grant_id: str,
        *,
        actor: Actor,
        evidence: Evidence,
        owner_id: str = "",
        client_id: str = "",
        effective_at: int | None = None,
        snapshot: NoticeSnapshot | None = None,
    ) -> GrantChange:
        """End a grant; from the commit on every token and code under it is dead.

        An owner withdraws, a client closes, the operator and the system revoke.

        :param owner_id: when given, the grant has to be this owner's; ``client_id`` likewise.
        :param snapshot: the page that was confirmed; None where there was none.
        :param effective_at: when it ended, for what is recorded afterwards, in milliseconds; None: now.
        :raises NotFound: when there is no such grant of theirs.
        :raises InvalidTransition: when it has ended already, by state or by the clock.
        :raises InvalidInput: when the reason is longer than 1000 characters.
        """
        grant = self._recorded.get(uow, grant_id)
        if grant is None or owner_id not in {"", grant.owner_id} or client_id not in {"", grant.client_id}:
            raise NotFound("grant", grant_id)
        if len(evidence.reason_text) > 1000:
            raise InvalidInput("reason", "expected at most 1000 characters")
        evidence = evidence if snapshot is None else naming(evidence, snapshot)
        action = Action(requested_by(actor.type).type, actor, evidence, effective_at=effective_at)
        found = standing(grant, self._clock.now() if effective_at is None else effective_at)
        if not found.recorded:
            raise InvalidTransition(grant_id, found.state, action.type)
        return self._transitions.apply(uow, action, grant, grant, snapshot=snapshot)

    def expire(self, uow: UnitOfWork, grant_id: str) -> GrantChange | None:
        """Record that a grant's time is over; None when it is not, or it has ended otherwise.

        However late that is, the event and the grant say that it ended at its date.
        """
        grant = self._recorded.get(uow, grant_id)
        return self._expire(uow, grant) if grant is not None and self._is_over(grant) else None

    def compromised(
        self, uow: UnitOfWork, *, family_id: str, grant_id: str, event_type: EventType
    ) -> GrantChange | None:
        """Kill the family of a replayed code or reused refresh token, record it and tell the operator.

        The grant stays as it is. None when the family was dead before: repeating an attack adds nothing
        to the evidence, or anybody could fill the ledger.

        :raises InvalidInput: when ``event_type`` is no security event.
        """
        if event_type not in SECURITY_EVENTS:
            raise InvalidInput("event_type", f"expected {' or '.join(sorted(SECURITY_EVENTS))}")
        # The grant first: everybody else who takes both locks takes them in this order.
        grant = self._recorded.get(uow, grant_id)
        killed = uow.tokens.kill_family(family_id, self._clock.now())
        # What nobody with the keys has written is not written on, see Transitions.apply.
        if not killed or grant is None or not is_sound(self._keys, grant):
            return None
        action = Action(event_type, SYSTEM, Evidence("token_endpoint"), details={"family_id": family_id})
        return self._transitions.apply(uow, action, grant, grant)

    def _open(self, interaction: Interaction, client: Client, owner: Owner) -> None:
        if self._clock.now() >= interaction.expires_at or interaction.owner_id not in {"", owner.owner_id}:
            raise InteractionGone
        check_asked(interaction, client)

    def _to_amend(self, uow: UnitOfWork, owner_id: str, client_id: str) -> tuple[Grant | None, str]:
        """The grant to amend, or None and the id of the one that a new one replaces."""
        grant = self._recorded.active_of(uow, owner_id, client_id)
        if grant is not None and not self._is_over(grant):
            return grant, grant.replaces
        ended = (
            self._expire(uow, grant).grant if grant else self._recorded.latest_ended(uow, owner_id, client_id)
        )
        return None, ended.grant_id if ended else ""

    def _issue(
        self,
        uow: UnitOfWork,
        grant: Grant,
        request: AuthorizationRequest,
        allowed: tuple[str, ...],
        evidence: Evidence,
    ) -> str:
        code, stored = new_code(
            request,
            grant,
            allowed,
            self._keys,
            now=self._clock.now(),
            ttl_ms=self._code_ttl_ms,
            auth_time=evidence.auth_time,
            acr=evidence.acr,
        )
        uow.tokens.add_code(stored)
        return code

    def _is_over(self, grant: Grant) -> bool:
        return not standing(grant, self._clock.now()).recorded

    def _expire(self, uow: UnitOfWork, grant: Grant) -> GrantChange:
        evidence = Evidence("timer", reason_code=event_kind(EventType.EXPIRED).default_reason)
        action = Action(EventType.EXPIRED, SYSTEM, evidence, effective_at=grant.expires_at)
        return self._transitions.apply(uow, action, grant, grant)
