"""Initial access tokens inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from consentcore.api import InitialAccessToken
from consentcore_memory.engine import Session


class MemoryRegistrationTokens:
    """:class:`consentcore.api.RegistrationTokenRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, token: InitialAccessToken) -> None:
        if token.token_hash in self._session.draft.registration_tokens:
            raise self._session.collision("there is a token under that hash already")
        self._session.draft.registration_tokens.put(token.token_hash, token)

    def get(self, token_hash: bytes, now: int) -> InitialAccessToken | None:
        found = self._session.state.registration_tokens.get(token_hash)
        return found if found is not None and now < found.expires_at else None

    def list(self) -> Sequence[InitialAccessToken]:
        rows = self._session.state.registration_tokens.values()
        return sorted(rows, key=lambda row: (row.created_at, row.token_id))

    def use(self, token_hash: bytes, now: int) -> InitialAccessToken | None:
        found = self._session.draft.registration_tokens.get(token_hash)
        if found is None or now >= found.expires_at or found.used >= found.uses:
            return None
        used = replace(found, used=found.used + 1)
        self._session.draft.registration_tokens.put(token_hash, used)
        return used

    def remove(self, token_id: str) -> bool:
        tokens = self._session.draft.registration_tokens
        return tokens.drop([row.token_hash for row in tokens.values() if row.token_id == token_id]) == 1
