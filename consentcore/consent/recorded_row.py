"""The row of a grant as its ledger has it: what a transition begins from.

Somebody with the database may have changed a row, or put back an old one. Nothing is written from such a row: what was
changed by hand would stand in the next event, well sealed. The newest event says what the row was, so it is made that
again, and whoever decides goes on from there.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from hmac import compare_digest
from typing import TYPE_CHECKING

from consentcore.consent import ledger
from consentcore.consent.chain_check import WRONG_KIND
from consentcore.consent.evidence.log_state import stands_in_log
from consentcore.domain.authorization_detail import texts_of
from consentcore.domain.clock import from_iso
from consentcore.domain.errors import InvalidInput, KeyUnavailable
from consentcore.domain.event_kinds import event_kind
from consentcore.domain.grant_states import ENDED, GrantState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.grant import Grant
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork

log = logging.getLogger("consentcore.consent")
REFRESH_FROM = "refresh_tokens_from"
"""The member of an event that has ended the refresh tokens of before: when."""


class RecordedGrants:
    """Reads grants that are about to change, each with its chain. Runs inside the caller's transaction.

    :param keys: what rows and events are sealed with.
    """

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def get(self, uow: UnitOfWork, grant_id: str) -> Grant | None:
        """The grant of that id, locked, as its ledger has it.

        Where nothing says what it was (its newest event is gone, or was changed too), the row as it is, at the end of
        the events that there are: it can be ended, and nothing else, see :func:`is_sound`.
        """
        row = uow.grants.get(grant_id, lock=True)
        return None if row is None else self._put_right(uow, row)

    def active_of(self, uow: UnitOfWork, owner_id: str, client_id: str) -> Grant | None:
        """The one grant of the two in state ACTIVE, locked, as its ledger has it; None where that is another state, or
        somebody else's."""
        row = uow.grants.active_of(owner_id, client_id, lock=True)
        found = None if row is None else self._put_right(uow, row)
        if found is None or found.state is not GrantState.ACTIVE:
            return None
        return found if (found.owner_id, found.client_id) == (owner_id, client_id) else None

    @staticmethod
    def latest_ended(uow: UnitOfWork, owner_id: str, client_id: str) -> Grant | None:
        """The grant of the two that ended last."""
        return next(iter(uow.grants.of_owner(owner_id, ENDED, client_id=client_id, limit=1)), None)

    def _put_right(self, uow: UnitOfWork, row: Grant) -> Grant:
        events = uow.ledger.of_grant(row.grant_id)
        if not events:
            return row
        newest = events[-1]
        if is_sound(self._keys, row) and (row.sequence, row.head) == (newest.sequence, newest.record_hash):
            return row
        at_the_end = replace(row, sequence=newest.sequence, head=newest.record_hash)
        wanted = self._recorded(uow, row, events) or at_the_end
        log.error("the row of grant %s is not what its ledger says; it is taken from there", row.grant_id)
        uow.grants.update(wanted, expected_sequence=row.sequence)
        return wanted

    def _recorded(self, uow: UnitOfWork, row: Grant, events: Sequence[ConsentEvent]) -> Grant | None:
        """The row as the newest event says; None where that is not as it was written, or may be of somebody who has a
        revoked key: one of such a key counts where the log has it from before."""
        newest = events[-1]
        try:
            genuine = ledger.record_hash(self._keys, newest.body, newest.key_id)
            body = json.loads(newest.body)
            if not compare_digest(genuine, newest.record_hash) or not _is_last(row, events, body):
                return None
            if self._keys.revoked_at(newest.key_id) and not stands_in_log(uow, self._keys, newest):
                return None
            kept = row.declined if is_sound(self._keys, row) else ()
            recorded = replace(
                row,
                owner_id=body["owner_id"],
                client_id=body["client_id"],
                state=GrantState(body["state_after"]),
                scopes=tuple(body["scopes_after"]),
                resources=tuple(body["resources_after"]),
                authorization_details=texts_of(body.get("authorization_details_after", ())),
                created_at=from_iso(body["validity"]["from"]),
                expires_at=from_iso(body["validity"]["until"]),
                changed_at=_changed_at(events),
                replaces=body["replaces"],
                declined=kept,
                refresh_from=_refresh_from(events),
            )
            pointed = replace(
                recorded, sequence=newest.sequence, head=newest.record_hash, key_id=self._keys.current_id
            )
            return replace(pointed, seal=ledger.seal_of(self._keys, pointed))
        except (KeyUnavailable, *WRONG_KIND):
            return None


def is_sound(keys: KeyRing, grant: Grant) -> bool:
    """Whether a row is as somebody with the key ring wrote it, some time, by a key that was not revoked."""
    try:
        if keys.revoked_at(grant.key_id):
            return False
        return compare_digest(ledger.seal_of(keys, grant), grant.seal)
    except (KeyUnavailable, InvalidInput, *WRONG_KIND):
        return False


def _is_last(row: Grant, events: Sequence[ConsentEvent], body: dict[str, object]) -> bool:
    """Whether the newest event belongs where it stands: another chain's, or an earlier one under a later number, says
    nothing of this row."""
    return (body["grant_id"], body["sequence"]) == (row.grant_id, len(events))


def _changed_at(events: Sequence[ConsentEvent]) -> int:
    """When the row changed last: events that leave the state alone do not count."""
    changing = [one for one in events if event_kind(one.type).state_after is not None]
    return changing[-1].occurred_at if changing else events[-1].occurred_at


def _refresh_from(events: Sequence[ConsentEvent]) -> int:
    """From when on its refresh tokens count: as the latest event says that ended those of before."""
    said = (json.loads(one.body).get(REFRESH_FROM) for one in reversed(events))
    return next((from_iso(time) for time in said if isinstance(time, str)), 0)
