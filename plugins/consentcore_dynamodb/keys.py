"""Names of items and of what finds them.

An item is found by its partition ``p`` and its place ``s`` in it, and through up to four indexes, each with a partition
and a place of its own. What many write at the same time is spread over shards, which a reader merges.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Any, NamedTuple

Item = dict[str, Any]
"""Attributes as DynamoDB has them: ``{"state": {"S": "active"}}``."""

ALONE = "-"
"""The place of an item that is alone in its partition, or the first there."""

SHARDS = 4
"""Of what every consent or delivery writes: each shard takes 1000 writes a second."""

TOKEN_SHARDS = 16
"""Of what every token writes."""

LONGEST_PARTITION, LONGEST_PLACE = 2048, 1024
"""Bytes of a key that DynamoDB takes; a request that names a longer one is an error to it."""


class Key(NamedTuple):
    """Which item: its partition and its place."""

    p: str
    s: str = ALONE

    @property
    def attributes(self) -> Item:
        """The key as DynamoDB has it."""
        return {"p": {"S": self.p}, "s": {"S": self.s}}

    @property
    def fits(self) -> bool:
        """Whether there can be an item of that name: anybody may ask for what they have made up."""
        partition, place = (part.encode("utf-8", "surrogatepass") for part in self)
        return len(partition) <= LONGEST_PARTITION and len(place) <= LONGEST_PLACE


class Index(NamedTuple):
    """A way to find items that have both attributes.

    :ivar name: of the index; "" is the table itself.
    """

    name: str
    partition: str
    place: str


TABLE = Index("", "p", "s")
LISTS = Index("lists", "g1p", "g1s")
WORK = Index("work", "g2p", "g2s")
OTHERS = Index("others", "g3p", "g3s")
TARGETS = Index("targets", "g4p", "g4s")
INDEXES = (LISTS, WORK, OTHERS, TARGETS)
SHOWN = ("lease_until", "notifier", "target")
"""Attributes besides the keys that index :data:`WORK` shows."""


def key_of(item: Item) -> Key:
    """The key of an item."""
    return Key(item["p"]["S"], item["s"]["S"])


def name(kind: str, *parts: str | bytes) -> str:
    """``KIND#part#part``; only the last part may hold a ``#``."""
    return "#".join([kind, *(part.hex() if isinstance(part, bytes) else part for part in parts)])


def digest(*parts: str) -> str:
    """Texts of any length and letters as one name."""
    joined = "\x00".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


def number(value: int) -> str:
    """A number as a text that sorts like it."""
    return f"{value:016d}"


def place(*parts: int | str) -> str:
    """A place that sorts by each part in turn."""
    return "#".join(number(part) if isinstance(part, int) else part for part in parts)


def shard(kind: str, of: str, *, shards: int = SHARDS) -> str:
    """The partition of the shards of ``kind`` where ``of`` belongs."""
    return f"{kind}#{zlib.crc32(of.encode('utf-8', 'surrogatepass')) % shards:x}"


def all_shards(kind: str, *, shards: int = SHARDS) -> list[str]:
    """Every partition of the shards of ``kind``."""
    return [f"{kind}#{at:x}" for at in range(shards)]


def indexed(index: Index, partition: str, at: str) -> Item:
    """The attributes by which an index finds an item."""
    return {index.partition: {"S": partition}, index.place: {"S": at}}


def without(item: Item, *indexes: Index) -> Item:
    """The item as it is when these indexes do not find it any more."""
    gone = {name for index in indexes for name in (index.partition, index.place)}
    return {name: value for name, value in item.items() if name not in gone}


def purge_at(kind: str, of: str, time: int, *, shards: int = SHARDS) -> Item:
    """What makes an item of ``kind`` be found by a purge from ``time`` on."""
    return indexed(WORK, shard(f"PURGE#{kind}", of, shards=shards), place(time, of[:64]))


def lifetime(until: int) -> Item:
    """What lets DynamoDB remove an item some day after ``until`` (ms); nothing depends on it."""
    return {"ttl": {"N": str(until // 1000 + 86400)}}


def owner_key(owner_id: str, at: str = ALONE) -> Key:
    """An owner, or what stands in their partition."""
    return Key(name("OWNER", owner_id), at)


def client_key(client_id: str) -> Key:
    """A client."""
    return Key(name("CLIENT", client_id))


def grant_key(grant_id: str) -> Key:
    """A grant."""
    return Key(name("GRANT", grant_id))


def active_key(owner_id: str, client_id: str) -> Key:
    """What says which grant of the two is active."""
    return owner_key(owner_id, name("ACTIVE", client_id))


def family_key(family_id: str) -> Key:
    """A family of tokens."""
    return Key(name("FAMILY", family_id))


def code_key(code_hash: bytes) -> Key:
    """A code."""
    return Key(name("CODE", code_hash))


def token_key(token_hash: bytes) -> Key:
    """A token."""
    return Key(name("TOKEN", token_hash))


def session_key(session_hash: bytes) -> Key:
    """A browser session."""
    return Key(name("SESSION", session_hash))


def interaction_key(interaction_hash: bytes) -> Key:
    """A pending authorization request."""
    return Key(name("INTERACTION", interaction_hash))


def notice_key(notice_id: str) -> Key:
    """A notice."""
    return Key(name("NOTICE", notice_id))


def delivery_key(delivery_id: str) -> Key:
    """A delivery; its attempts stand behind it."""
    return Key(name("DELIVERY", delivery_id))


def event_key(event_id: str) -> Key:
    """What says where in which chain an event stands."""
    return Key(name("EVENT", event_id))


def chained_key(grant_id: str, sequence: int) -> Key:
    """An event in the chain of its grant."""
    return Key(name("CHAIN", grant_id), number(sequence))
