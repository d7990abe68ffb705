"""Personal values against what commits to them: none changed, none exchanged between two people, none made away
with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consentcore.consent.forgetting import is_sealed
from consentcore.consent.personal import OWNER_EMAIL, digests_in
from consentcore.domain.clock import from_iso
from consentcore.domain.errors import KeyUnavailable

if TYPE_CHECKING:
    from consentcore.domain.disclosure import Disclosure, Tombstone
    from consentcore.domain.event import ConsentEvent
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork


@dataclass(frozen=True, slots=True)
class Commitment:
    """Where a digest stands: in the body of this event, or in the snapshot that it names."""

    event: ConsentEvent
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is wrong with a value that an event commits to."""

    event: ConsentEvent
    text: str


class DisclosureCheck:
    """Gathers what events and snapshots commit to, and compares it in few reads: see :meth:`settle`.

    :ivar forgotten: how many values, and snapshots, were found to be forgotten by our own doing.
    """

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._wanted: dict[str, Commitment] = {}
        self._latest: dict[str, Commitment] = {}
        self._digests: dict[str, list[str]] = {}
        self.forgotten = 0

    def note(self, event: ConsentEvent, content: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        """Remember what a text commits to.

        :param content: the body of the event, or the snapshot that it names.
        """
        at = from_iso(str(body.get("recorded_at") or body["occurred_at"]))
        commitment, digests = Commitment(event, at), digests_in(content)
        for digest in digests:
            self._wanted.setdefault(digest, commitment)
        if content is body and digests and event.owner_id == body.get("acting_user_id"):
            latest = self._latest.get(event.owner_id)
            if latest is None or latest.recorded_at <= at:
                self._latest[event.owner_id] = commitment
                self._digests[event.owner_id] = digests

    def settle(self, uow: UnitOfWork) -> Iterator[Doubt]:
        """Compare all that was noted since the last time, in one view; then begin anew.

        At most one look at disclosures, one at tombstones and one at owners.
        """
        wanted, latest, digests = self._wanted, self._latest, self._digests
        self._wanted, self._latest, self._digests = {}, {}, {}
        if not wanted:
            return
        known = uow.ledger.disclosures(list(wanted))
        left = uow.ledger.tombstones(list(wanted))
        for digest, commitment in wanted.items():
            text = self._complaint(known.get(digest), left.get(digest))
            if text:
                yield Doubt(commitment.event, text)
        owners = uow.owners.several(list(latest))
        for owner_id, commitment in latest.items():
            owner, said = owners.get(owner_id), _address(known, digests[owner_id])
            if owner is None or not said or owner.email == said:
                continue
            if owner.email_changed_at is None or owner.email_changed_at < commitment.recorded_at:
                text = "its owner has another address than it says, and no change of it since is recorded"
                yield Doubt(commitment.event, text)

    def was_forgotten(self, uow: UnitOfWork, snapshot_hash: str) -> bool:
        """Whether a snapshot that is not there was forgotten by us.

        :raises KeyUnavailable: when the ring lacks the key of the tombstone.
        """
        left = uow.ledger.tombstones([snapshot_hash]).get(snapshot_hash)
        if left is None or not is_sealed(self._keys, left):
            return False
        self.forgotten += 1
        return True

    def _complaint(self, known: Disclosure | None, left: Tombstone | None) -> str:
        if known is None and left is None:
            return "a personal value that it commits to is gone, and was not forgotten by us"
        if left is not None:
            try:
                genuine = is_sealed(self._keys, left)
            except KeyUnavailable as error:
                return str(error)
            if not genuine:
                return (
                    "a personal value that it commits to is gone; what says that it was forgotten is not ours"
                )
            if known is not None:
                return "a personal value that was forgotten is there again"
            self.forgotten += 1
            return ""
        if known is not None and not known.is_sound:
            return "a personal value is not the one that it commits to"
        return ""


def _address(known: Mapping[str, Disclosure], digests: Sequence[str]) -> str:
    """The address among disclosed values; "" when it is not known."""
    for digest in digests:
        one = known.get(digest)
        if one is not None and one.is_sound:
            name, value = one.read()
            if name == OWNER_EMAIL and isinstance(value, str):
                return value
    return ""


def parsed(text: str) -> Mapping[str, Any]:
    """A stored text as an object; empty when it is none."""
    found = json.loads(text)
    return found if isinstance(found, dict) else {}
