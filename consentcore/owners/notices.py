"""What the person is told of their account."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import rfc8785

from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice import Notice
from consentcore.domain.parties import Audience

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentcore.ports.transactions import UnitOfWork


def tell_owner(
    uow: UnitOfWork,
    kind: NoticeKind,
    owner_id: str,
    now: int,
    *,
    facts: Mapping[str, dict[str, str]] | None = None,
    audience: Audience = Audience.OWNER,
) -> None:
    """Store a notice about an account; the worker sends it once the transaction is committed.

    :param now: milliseconds since the epoch.
    :param facts: the notice's data.
    """
    notice = Notice(
        notice_id=str(uuid.uuid4()),
        kind=kind,
        grant_id="",
        client_id="",
        owner_id=owner_id,
        audiences=(audience,),
        occurred_at=now,
        data=rfc8785.dumps(dict(facts or {})).decode(),
    )
    uow.notices.add(notice)
