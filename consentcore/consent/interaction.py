"""From a sound authorization request to the question that a person answers, and from the answer back to the client.

All openings of one pushed request (RFC 9126) share what stands under a name of its own, belongs to no browser and is
used up with the answer; each browser has an opening besides, which is found again when it comes back with the same
``request_uri``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from consentcore.consent import answered
from consentcore.consent.authentication import suffices, wants_sign_in
from consentcore.consent.pending import (
    UNBOUND,
    Gone,
    asking_client,
    shared_of,
    use_up_shared,
)
from consentcore.consent.policy import reasons_to_ask, silent_error
from consentcore.domain.described_client import document_text
from consentcore.domain.errors import InteractionGone, StorageError
from consentcore.domain.interaction import Interaction
from consentcore.domain.secret import INTERACTION, digest, mint, shape
from consentcore.oauth.authorization_endpoint import USED_UP
from consentcore.oauth.grant_management import action_problem
from consentcore.oauth.messages import PageError, Pending, Redirect

if TYPE_CHECKING:
    from consentcore.consent.browser import BrowserMarks
    from consentcore.consent.choice import ChoiceRules
    from consentcore.consent.decision import Decision
    from consentcore.consent.service import ConsentService
    from consentcore.domain.client import Client
    from consentcore.domain.event import Evidence, NoticeSnapshot
    from consentcore.domain.interaction import AuthorizationRequest
    from consentcore.domain.owner import Owner, OwnerSession
    from consentcore.domain.scope import Catalog
    from consentcore.oauth.authorization_endpoint import AuthorizationEndpoint
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

SHARED = digest("shared by all openings")
"""Stands where an interaction has the mark of its browser."""
APPROVE, DENY, AGAIN = "approve", "deny", "again"
"""The decisions of the form; ``again`` asks for the answer that was given before."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request that was kept, because somebody has to be asked.

    :ivar interaction_id: what it is called in addresses.
    :ivar sign_in: whether they have to sign in first.
    """

    interaction_id: str
    sign_in: bool


class Interactions:
    """Opens interactions and answers them. Safe to share between threads.

    :param asks_too_often: counts a request that an owner has to be asked about, by owner and client; whether it is one
        too many.
    :param ttl_ms: how long a request waits for its answer.
    :param rules: what owners have to choose; None where there is nothing to choose from.
    :param one_host: whether pages and protocol share a host, and so the cookies of a browser.
    :param answered_ms: how long an optional scope that was left out needs no question of its own.
    """

    def __init__(
        self,
        *,
        storage: Storage,
        catalog: Catalog,
        service: ConsentService,
        authorization: AuthorizationEndpoint,
        asks_too_often: Callable[[str, str], bool],
        ttl_ms: int,
        one_host: bool,
        answered_ms: int = 0,
        rules: ChoiceRules | None = None,
    ) -> None:
        self._storage = storage
        self._catalog = catalog
        self._service = service
        self._authorization = authorization
        self._asks_too_often = asks_too_often
        self._ttl_ms = ttl_ms
        self._one_host = one_host
        self._answered_ms = answered_ms
        self._rules = rules

    def settle(self, pending: Pending, browser: BrowserMarks, now: int) -> Redirect | PageError | Question:
        """:meth:`at_once`, and :meth:`ask` where that is needed."""
        found = self.at_once(pending, now)
        return self.ask(found, browser, now) if isinstance(found, Pending) else found

    def at_once(self, pending: Pending, now: int) -> Redirect | PageError | Pending:
        """Use a remembered consent, or refuse what may not be asked.

        :param pending: a request that the authorization endpoint has found sound.
        :param now: milliseconds since the epoch.
        :returns: ``Pending`` for what somebody has to be asked, see :meth:`ask`.
        :raises StorageError: nothing was stored.
        """
        requested, context = pending.request, pending.context
        if requested.grant_action and context.session and suffices(requested, context.session, now):
            problem = action_problem(requested, context.grant)
            if problem:
                return self._refusal(pending, *problem)
        reasons = reasons_to_ask(
            requested, context, self._catalog, now, self._rules, answered_ms=self._answered_ms
        )
        if context.session and context.grant and not reasons:
            if not self._use_up_opened(pending):
                return USED_UP
            remembered = self._authorization.issue_code(requested, context.grant, context.session)
            if remembered is not None:
                return remembered
            pending = replace(pending, opened=None)
        if requested.prompt == "none":
            return self._refusal(pending, silent_error(reasons), "The data owner has to be asked")
        return pending

    def ask(self, pending: Pending, browser: BrowserMarks, now: int) -> Redirect | PageError | Question:
        """Keep a request that :meth:`at_once` had no answer to for somebody to answer.

        :param now: milliseconds since the epoch.
        :raises StorageError: nothing was stored.
        """
        session = pending.context.session
        if session and self._asks_too_often(session.owner_id, pending.request.client_id):
            return self._refusal(pending, "temporarily_unavailable", "Too many requests of this data owner")
        return self._keep(pending, browser, now)

    def approve(
        self,
        uow: UnitOfWork,
        interaction_id: str,
        *,
        interaction: Interaction,
        client: Client,
        owner: Owner,
        decision: Decision,
        evidence: Evidence,
        snapshot: NoticeSnapshot,
        now: int,
    ) -> str:
        """Record a yes, see :meth:`ConsentService.approve`; where it leads, with a code.

        :raises InteractionGone: when it was answered before, ran out or is another owner's.
        :raises InvalidInput: when more is allowed than was asked, registered or is in the catalog.
        """
        use_up_shared(uow, interaction_id)
        _keep_described(uow, client, interaction.request, now)
        approval = self._service.approve(
            uow,
            interaction=interaction,
            client=client,
            owner=owner,
            decision=decision,
            evidence=evidence,
            snapshot=snapshot,
        )
        allowed = tuple(scope for scope in interaction.request.scopes if scope in decision.scopes)
        answered_request = replace(interaction.request, scopes=allowed)
        _note(uow, interaction_id, replace(interaction, request=answered_request), APPROVE, now)
        return self._authorization.success_url(interaction.request, approval.code)

    def deny(
        self,
        uow: UnitOfWork,
        interaction_id: str,
        *,
        interaction: Interaction,
        client: Client,
        owner: Owner,
        evidence: Evidence,
        snapshot: NoticeSnapshot,
        now: int,
    ) -> str:
        """Record a no, see :meth:`ConsentService.deny`; where it leads.

        :raises InteractionGone: when it was answered before, ran out or is another owner's.
        """
        use_up_shared(uow, interaction_id)
        _keep_described(uow, client, interaction.request, now)
        self._service.deny(
            uow,
            interaction=interaction,
            client=client,
            owner=owner,
            evidence=evidence,
            snapshot=snapshot,
        )
        _note(uow, interaction_id, interaction, DENY, now)
        return self._authorization.error_url(interaction.request, "access_denied", "The data owner said no")

    def repeat(
        self,
        uow: UnitOfWork,
        gone: Gone,
        decision: str,
        *,
        owner: Owner | None,
        session: OwnerSession | None,
        browser: BrowserMarks,
        now: int,
        evidence: Callable[[], Evidence],
    ) -> str:
        """Where to lead somebody who gives the answer of before once more: a form that was sent twice, or an answer
        that was lost on its way to the browser. The consent stays the one that it is: an approval yields a further
        code for it, and nothing is recorded.

        :param decision: of the form; :data:`AGAIN` for whatever it was.
        :param evidence: makes what goes with the further code.
        :raises Gone: ``gone``, where it was another answer, or another person's, or too long ago, or the sign-in is
            not what the application asks for; one of its own, where the application may be led to no more.
        :raises ClientSuspended: where it is kept out.
        """
        answer = gone.answer
        if owner is None or answer is None or decision not in (AGAIN, answer.decision):
            raise gone
        if not answered.may_repeat(answer, owner, session, browser, now):
            raise gone
        requested, authorization = answer.request, self._authorization
        asking_client(uow, requested)
        if answer.decision == DENY:
            return authorization.error_url(requested, "access_denied", "The data owner said no")
        code = self._service.further_code(uow, requested, owner, evidence())
        if code is None:
            return authorization.error_url(requested, "access_denied", "The data owner has ended the access")
        return authorization.success_url(requested, code)

    def refuse(
        self,
        uow: UnitOfWork,
        interaction_id: str,
        interaction: Interaction,
        error: str,
        description: str = "The sign-in is not what was asked for",
    ) -> str:
        """End a request that nobody was asked about, because it cannot be answered as it says; where it leads.
        Nothing is recorded.

        :param error: the code (RFC 6749 section 4.1.2.1).
        :param description: for the developer of the client.
        :raises InteractionGone: when it was answered before, or its application may be led to no more.
        :raises ClientSuspended: when that is kept out.
        """
        asking_client(uow, interaction.request)
        use_up_shared(uow, interaction_id)
        if not uow.interactions.consume(interaction.interaction_hash):
            raise InteractionGone
        return self._authorization.error_url(interaction.request, error, description)

    def _refusal(self, pending: Pending, error: str, description: str) -> Redirect | PageError:
        client = pending.context.client
        if client is not None and client.unknown:  # nobody is led on unasked, RFC 9700 section 4.11.2
            return PageError(400, error, description)
        return Redirect(self._authorization.error_url(pending.request, error, description))

    def _keep(self, pending: Pending, browser: BrowserMarks, now: int) -> Question:
        requested, session = pending.request, pending.context.session
        if session is None:
            sign_in = wants_sign_in(requested) or self._one_host
        else:
            sign_in = not suffices(requested, session, now)
        interaction = Interaction(
            interaction_hash=b"",
            session_hash=browser.mark if self._one_host else UNBOUND,
            request=requested,
            created_at=now,
            expires_at=now + self._ttl_ms,
            # Nobody's where a new sign-in was asked for: else the consent page would take the old one.
            owner_id=session.owner_id if session and not sign_in else "",
        )
        if not pending.shared:
            return Question(self._store(interaction, mint(INTERACTION)), sign_in)
        if pending.opened:
            interaction = replace(interaction, expires_at=pending.opened.expires_at)
        else:
            self._store(replace(interaction, session_hash=SHARED, owner_id=""), pending.shared)
        mine = shape(INTERACTION, digest(f"{pending.shared}|{browser.mark.hex()}"))
        return Question(self._store_once(interaction, f"{mine}.{pending.shared}"), sign_in)

    def _use_up_opened(self, pending: Pending) -> bool:
        """Use a pushed request up that is to be answered at once, if it was opened before; False when somebody else
        was faster. One that was not is used up by having been taken."""
        if not pending.opened:
            return True
        with self._storage.transaction() as uow:
            return uow.interactions.consume(digest(pending.shared))

    def _store(self, interaction: Interaction, name: str) -> str:
        self._storage.protocol.open_interaction(replace(interaction, interaction_hash=digest(name)))
        return name

    def _store_once(self, interaction: Interaction, name: str) -> str:
        """The same browser may open it in two tabs at once."""
        if self._is_kept(name):
            return name
        try:
            return self._store(interaction, name)
        except StorageError:
            if self._is_kept(name):
                return name
            raise

    def _is_kept(self, name: str) -> bool:
        with self._storage.reading() as uow:
            return uow.interactions.get(digest(name)) is not None


def _keep_described(uow: UnitOfWork, client: Client, request: AuthorizationRequest, now: int) -> None:
    """Keep an application that has described itself as the owner who answers has seen it: from the first answer on.
    What an owner has agreed to before it said this is not remembered, see :func:`read_context`."""
    said = client.self_registered
    if not request.described or said is None:
        return
    known = uow.clients.get(client.client_id)
    if known is None:
        uow.clients.add(replace(client, self_registered=replace(said, kept_at=now)))
    elif document_text(known) != document_text(client):
        uow.clients.update(replace(client, self_registered=replace(said, kept_at=now)))
    elif known != client:
        uow.clients.update(client)


def _note(uow: UnitOfWork, interaction_id: str, interaction: Interaction, decision: str, now: int) -> None:
    answered.note(uow, shared_of(interaction_id) or interaction_id, interaction, decision, now)
