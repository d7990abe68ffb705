"""Initial access tokens inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from consentcore.api import InitialAccessToken
from consentcore_sqlalchemy.rows.registration_tokens import REGISTRATION_TOKENS
from consentcore_sqlalchemy.tables import registration_token
from consentcore_sqlalchemy.work import Work


class SqlRegistrationTokens:
    """:class:`consentcore.api.RegistrationTokenRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, token: InitialAccessToken) -> None:
        self._work.add(registration_token, REGISTRATION_TOKENS.values(token))

    def get(self, token_hash: bytes, now: int) -> InitialAccessToken | None:
        of = registration_token.c
        row = self._work.first(
            select(registration_token).where(of.token_hash == token_hash, of.expires_at > now)
        )
        return REGISTRATION_TOKENS.read(row) if row else None

    def list(self) -> Sequence[InitialAccessToken]:
        of = registration_token.c
        rows = self._work.rows(select(registration_token).order_by(of.created_at, of.token_id))
        return [REGISTRATION_TOKENS.read(row) for row in rows]

    def use(self, token_hash: bytes, now: int) -> InitialAccessToken | None:
        of = registration_token.c
        once_more = (
            update(registration_token)
            .where(of.token_hash == token_hash, of.expires_at > now, of.used < of.uses)
            .values(used=of.used + 1)
            .returning(*of)
        )
        rows = self._work.returning(once_more)
        return REGISTRATION_TOKENS.read(rows[0]) if rows else None

    def remove(self, token_id: str) -> bool:
        same = registration_token.c.token_id == token_id
        return self._work.write(delete(registration_token).where(same)) > 0
