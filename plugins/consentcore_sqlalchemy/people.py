"""Clients, owners and interactions inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from consentcore.api import Client, Interaction, Owner, OwnerSession, WebhookEndpoint
from consentcore_sqlalchemy.rows.people import (
    client_from,
    client_values,
    endpoint_from,
    endpoint_values,
    interaction_from,
    owner_from,
    owner_values,
    session_from,
    session_values,
)
from consentcore_sqlalchemy.tables import client, interaction, owner, owner_session, webhook_endpoint
from consentcore_sqlalchemy.work import Work


class SqlClients:
    """:class:`consentcore.api.ClientRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, client_id: str) -> Client | None:
        row = self._work.first(select(client).where(client.c.client_id == client_id))
        return client_from(row) if row else None

    def add(self, item: Client) -> None:
        self._work.add(client, client_values(item))

    def update(self, item: Client) -> None:
        self._work.write(
            update(client).where(client.c.client_id == item.client_id).values(client_values(item))
        )

    def add_endpoint(self, endpoint: WebhookEndpoint) -> None:
        self._work.add(webhook_endpoint, endpoint_values(endpoint))

    def update_endpoint(self, endpoint: WebhookEndpoint) -> None:
        same = webhook_endpoint.c.endpoint_id == endpoint.endpoint_id
        self._work.write(update(webhook_endpoint).where(same).values(endpoint_values(endpoint)))

    def get_endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        row = self._work.first(select(webhook_endpoint).where(webhook_endpoint.c.endpoint_id == endpoint_id))
        return endpoint_from(row) if row else None

    def endpoints(self, client_id: str) -> Sequence[WebhookEndpoint]:
        theirs = (
            select(webhook_endpoint)
            .where(webhook_endpoint.c.client_id == client_id)
            .order_by(webhook_endpoint.c.created_at, webhook_endpoint.c.endpoint_id)
        )
        return [endpoint_from(row) for row in self._work.rows(theirs)]

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Client]:
        page = select(client).where(client.c.client_id > after).order_by(client.c.client_id).limit(limit)
        return [client_from(row) for row in self._work.rows(page)]


_OWNER = tuple(column for column in owner.c if column.name != "password_hash")


class SqlOwners:
    """:class:`consentcore.api.OwnerRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, owner_id: str) -> Owner | None:
        row = self._work.first(select(*_OWNER).where(owner.c.owner_id == owner_id))
        return owner_from(row) if row else None

    def by_email(self, email: str) -> Owner | None:
        row = self._work.first(select(*_OWNER).where(owner.c.email == email))
        return owner_from(row) if row else None

    def add(self, item: Owner) -> None:
        self._work.add(owner, owner_values(item))

    def update(self, item: Owner) -> None:
        self._work.write(update(owner).where(owner.c.owner_id == item.owner_id).values(owner_values(item)))

    def password_hash(self, owner_id: str) -> str | None:
        found: str | None = self._work.scalar(
            select(owner.c.password_hash).where(owner.c.owner_id == owner_id)
        )
        return found

    def set_password_hash(self, owner_id: str, encoded: str) -> None:
        self._work.write(update(owner).where(owner.c.owner_id == owner_id).values(password_hash=encoded))

    def add_session(self, session: OwnerSession) -> None:
        self._work.add(owner_session, session_values(session))

    def session(self, session_hash: bytes, now: int) -> OwnerSession | None:
        row = self._work.first(
            select(owner_session).where(
                owner_session.c.session_hash == session_hash, owner_session.c.expires_at > now
            )
        )
        return session_from(row) if row else None

    def end_session(self, session_hash: bytes) -> bool:
        return self._work.write(delete(owner_session).where(owner_session.c.session_hash == session_hash)) > 0

    def end_sessions(self, owner_id: str) -> int:
        return self._work.write(delete(owner_session).where(owner_session.c.owner_id == owner_id))


class SqlInteractions:
    """:class:`consentcore.api.InteractionRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, interaction_hash: bytes) -> Interaction | None:
        row = self._work.first(select(interaction).where(interaction.c.interaction_hash == interaction_hash))
        return interaction_from(row) if row else None

    def bind(self, interaction_hash: bytes, old_session: bytes, new_session: bytes, owner_id: str) -> bool:
        theirs = (
            update(interaction)
            .where(
                interaction.c.interaction_hash == interaction_hash, interaction.c.session_hash == old_session
            )
            .values(session_hash=new_session, owner_id=owner_id)
        )
        return self._work.write(theirs) > 0

    def consume(self, interaction_hash: bytes) -> bool:
        taken = delete(interaction).where(interaction.c.interaction_hash == interaction_hash)
        return self._work.write(taken) > 0

    def expired(self, now: int, limit: int) -> Sequence[Interaction]:
        over = (
            select(interaction)
            .where(interaction.c.expires_at <= now)
            .order_by(interaction.c.expires_at, interaction.c.interaction_hash)
            .limit(limit)
        )
        return [interaction_from(row) for row in self._work.rows(over)]
