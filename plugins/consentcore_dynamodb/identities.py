"""Who owners are at identity providers, inside a transaction. Named in the owner's partition: whether somebody has an
identity already decides who gets into an account, and an index may not show yet what was added a moment ago."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from consentcore.api import OwnerIdentity
from consentcore_dynamodb.keys import Key, digest, name, owner_key
from consentcore_dynamodb.owners import marked
from consentcore_dynamodb.records import IDENTITIES
from consentcore_dynamodb.work import Work

_IDENTITY = "IDENTITY#"


class DynamoIdentities:
    """:class:`consentcore.api.IdentityRepository` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, issuer: str, subject: str) -> OwnerIdentity | None:
        return IDENTITIES.read_from(self._work.get(identity_key(issuer, subject)))

    def add(self, identity: OwnerIdentity) -> None:
        key = identity_key(identity.issuer, identity.subject)
        self._work.get(key)
        item = {**IDENTITIES.write(identity), **key.attributes}
        self._work.add(item, "issuer and subject are somebody's already")
        self._work.put(owner_key(identity.owner_id, key.p).attributes)

    def of_owner(self, owner_id: str) -> Sequence[OwnerIdentity]:
        marks = marked(self._work, owner_id, _IDENTITY)
        items = self._work.get_many(Key(_IDENTITY + one) for one in marks).values()
        return sorted(map(IDENTITIES.read, items), key=lambda one: (one.created_at, one.issuer, one.subject))

    def of_owners(self, owner_ids: Collection[str]) -> Sequence[OwnerIdentity]:
        return [one for owner_id in owner_ids for one in self.of_owner(owner_id)]

    def drop(self, owner_id: str) -> int:
        rows = self.of_owner(owner_id)
        for key in (identity_key(row.issuer, row.subject) for row in rows):
            self._work.discard(key)
            self._work.discard(owner_key(owner_id, key.p))
        return len(rows)


def identity_key(issuer: str, subject: str) -> Key:
    """An identity."""
    return Key(name("IDENTITY", digest(issuer, subject)))
