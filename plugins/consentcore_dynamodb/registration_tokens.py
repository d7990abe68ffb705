"""Initial access tokens inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from consentcore.api import InitialAccessToken
from consentcore_dynamodb.keys import LISTS, Item, Key, indexed, lifetime, name, place, purge_at
from consentcore_dynamodb.records import REGISTRATION_TOKENS
from consentcore_dynamodb.work import Work

ALL = "REGISTRATION_TOKENS"


class DynamoRegistrationTokens:
    """:class:`consentcore.api.RegistrationTokenRepository` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, token: InitialAccessToken) -> None:
        self._work.add(registration_token_item(token), "there is a token under that hash already")

    def get(self, token_hash: bytes, now: int) -> InitialAccessToken | None:
        found = REGISTRATION_TOKENS.read_from(self._work.get(_key(token_hash)))
        return found if found is not None and now < found.expires_at else None

    def list(self) -> Sequence[InitialAccessToken]:
        return [REGISTRATION_TOKENS.read(item) for item in self._work.find(LISTS, [ALL])]

    def use(self, token_hash: bytes, now: int) -> InitialAccessToken | None:
        before = self._work.get(_key(token_hash), lock=True)
        found = REGISTRATION_TOKENS.read_from(before)
        if before is None or found is None or now >= found.expires_at or found.used >= found.uses:
            return None
        used = replace(found, used=found.used + 1)
        self._work.replace(before, registration_token_item(used))
        return used

    def remove(self, token_id: str) -> bool:
        for one in self.list():
            if one.token_id == token_id:
                before = self._work.get(_key(one.token_hash), lock=True)
                if before is not None:
                    self._work.drop(before)
                    return True
        return False


def _key(token_hash: bytes) -> Key:
    return Key(name("REGISTRATION", token_hash))


def registration_token_item(token: InitialAccessToken) -> Item:
    """The item of a token."""
    key = _key(token.token_hash)
    return {
        **REGISTRATION_TOKENS.write(token),
        **key.attributes,
        **indexed(LISTS, ALL, place(token.created_at, token.token_id)),
        **purge_at("REGISTRATION", key.p, token.expires_at),
        **lifetime(token.expires_at),
    }
