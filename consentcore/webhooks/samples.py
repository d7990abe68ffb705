"""Notices about a grant that does not exist, for tests: their payload says ``"test": true``."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence

from consentcore.domain.clock import DAY, iso
from consentcore.domain.event_kinds import NoticeKind, told_by
from consentcore.domain.grant_states import GrantState
from consentcore.domain.notice import Notice
from consentcore.domain.notice_facts import ConsentFacts, EndpointTestFacts
from consentcore.domain.parties import INITIATORS, Audience


def sample_notice(
    kind: NoticeKind, client_id: str, scopes: Sequence[str], now: int, *, deletion_days: int = 30
) -> Notice:
    """Make one, with every member that a real one has; ``webhook.test`` has a random ``state``.

    :param scopes: what the imagined grant is about.
    :param now: milliseconds since the epoch.
    :param deletion_days: how long an application has to delete what it got once a permission has ended.
    """
    testing = kind is NoticeKind.TEST
    facts = (
        EndpointTestFacts(state=secrets.token_hex(8))
        if testing
        else _facts(kind, tuple(scopes), now, now + deletion_days * DAY)
    )
    return Notice(
        notice_id=str(uuid.uuid4()),
        kind=kind,
        grant_id="" if testing else str(uuid.uuid4()),
        client_id=client_id,
        owner_id="",
        audiences=(Audience.CLIENT,),
        occurred_at=now,
        data=facts.to_json(),
    )


def _facts(kind: NoticeKind, scopes: tuple[str, ...], now: int, deletion_due_at: int) -> ConsentFacts:
    row = told_by(kind)[0]
    active = row.state_after is GrantState.ACTIVE
    return ConsentFacts(
        test=True,
        event_type=row.type.value,
        sequence=1 if active else 2,
        state=(row.state_after or GrantState.ACTIVE).value,
        scopes=scopes if active else (),
        previous_scopes=() if row.begins else scopes,
        requested_scopes=scopes,
        change="created" if active else "",
        initiator=INITIATORS[row.actors[0]],
        reason=row.default_reason,
        # What has run out had its end just now.
        expires_at=iso(now if kind is NoticeKind.EXPIRED else now + 365 * DAY),
        deletion_due_at=iso(deletion_due_at) if row.ends else "",
        recorded_at=iso(now),
    )
