"""Pending authorization requests inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from consentcore.api import Interaction
from consentcore_dynamodb.keys import WORK, Item, all_shards, indexed, interaction_key, place, shard
from consentcore_dynamodb.records import INTERACTIONS
from consentcore_dynamodb.work import Work

_PENDING = "INTERACTIONS"


class DynamoInteractions:
    """:class:`consentcore.api.InteractionRepository` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, interaction_hash: bytes) -> Interaction | None:
        return INTERACTIONS.read_from(self._work.get(interaction_key(interaction_hash)))

    def bind(
        self,
        interaction_hash: bytes,
        old_session: bytes,
        new_session: bytes,
        owner_id: str,
        *,
        seal: bytes = b"",
    ) -> bool:
        before = self._work.get(interaction_key(interaction_hash), lock=True)
        found = INTERACTIONS.read_from(before)
        if before is None or found is None or found.session_hash != old_session:
            return False
        bound = replace(found, session_hash=new_session, owner_id=owner_id, seal=seal)
        self._work.replace(before, interaction_item(bound))
        return True

    def consume(self, interaction_hash: bytes) -> bool:
        before = self._work.get(interaction_key(interaction_hash), lock=True)
        if before is None:
            return False
        self._work.drop(before)
        return True

    def expired(self, now: int, limit: int) -> Sequence[Interaction]:
        found = self._work.find(WORK, all_shards(_PENDING), below=place(now + 1), page=min(limit, 100))
        return [INTERACTIONS.read(item) for item in islice(found, limit)]


def interaction_item(interaction: Interaction) -> Item:
    """The item of an interaction, without its version."""
    key = interaction_key(interaction.interaction_hash)
    at = place(interaction.expires_at, interaction.interaction_hash.hex())
    listed = indexed(WORK, shard(_PENDING, key.p), at)
    return {**INTERACTIONS.write(interaction), **key.attributes, **listed}
