"""Everything at once, for moving to another storage: the whole table is gone through, item after item."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from consentcore.api import (
    Disclosure,
    GrantUse,
    KeptCode,
    KeptNotice,
    KeptRotation,
    KeptToken,
    Moved,
    MovedPage,
    OneUse,
    OwnerPassword,
    Token,
)
from consentcore_dynamodb.changes import Condition, update
from consentcore_dynamodb.disclosures import mark_of
from consentcore_dynamodb.engine import Table
from consentcore_dynamodb.errors import Refused
from consentcore_dynamodb.keys import ALONE, Item, Key, family_key, token_key
from consentcore_dynamodb.moved_items import counted, items_of, named_by
from consentcore_dynamodb.owners import PASSWORD
from consentcore_dynamodb.records import (
    ATTEMPTS,
    CHECKPOINTS,
    CLIENTS,
    CODES,
    DELIVERIES,
    DISCLOSURES,
    ENDPOINTS,
    EVENTS,
    GRANTS,
    IDENTITIES,
    INTERACTIONS,
    LOG_OBJECTS,
    LOGOS,
    NOTICES,
    OWNERS,
    PINNED_SCOPES,
    PUSHED_REQUESTS,
    REGISTRATION_TOKENS,
    SESSIONS,
    SNAPSHOTS,
    TICKETS,
    TOKENS,
    TOMBSTONES,
    Records,
)
from consentcore_dynamodb.token_items import grace_until, killed_at, proof_of

Known = Mapping[Key, Item]


class DynamoMoving:
    """:class:`consentcore.api.MovingStorage` in DynamoDB."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, after: str = "", *, limit: int = 1000) -> MovedPage:
        items, last = self._table.scan(_parsed(after), limit)
        beside = self._table.get_many(_told_by(items))
        found = (_record(item, beside) for item in items)
        following = "" if last is None else json.dumps([last["p"]["S"], last["s"]["S"]])
        return MovedPage([one for one in found if one is not None], following)

    def write(self, records: Sequence[Moved]) -> None:
        known = self._table.get_many(named_by(records))
        items: dict[Key, Item] = {}
        for record in records:
            made = {key: {"v": {"N": "1"}, **item} for key, item in items_of(record, known)}
            items.update(made)
            known.update(made)
        self._table.put_all(items.values())
        self._let_families_last([one.token for one in records if isinstance(one, KeptToken)])
        for (key, attribute), count in counted(records).items():
            self._count(key, attribute, count)

    def _let_families_last(self, tokens: Sequence[Token]) -> None:
        """Families are known until their last token runs out."""
        ends: dict[Key, int] = {}
        for token in tokens:
            key = family_key(token.family_id)
            ends[key] = max(token.expires_at, ends.get(key, 0))
        found = self._table.get_many(ends).items()
        shorter = ((key, item) for key, item in found if int(item["ends_at"]["N"]) < ends[key])
        self._table.put_all({**item, "ends_at": {"N": str(ends[key])}} for key, item in shorter)

    def _count(self, key: Key, attribute: str, count: int) -> None:
        """Let what gives leaves and places go on behind those that there are."""
        names, values = (attribute, "v"), {":n": {"N": str(count)}, ":one": {"N": "1"}}
        fewer = Condition(f"attribute_not_exists(#p) OR #{attribute} < :n", ("p", attribute))
        with suppress(Refused):
            self._table.write_one(update(key, f"SET #{attribute} = :n ADD #v :one", names, values, fewer))


def _parsed(after: str) -> Item | None:
    if not after:
        return None
    try:
        partition, place = json.loads(after)
        return Key(str(partition), str(place)).attributes
    except (ValueError, TypeError):
        raise ValueError(f"expected what a page said to follow, not {after!r}") from None


