"""Owners and their browser sessions inside a transaction.

What belongs to an owner is named in the owner's partition, so that a password's change ends every session, also one
that began a moment ago and that an index would not show yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from consentcore.api import Owner, OwnerSession
from consentcore_dynamodb.keys import (
    LISTS,
    Item,
    Key,
    all_shards,
    digest,
    indexed,
    lifetime,
    name,
    owner_key,
    purge_at,
    session_key,
    shard,
)
from consentcore_dynamodb.records import OWNERS, SESSIONS
from consentcore_dynamodb.work import Work

ALL = "OWNERS"
_SESSION = "SESSION#"
PASSWORD = "PASSWORD"
BEHIND = "\uffff"
"""Sorts behind whatever goes on."""


class DynamoOwners:
    """:class:`consentcore.api.OwnerRepository` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, owner_id: str) -> Owner | None:
        return OWNERS.read_from(self._work.get(owner_key(owner_id)))

    def lock(self, owner_id: str) -> Owner | None:
        return OWNERS.read_from(self._work.get(owner_key(owner_id), lock=True))

    def several(self, owner_ids: Collection[str]) -> Mapping[str, Owner]:
        found = self._work.get_many(map(owner_key, owner_ids))
        return {one.owner_id: one for one in map(OWNERS.read, found.values())}

    def by_email(self, email: str) -> Owner | None:
        claim = self._work.get(email_key(email))
        return None if claim is None else self.get(claim["owner_id"]["S"])

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Owner]:
        found = self._work.find(LISTS, all_shards(ALL), above=after or None, page=limit)
        return [OWNERS.read(item) for item in islice(found, limit)]

    def add(self, owner: Owner) -> None:
        self._work.get(owner_key(owner.owner_id))
        self._work.add(owner_item(owner), f"there is an owner {owner.owner_id!r} already")
        self._claim_address(owner)

    def update(self, owner: Owner) -> None:
        before = self._work.get(owner_key(owner.owner_id), lock=True)
        if before is None:
            return
        known = OWNERS.read(before)
        if known.email != owner.email:
            self._claim_address(owner)
            self._work.discard(email_key(known.email))
        self._work.replace(before, owner_item(owner))

    def password_hash(self, owner_id: str) -> str | None:
        kept = self._work.get(owner_key(owner_id, PASSWORD))
        return None if kept is None else str(kept["encoded"]["S"])

    def passwords(self, owner_ids: Collection[str]) -> Mapping[str, str]:
        keys = {owner_key(owner_id, PASSWORD): owner_id for owner_id in owner_ids}
        return {keys[key]: str(kept["encoded"]["S"]) for key, kept in self._work.get_many(keys).items()}

    def set_password_hash(self, owner_id: str, encoded: str) -> None:
        self._work.put(password_item(owner_id, encoded))

    def add_session(self, session: OwnerSession) -> None:
        mark = session_mark(session.owner_id, session.session_hash)
        self._work.put(session_item(session))
        self._work.put({**mark.attributes, **lifetime(session.expires_at)})

    def session(self, session_hash: bytes, now: int) -> OwnerSession | None:
        return live_session(self._work.get(session_key(session_hash)), now)

    def signed_in(self, session_hash: bytes, now: int) -> tuple[OwnerSession, Owner] | None:
        session = self.session(session_hash, now)
        owner = self.get(session.owner_id) if session else None
        return (session, owner) if session and owner else None

    def sessions(self, owner_id: str, now: int) -> Sequence[OwnerSession]:
        found = (SESSIONS.read(item) for item in self._theirs(owner_id))
        live = (session for session in found if session.expires_at > now)
        return sorted(live, key=lambda one: (one.created_at, one.session_hash), reverse=True)

    def touch_session(self, session_hash: bytes, seen_at: int) -> None:
        before = self._work.get(session_key(session_hash), lock=True)
        if before is not None:
            touched = replace(SESSIONS.read(before), seen_at=seen_at)
            self._work.replace(before, session_item(touched))

    def end_session(self, session_hash: bytes) -> bool:
        before = self._work.get(session_key(session_hash), lock=True)
        if before is None:
            return False
        self._end([before])
        return True

    def end_sessions(self, owner_id: str, *, keep: bytes = b"") -> int:
        kept = session_key(keep) if keep else None
        doomed = [item for item in self._theirs(owner_id) if Key(item["p"]["S"]) != kept]
        self._end(doomed)
        return len(doomed)

    def _end(self, sessions: Iterable[Item]) -> None:
        read = ((item, SESSIONS.read(item)) for item in sessions)
        self._work.drop_all((item, session_mark(one.owner_id, one.session_hash)) for item, one in read)

    def _theirs(self, owner_id: str) -> Iterable[Item]:
        marks = marked(self._work, owner_id, _SESSION)
        return self._work.get_many(Key(_SESSION + one) for one in marks).values()

    def _claim_address(self, owner: Owner) -> None:
        key, said = email_key(owner.email), "the address belongs to another owner"
        claim = self._work.get(key)
        if claim is not None:
            raise self._work.collision(said)
        self._work.add(email_item(owner), said)


def live_session(item: Item | None, now: int) -> OwnerSession | None:
    """The session if it has not run out at ``now``."""
    session = SESSIONS.read_from(item)
    return session if session is not None and now < session.expires_at else None


def marked(work: Work, owner_id: str, kind: str) -> Sequence[str]:
    """What stands in an owner's partition behind the prefix ``kind``."""
    found = work.partition(owner_key(owner_id).p, above=kind, below=kind + BEHIND)
    return [item["s"]["S"].removeprefix(kind) for item in found]


def session_mark(owner_id: str, session_hash: bytes) -> Key:
    """What names a session in its owner's partition."""
    return owner_key(owner_id, _SESSION + session_hash.hex())


def session_item(session: OwnerSession) -> Item:
    """The item of a session."""
    key = session_key(session.session_hash)
    return {
        **SESSIONS.write(session),
        **key.attributes,
        **purge_at("SESSION", key.p, session.expires_at),
        **lifetime(session.expires_at),
    }


def owner_item(owner: Owner) -> Item:
    """The item of an owner."""
    listed = indexed(LISTS, shard(ALL, owner.owner_id), owner.owner_id)
    return {**OWNERS.write(owner), **owner_key(owner.owner_id).attributes, **listed}


def password_item(owner_id: str, encoded: str) -> Item:
    """The item of a password."""
    return {**owner_key(owner_id, PASSWORD).attributes, "encoded": {"S": encoded}}


def email_item(owner: Owner) -> Item:
    """The item that says whose address it is."""
    return {**email_key(owner.email).attributes, "owner_id": {"S": owner.owner_id}}


def email_key(email: str) -> Key:
    """What says whose address it is."""
    return Key(name("EMAIL", digest(email)))
