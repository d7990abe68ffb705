"""Items of codes, families and tokens, and the parts of the writes that exchange them."""

from __future__ import annotations

from dataclasses import replace

from consentcore.api import (
    Code,
    Grace,
    KeptCode,
    KeptRotation,
    KeptToken,
    NewToken,
    Redemption,
    Reused,
    Rotation,
    Token,
    TokenKind,
)
from consentcore_dynamodb.changes import ABSENT, Change, Condition, check, put, update, version
from consentcore_dynamodb.engine import Table
from consentcore_dynamodb.keys import (
    OTHERS,
    TOKEN_SHARDS,
    Item,
    Key,
    code_key,
    family_key,
    grant_key,
    indexed,
    lifetime,
    place,
    purge_at,
    shard,
    token_key,
)
from consentcore_dynamodb.records import CODES, TOKENS

NONCES = "NONCES"
FIRST = {"v": {"N": "1"}}


def grant_stands(grant_id: str, now: int) -> Change:
    """The grant is active and its time is not over."""
    active = Condition(
        "#state = :active AND #expires_at > :now",
        ("state", "expires_at"),
        {":active": {"S": "active"}, ":now": {"N": str(now)}},
    )
    return check(grant_key(grant_id), active)


def code_item(code: Code) -> Item:
    """The item of a code that was not used."""
    return {**_code(code), **_purge_code(code, code.expires_at), **lifetime(code.expires_at), **FIRST}


def family_item(code: Code) -> Item:
    """The item of the new family of a code; ``ends_at`` is from when on none of its codes and tokens is good for
    anything."""
    return {
        **family_key(code.family_id).attributes,
        "created_at": {"N": str(code.created_at)},
        "ends_at": {"N": str(code.expires_at)},
        "proof": {"B": code.family_proof},
        **purge_at("FAMILY", code.family_id, code.expires_at, shards=TOKEN_SHARDS),
        **FIRST,
    }


def proof_of(family: Item | None) -> bytes:
    """What the tokens of a family are sealed under; b"" once it was killed."""
    return bytes(family["proof"]["B"]) if family is not None and "proof" in family else b""


def born_at(family: Item | None) -> int | None:
    """When the code of a family was made; None for a family that was written without it."""
    return int(family["created_at"]["N"]) if family is not None and "created_at" in family else None


def killed_at(family: Item) -> int | None:
    """When a family was killed; None while it is sound."""
    return int(family["killed_at"]["N"]) if "killed_at" in family else None


def consuming(before: Item, family: Item, code: Code, redemption: Redemption) -> list[Change]:
    """What burns a code and stores its tokens."""
    used = replace(code, used_at=redemption.now, seal=b"")
    new = [(redemption.access, TokenKind.ACCESS)]
    if redemption.refresh is not None:
        new.append((redemption.refresh, TokenKind.REFRESH))
    ends_at = max(one.expires_at for one, _ in new)
    return [
        # No lifetime: a used code is known as long as its family has tokens, which only a purge can tell.
        put({**_code(used), **_purge_code(code, ends_at), **_next(before)}, _as_read(before)),
        *(_storing(used, one, kind, redemption.now) for one, kind in new),
        _family_lives(family, ends_at),
        grant_stands(code.grant_id, redemption.now),
    ]


def rotating(before: Item, family: Item, token: Token, rotation: Rotation) -> list[Change]:
    """What exchanges a refresh token, or adds an access token to it."""
    changes = [
        _storing(token, rotation.access, TokenKind.ACCESS, rotation.now),
        _family_lives(family, _last_end(rotation)),
        grant_stands(token.grant_id, rotation.now),
    ]
    if not rotation.rotate:
        return [*changes, check(token_key(token.token_hash), _as_read(before))]
    changes.append(_storing(token, rotation.refresh, TokenKind.REFRESH, rotation.now))
    return [*changes, put(_rotated(before, token, rotation), _as_read(before))]


def _last_end(rotation: Rotation) -> int:
    ends_at = rotation.access.expires_at
    return max(ends_at, rotation.refresh.expires_at) if rotation.rotate else ends_at


def grace_until(item: Item) -> int:
    """Until when a rotated token tells what it was exchanged for, as the purge sees it."""
    return int(item[OTHERS.place]["S"].partition("#")[0])


