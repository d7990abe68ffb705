"""How a request was answered, kept for a day: so that pages can say so, and an answer that was lost can be repeated.

Kept as a ticket of its owner, in the transaction of the answer itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consentcore.consent.authentication import may_answer
from consentcore.domain.clock import DAY
from consentcore.domain.interaction import AuthorizationRequest, Interaction
from consentcore.domain.owner import OwnerTicket
from consentcore.domain.secret import digest

if TYPE_CHECKING:
    from consentcore.consent.browser import BrowserMarks
    from consentcore.domain.owner import Owner, OwnerSession
    from consentcore.ports.transactions import UnitOfWork

PURPOSE = "answered"
KEPT_MS = DAY


@dataclass(frozen=True)
class Answer:
    """How a request was answered.

    :ivar decision: ``approve`` or ``deny``.
    :ivar answered_at: in milliseconds since the epoch.
    :ivar until: when the request would have run out; so long the same browser may have the answer repeated.
    :ivar mark: of that browser.
    :ivar asked_at: when the request came in, in milliseconds since the epoch.
    """

    decision: str
    owner_id: str
    answered_at: int
    until: int
    mark: bytes
    request: AuthorizationRequest
    asked_at: int

    def asked_of(self, owner: Owner) -> Interaction:
        """The request as it waited, for somebody to be held against it."""
        return Interaction(b"", self.mark, self.request, self.asked_at, self.until, owner.owner_id)


def note(uow: UnitOfWork, name: str, interaction: Interaction, decision: str, now: int) -> None:
    """Keep an answer of ``interaction.owner_id``.

    :param name: the id of the request, or what all openings of a pushed one share.
    """
    payload = {
        "decision": decision,
        "asked_at": interaction.created_at,
        "until": interaction.expires_at,
        "mark": interaction.session_hash.hex(),
        "request": interaction.request.members(),
    }
    uow.tickets.add(
        OwnerTicket(_key(name), PURPOSE, interaction.owner_id, now, now + KEPT_MS, json.dumps(payload))
    )


def find(uow: UnitOfWork, name: str, now: int) -> Answer | None:
    """The answer to a request; None when there was none for a day."""
    ticket = uow.tickets.get(_key(name), now)
    if ticket is None or ticket.purpose != PURPOSE:
        return None
    kept: dict[str, Any] = json.loads(ticket.payload)
    return Answer(
        kept["decision"],
        ticket.owner_id,
        ticket.created_at,
        kept["until"],
        bytes.fromhex(kept["mark"]),
        AuthorizationRequest.of(kept["request"]),
        kept.get(
            "asked_at", ticket.created_at
        ),  # of a release that kept none: later, so nobody passes too easily
    )


def may_repeat(
    answer: Answer, owner: Owner | None, session: OwnerSession | None, browser: BrowserMarks, now: int
) -> bool:
    """Whether it is the person and the browser that gave this answer, while the request might still have waited, and
    signed in as the application asks (RFC 9470 section 5): perhaps otherwise than for the answer of before.

    :param owner: who is signed in.
    :param session: the sign-in.
    """
    if owner is None or now >= answer.until or not browser.has(answer.mark):
        return False
    return owner.owner_id == answer.owner_id and may_answer(answer.asked_of(owner), session)


def _key(name: str) -> bytes:
    return digest(f"{PURPOSE}|{name}")
