"""A store with somebody in it: an owner, a client, a grant, and from there codes and tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from consentcore.api import (
    Client,
    Code,
    Consumed,
    Grant,
    GrantState,
    Owner,
    Rotated,
    Rotation,
    Storage,
    TokenLookup,
    transact,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW


@dataclass(frozen=True)
class Issued:
    """What the exchange of a code gave: the hashes of both tokens, and the code."""

    code: Code
    access: bytes
    refresh: bytes


@dataclass(frozen=True)
class World:
    """An owner who granted something to a client."""

    storage: Storage
    client: Client
    owner: Owner
    grant: Grant

    def issue(self, **overrides: Any) -> Code:
        """Store a code under the grant."""
        code = factories.code(self.grant, **overrides)
        assert self.storage.protocol.issue_code(code) is True
        return code

    def redeem(self, **overrides: Any) -> Issued:
        """Store a code and exchange it; ``overrides`` are fields of the redemption."""
        code = self.issue()
        redemption = factories.redemption(code, **overrides)
        assert self.storage.protocol.consume_code(redemption) == Consumed()
        return Issued(code, redemption.access.token_hash, redemption.refresh.token_hash)

    def rotation(self, token_hash: bytes, **overrides: Any) -> Rotation:
        """Make the exchange of a refresh token by the client, or by the one that ``client_id`` names."""
        return factories.rotation(token_hash, **{"client_id": self.client.client_id, **overrides})

    def rotate(self, token_hash: bytes, **overrides: Any) -> Rotation:
        """Exchange a refresh token; it must work."""
        rotation = self.rotation(token_hash, **overrides)
        assert self.storage.protocol.rotate_refresh(rotation) == Rotated()
        return rotation

    def look_up(self, token_hash: bytes) -> TokenLookup:
        """Find a token as its own client."""
        return self.storage.protocol.find_token(self.client.client_id, token_hash)

    def is_live(self, token_hash: bytes, now: int = NOW + 3000) -> bool:
        """Whether a token would be honoured at ``now``."""
        return self.look_up(token_hash).is_live(now)

    def end(self, state: GrantState = GrantState.WITHDRAWN, now: int = NOW + 2500) -> None:
        """End the grant as the service does: its row, under its lock."""
        transact(self.storage, lambda uow: self.end_in(uow, state, now))

    def end_in(self, uow: Any, state: GrantState = GrantState.WITHDRAWN, now: int = NOW + 2500) -> None:
        """End the grant inside a transaction of the caller."""
        grant = uow.grants.lock(self.grant.grant_id)
        assert grant is not None
        ended = replace(grant, state=state, changed_at=now, sequence=grant.sequence + 1)
        uow.grants.update(ended, expected_sequence=grant.sequence)

    def disable_client(self) -> None:
        """Switch the client off."""
        transact(self.storage, lambda uow: uow.clients.update(replace(self.client, enabled=False)))


def populate(storage: Storage, **grant_fields: Any) -> World:
    """Store a client, an owner and a grant between them; ``grant_fields`` override the grant's."""
    client, owner = factories.client(), factories.owner()
    grant = factories.grant(owner.owner_id, client.client_id, **grant_fields)
    with storage.transaction() as uow:
        uow.clients.add(client)
        uow.owners.add(owner)
        uow.grants.add(grant)
    return World(storage, client, owner, grant)
