"""From the answer to an authorization request back to the client that asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from consentcore.consent import answered
from consentcore.consent.pending import Gone, asking_client, shared_of, use_up_shared
from consentcore.domain.described_client import document_text
from consentcore.domain.errors import InteractionGone

if TYPE_CHECKING:
    from consentcore.consent.browser import BrowserMarks
    from consentcore.consent.decision import Decision
    from consentcore.consent.service import ConsentService
    from consentcore.domain.client import Client
    from consentcore.domain.event import Evidence, NoticeSnapshot
    from consentcore.domain.interaction import AuthorizationRequest, Interaction
    from consentcore.domain.owner import Owner, OwnerSession
    from consentcore.oauth.authorization_endpoint import AuthorizationEndpoint
    from consentcore.ports.transactions import UnitOfWork

APPROVE, DENY, AGAIN = "approve", "deny", "again"
"""The decisions of the form; ``again`` asks for the answer that was given before."""


class Answers:
    """Answers interactions, each once. Safe to share between threads."""

    def __init__(self, service: ConsentService, authorization: AuthorizationEndpoint) -> None:
        self._service = service
        self._authorization = authorization

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
