"""When grants were last used, inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from consentcore_dynamodb.keys import Key, name
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
                self._work.put({**_key(grant_id).attributes, "used_at": {"N": str(at)}})

    def last(self, grant_ids: Collection[str]) -> Mapping[str, int]:
        keys = {_key(grant_id): grant_id for grant_id in grant_ids}
        found = self._work.get_many(keys)
        return {keys[key]: int(item["used_at"]["N"]) for key, item in found.items()}


def _key(grant_id: str) -> Key:
    return Key(name("USE", grant_id))
