"""When grants were last used, inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from consentcore_dynamodb.keys import Item, Key, name
from consentcore_dynamodb.work import Work


class DynamoUses:
    """:class:`consentcore.api.UseRepository` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def note(self, used: Mapping[str, int]) -> None:
        known = self.last(used)
        for grant_id, at in used.items():
            if at > known.get(grant_id, -1):
                # Of two who note at once the last one stays: both times are about now.
                self._work.put(use_item(grant_id, at))

    def last(self, grant_ids: Collection[str]) -> Mapping[str, int]:
        keys = {use_key(grant_id): grant_id for grant_id in grant_ids}
        found = self._work.get_many(keys)
        return {keys[key]: int(item["used_at"]["N"]) for key, item in found.items()}


def use_item(grant_id: str, used_at: int) -> Item:
    """The item of a use."""
    return {**use_key(grant_id).attributes, "used_at": {"N": str(used_at)}}


def use_key(grant_id: str) -> Key:
    """When a grant was last used."""
    return Key(name("USE", grant_id))