def again(table: Table, item: Item, token: Token, rotation: Rotation) -> Grace | Reused:
    """What it means that a rotated token came once more."""
    reused = Reused(token.family_id, token.grant_id)
    if (
        token.rotated_at is None
        or rotation.now >= token.rotated_at + rotation.grace_ms
        or token.nonce is None
    ):
        return reused
    keys = [token_key(item[name]["B"]) for name in ("access", "successor")]
    found = table.get_many(keys)
    access, refresh = (TOKENS.read_from(found.get(key)) for key in keys)
    if access is None or refresh is None or refresh.rotated_at is not None:
        return reused
    return Grace(token.nonce, token.nonce_key_id, access, refresh, bytes(item["sealed_access"]["B"]))


def killing(before: Item, now: int) -> Change:
    """What kills a family that was read."""
    return put(killed(before, now), _as_read(before))


def killed(before: Item, now: int) -> Item:
    """The item of a family that is dead."""
    alive = {name: value for name, value in before.items() if name != "proof"}
    return {**alive, "killed_at": {"N": str(now)}, **_next(before)}


def _code(code: Code) -> Item:
    return {**CODES.write(replace(code, family_proof=b"")), **code_key(code.code_hash).attributes}


def _purge_code(code: Code, time: int) -> Item:
    return purge_at("CODE", code.code_hash.hex(), time, shards=TOKEN_SHARDS)


def _storing(source: Code | Token, new: NewToken, kind: TokenKind, now: int) -> Change:
    return put({**_token(new.stored(source, kind, now)), **FIRST}, ABSENT)


def _token(token: Token) -> Item:
    return {
        **TOKENS.write(token),
        **token_key(token.token_hash).attributes,
        **purge_at("TOKEN", token.token_hash.hex(), token.expires_at, shards=TOKEN_SHARDS),
        **lifetime(token.expires_at),
    }


def _rotated(before: Item, token: Token, rotation: Rotation) -> Item:
    spent = KeptRotation(
        rotation.refresh.token_hash,
        rotation.access.token_hash,
        rotation.now + rotation.grace_ms,
        rotation.nonce,
        rotation.nonce_key_id,
        rotation.sealed_access,
    )
    gone = replace(token, rotated_at=rotation.now, seal=b"")
    return {**kept_token_item(KeptToken(gone, spent)), **_next(before)}


def kept_token_item(kept: KeptToken) -> Item:
    """The item of a token with what it was exchanged for."""
    rotation = kept.rotation
    if rotation is None:
        return _token(kept.token)
    of = kept.token.token_hash.hex()
    return {
        **_token(replace(kept.token, nonce=rotation.nonce, nonce_key_id=rotation.nonce_key_id)),
        "successor": {"B": rotation.successor_hash},
        "access": {"B": rotation.access_hash},
        "sealed_access": {"B": rotation.sealed_access},
        **indexed(OTHERS, shard(NONCES, of, shards=TOKEN_SHARDS), place(rotation.grace_until, of)),
    }


def kept_items(kept: KeptCode) -> list[Item]:
    """The items of a code and of its family, whatever has become of them."""
    code, family = kept.code, family_item(kept.code)
    if kept.killed_at is not None:
        family = killed(family, kept.killed_at)
    if code.used_at is None:
        return [code_item(code), family]
    return [{**_code(code), **_purge_code(code, code.expires_at), **FIRST}, family]


def _family_lives(family: Item, ends_at: int) -> Change:
    """The family is sound, and is known until its last token runs out."""
    key = Key(family["p"]["S"])
    sound = "attribute_exists(#p) AND attribute_not_exists(#killed_at)"
    if int(family["ends_at"]["N"]) >= ends_at:
        return check(key, Condition(sound, ("p", "killed_at")))
    sooner = Condition(f"{sound} AND #ends_at < :end", ("p", "killed_at"))
    values = {":end": {"N": str(ends_at)}, ":one": {"N": "1"}}
    return update(key, "SET #ends_at = :end ADD #v :one", ("ends_at", "v"), values, sooner)


def _as_read(before: Item) -> Condition:
    return version(int(before["v"]["N"]))


def _next(before: Item) -> Item:
    return {"v": {"N": str(int(before["v"]["N"]) + 1)}}