def _told_by(items: Sequence[Item]) -> Iterator[Key]:
    """What has to be read beside items: the families of codes, what tokens were exchanged for, what commits made."""
    for item in items:
        kind = _kind(item)
        if kind == "CODE":
            yield family_key(item["family_id"]["S"])
        elif kind == "TOKEN" and "nonce" in item:
            yield token_key(item["successor"]["B"])
        elif kind == "DISCLOSURE" and (mark := mark_of(item)) is not None:
            yield mark


def _kind(item: Item) -> str:
    return str(item["p"]["S"]).partition("#")[0]


def _record(item: Item, beside: Known) -> Any:
    """The record of an item; None where it only says where others are found."""
    kind = _kind(item)
    if kind in _PLAIN:
        return _PLAIN[kind].read(item)
    read = _READ.get(kind)
    return None if read is None else read(item, beside)


def _owner(item: Item, _beside: Known) -> Any:
    if item["s"]["S"] == PASSWORD:
        return OwnerPassword(_named(item), item["encoded"]["S"])
    return OWNERS.read(item) if item["s"]["S"] == ALONE else None


def _disclosure(item: Item, beside: Known) -> Disclosure | None:
    mark = mark_of(item)
    return DISCLOSURES.read(item) if mark is None or mark in beside else None


def _code(item: Item, beside: Known) -> KeptCode | None:
    code = CODES.read(item)
    family = beside.get(family_key(code.family_id))
    if family is None:
        return None
    return KeptCode(replace(code, family_proof=proof_of(family)), killed_at(family))


def _token(item: Item, beside: Known) -> KeptToken:
    token = TOKENS.read(item)
    bare = replace(token, nonce=None, nonce_key_id="")
    if token.nonce is None:
        return KeptToken(bare)
    successor = TOKENS.read_from(beside.get(token_key(item["successor"]["B"])))
    if successor is None or successor.rotated_at is not None:
        return KeptToken(bare)
    successor_hash, access_hash, sealed = (
        bytes(item[name]["B"]) for name in ("successor", "access", "sealed_access")
    )
    told = KeptRotation(
        successor_hash, access_hash, grace_until(item), token.nonce, token.nonce_key_id, sealed
    )
    return KeptToken(bare, told)


def _notice(item: Item, _beside: Known) -> KeptNotice | None:
    if item["s"]["S"] != ALONE:
        return None
    expanded_at, place = (int(item[name]["N"]) if name in item else None for name in ("expanded_at", "place"))
    return KeptNotice(NOTICES.read(item), expanded_at, place)


def _delivery(item: Item, _beside: Known) -> Any:
    return (DELIVERIES if item["s"]["S"] == ALONE else ATTEMPTS).read(item)


def _named(item: Item) -> str:
    return str(item["p"]["S"]).partition("#")[2]


_PLAIN: dict[str, Records[Any]] = {
    "CLIENT": CLIENTS,
    "LOGO": LOGOS,
    "ENDPOINT": ENDPOINTS,
    "IDENTITY": IDENTITIES,
    "SESSION": SESSIONS,
    "TICKET": TICKETS,
    "REGISTRATION": REGISTRATION_TOKENS,
    "INTERACTION": INTERACTIONS,
    "PUSHED": PUSHED_REQUESTS,
    "GRANT": GRANTS,
    "SNAPSHOT": SNAPSHOTS,
    "TOMBSTONE": TOMBSTONES,
    "CHAIN": EVENTS,
    "CHECKPOINTS": CHECKPOINTS,
    "LOG": LOG_OBJECTS,
    "PINNED-SCOPES": PINNED_SCOPES,
}
_READ: dict[str, Callable[[Item, Known], Any]] = {
    "OWNER": _owner,
    "USED": lambda item, _: OneUse(bytes.fromhex(_named(item)), int(item["until"]["N"])),
    "USE": lambda item, _: GrantUse(_named(item), int(item["used_at"]["N"])),
    "CODE": _code,
    "DISCLOSURE": _disclosure,
    "TOKEN": _token,
    "NOTICE": _notice,
    "DELIVERY": _delivery,
}
"""By what the partitions of items begin with; others are marks, pointers and what counts."""
