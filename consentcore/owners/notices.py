"""What the person is told of their account."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice import Notice
from consentcore.domain.notice_facts import AccountFacts
from consentcore.domain.parties import Audience

if TYPE_CHECKING:
    from consentcore.ports.transactions import UnitOfWork


NOTHING_MORE = AccountFacts()


def tell_owner(
    uow: UnitOfWork,
    kind: NoticeKind,
    owner_id: str,
    now: int,
    *,
    facts: AccountFacts = NOTHING_MORE,
    audience: Audience = Audience.OWNER,
) -> None:
    """Store a notice about an account; the worker sends it once the transaction is committed.

    :param now: milliseconds since the epoch.
    :param facts: what the mail needs besides.
    """
    notice = Notice(
        notice_id=str(uuid.uuid4()),
        kind=kind,
        grant_id="",
        client_id="",
        owner_id=owner_id,
        audiences=(audience,),
        occurred_at=now,
        data=facts.to_json(),
    )
    uow.notices.add(notice)
