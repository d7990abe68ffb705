"""Who owners are at identity providers, inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence

from consentcore.api import OwnerIdentity
from consentcore_dynamodb.keys import LISTS, Key, digest, indexed, name, place
from consentcore_dynamodb.records import IDENTITIES
from consentcore_dynamodb.work import Work


class DynamoIdentities:
    """:class:`consentcore.api.IdentityRepository` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, issuer: str, subject: str) -> OwnerIdentity | None:
        return IDENTITIES.read_from(self._work.get(_key(issuer, subject)))

    def add(self, identity: OwnerIdentity) -> None:
        key = _key(identity.issuer, identity.subject)
        self._work.get(key)
        listed = indexed(LISTS, _theirs(identity.owner_id), place(identity.created_at, key.p))
        item = {**IDENTITIES.write(identity), **key.attributes, **listed}
        self._work.add(item, "issuer and subject are somebody's already")

    def of_owner(self, owner_id: str) -> Sequence[OwnerIdentity]:
        found = map(IDENTITIES.read, self._work.find(LISTS, [_theirs(owner_id)]))
        return sorted(found, key=lambda one: (one.created_at, one.issuer, one.subject))


def _key(issuer: str, subject: str) -> Key:
    return Key(name("IDENTITY", digest(issuer, subject)))


def _theirs(owner_id: str) -> str:
    return name("IDENTITIES", owner_id)
