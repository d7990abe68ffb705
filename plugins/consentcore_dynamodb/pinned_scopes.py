"""What entries of the scope catalog said, inside a transaction. All of them are one partition: they are few, and
written once."""

from __future__ import annotations

from collections.abc import Sequence

from consentcore.api import PinnedScope
from consentcore_dynamodb.keys import Item, Key, digest
from consentcore_dynamodb.records import PINNED_SCOPES
from consentcore_dynamodb.work import Work

_PARTITION = "PINNED-SCOPES"


class DynamoPinnedScopes:
    """:class:`consentcore.api.PinnedScopeRepository` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, pinned: PinnedScope) -> None:
        said = f"{pinned.reference} has a revision {pinned.revision} already"
        self._work.add(pinned_item(pinned), said)

    def all(self) -> Sequence[PinnedScope]:
        found = map(PINNED_SCOPES.read, self._work.partition(_PARTITION))
        return sorted(found, key=lambda one: (one.scope_id, one.version, one.revision))


def pinned_item(pinned: PinnedScope) -> Item:
    """The item of what an entry said."""
    return {**PINNED_SCOPES.write(pinned), **pinned_key(pinned).attributes}


def pinned_key(pinned: PinnedScope) -> Key:
    """What an entry said."""
    return Key(_PARTITION, digest(pinned.scope_id, pinned.version, str(pinned.revision)))
