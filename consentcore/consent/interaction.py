"""From a sound authorization request to the question that a person answers.

All openings of one pushed request (RFC 9126) share what stands under a name of its own, belongs to no browser and is
used up with the answer; each browser has an opening besides, which is found again when it comes back with the same
``request_uri``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from consentcore.consent.answering import Answers
from consentcore.consent.authentication import suffices, wants_sign_in
from consentcore.consent.pending import UNBOUND
from consentcore.consent.policy import reasons_to_ask, silent_error
from consentcore.domain.errors import StorageError
from consentcore.domain.interaction import Interaction
from consentcore.domain.secret import INTERACTION, digest, mint, shape
from consentcore.oauth.authorization_endpoint import USED_UP
from consentcore.oauth.grant_management import action_problem
from consentcore.oauth.messages import PageError, Pending, Redirect

if TYPE_CHECKING:
    from consentcore.consent.browser import BrowserMarks
    from consentcore.consent.choice import ChoiceRules
    from consentcore.consent.service import ConsentService
    from consentcore.domain.scope import Catalog
    from consentcore.oauth.authorization_endpoint import AuthorizationEndpoint
    from consentcore.ports.storage import Storage

SHARED = digest("shared by all openings")
"""Stands where an interaction has the mark of its browser."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request that was kept, because somebody has to be asked.

    :ivar interaction_id: what it is called in addresses.
    :ivar sign_in: whether they have to sign in first.
    """

    interaction_id: str
    sign_in: bool


class Interactions:
    """Opens interactions. Safe to share between threads.

    :ivar answers: where they are answered.
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
        self.answers = Answers(service, authorization)
        self._storage = storage
        self._catalog = catalog
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
