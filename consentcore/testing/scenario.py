"""Where a test begins: an owner, an application, and what stands between them, on any storage.

scenario = populate(storage)                    # something is granted, by verbs of the storage alone
tokens = scenario.redeem()

scenario = Scenario.begin(storage)              # nothing stands between them yet
approval = scenario.approve("comfort.read")     # by the consent service: event, snapshot and notice too
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from consentcore.api import (
    Actor,
    AuthMethod,
    Catalog,
    Client,
    Clock,
    Code,
    Consumed,
    Evidence,
    Grant,
    GrantState,
    Interaction,
    KeyRing,
    NoticeSnapshot,
    Owner,
    Rotated,
    Rotation,
    Scope,
    ScopeType,
    Storage,
    TokenLookup,
    transact,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.fakes import ManualClock, fixed_keys

if TYPE_CHECKING:
    from consentcore.consent.decision import Approval
    from consentcore.consent.service import ConsentService
    from consentcore.consent.transition import GrantChange

CATALOG = Catalog.of(
    [
        Scope("sites.read", "Your sites", "names and addresses", data_categories=("sites",)),
        Scope(
            "comfort.read",
            "Room climate",
            "temperature, humidity and CO2 in each room",
            access_max_days=200,
        ),
        Scope("energy.read", "Daily energy totals", "one total per day and meter"),
        Scope("ev.write", "Plan charging", "plans", type=ScopeType.ACT, access_max_days=90, level=4),
        Scope("device.act", "Devices", "switches devices", type=ScopeType.ACT),
        Scope(
            "offline_access",
            "Stay connected",
            "goes on when you are not there",
            type=ScopeType.SESSION,
            access_max_days=30,
        ),
    ]
)
"""What can be asked for in a scenario that brings no catalog of its own."""


@dataclass(frozen=True)
class Issued:
    """What the exchange of a code gave: the hashes of both tokens, and the code."""

    code: Code
    access: bytes
    refresh: bytes


class Scenario:
    """An owner and a client who are stored, and what a test does with them.

    :param grant: what the owner has granted to the client so far, if anything.
    :param clock: of the services; by default one that stands still at ``factories.NOW``.
    :param keys: of the services; by default those of :func:`consentcore.testing.fixed_keys`.
    :param catalog: by default :data:`CATALOG`.
    :param grant_days: longest life of a grant that the owner approves, in days.
    """

    def __init__(
        self,
        storage: Storage,
        client: Client,
        owner: Owner,
        grant: Grant | None = None,
        *,
        clock: Clock | None = None,
        keys: KeyRing | None = None,
        catalog: Catalog = CATALOG,
        grant_days: int = 365,
    ) -> None:
        self.storage = storage
        self.client = client
        self.owner = owner
        self.clock = clock or ManualClock()
        self.keys = keys or fixed_keys()
        self.catalog = catalog
        self._grant = grant
        self._grant_days = grant_days

    @classmethod
    def begin(
        cls, storage: Storage, *, client: Client | None = None, owner: Owner | None = None, **parts: Any
    ) -> Self:
        """Store an owner and a client, between whom nothing stands yet; ``parts`` as for the class."""
        client, owner = client or factories.client(), owner or factories.owner()
        with storage.transaction() as uow:
            uow.clients.add(client)
            uow.owners.add(owner)
        return cls(storage, client, owner, **parts)

    @property
    def grant(self) -> Grant:
        """What was granted before the test began (:func:`populate`)."""
        assert self._grant is not None, "nothing was granted: populate(storage), or scenario.approve(…)"
        return self._grant

    # who takes part

    def add_client(self, client_id: str = "", *, public: bool = False, **fields: Any) -> Client:
        """Store another client; ``fields`` override those of ``factories.client``."""
        if client_id:
            fields["client_id"] = client_id
        if public:
            fields = {"auth_method": AuthMethod.NONE, "secrets": (), **fields}
        client = factories.client(**fields)
        transact(self.storage, lambda uow: uow.clients.add(client))
        return client

    def update_client(self, client: Client, **changes: Any) -> Client:
        """Change fields of a client that is stored; the client after it."""
        changed = replace(client, **changes)
        transact(self.storage, lambda uow: uow.clients.update(changed))
        return changed

    def disable_client(self) -> None:
        """Switch the client off."""
        self.update_client(self.client, enabled=False)

    # what is stored: codes, tokens and the grant's row, by verbs of the storage

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
        return Issued(code, redemption.access.token_hash, factories.renewal(redemption).token_hash)

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
        grant = uow.grants.get(self.grant.grant_id, lock=True)
        assert grant is not None
        ended = replace(grant, state=state, changed_at=now, sequence=grant.sequence + 1)
        uow.grants.update(ended, expected_sequence=grant.sequence)

    # what people decide, by the consent service

    @cached_property
    def service(self) -> ConsentService:
        """The consent service over all this."""
        from consentcore.consent.service import ConsentService

        return ConsentService(
            keys=self.keys,
            clock=self.clock,
            catalog=self.catalog,
            code_ttl_ms=60_000,
            grant_days=self._grant_days,
        )

    def ask(
        self, *scopes: str, client: Client | None = None, owner: Owner | None = None, **fields: Any
    ) -> Interaction:
        """Store a request of the client that waits for the owner's answer; ``fields`` override the interaction's."""
        client, owner, now = client or self.client, owner or self.owner, self.clock.now()
        values = {
            "request": factories.request(client.client_id, scopes=scopes),
            "owner_id": owner.owner_id,
            "created_at": now,
            "expires_at": now + 600_000,
        }
        interaction = factories.interaction(client.client_id, **{**values, **fields})
        self.storage.protocol.open_interaction(interaction)
        return interaction

    def snapshot(self, text: str = "May CoolSite see your data?") -> NoticeSnapshot:
        """Make what was shown."""
        from consentcore.consent.snapshot import make_snapshot

        return make_snapshot({"text": text}, self.clock.now())

    def approve(
        self,
        *scopes: str,
        allow: tuple[str, ...] | None = None,
        resources: tuple[str, ...] = (),
        days: int | None = None,
        client: Client | None = None,
        owner: Owner | None = None,
    ) -> Approval:
        """Ask for scopes and press Approve.

        :param allow: what the owner ticks; by default everything. The application can do without the rest.
        :param resources: ids of what the owner chooses.
        :param days: for how long; None for what is chosen unless somebody chooses.
        """
        from consentcore.consent.decision import Decision

        interaction = self.ask(*scopes, client=client, owner=owner)
        decision = Decision(scopes if allow is None else allow, resources, days=days)
        asking = client or self.client
        left_out = tuple(scope for scope in scopes if scope not in decision.scopes)
        with self.storage.transaction() as uow:
            return self.service.approve(
                uow,
                interaction=interaction,
                client=replace(asking, optional_scopes=(*asking.optional_scopes, *left_out)),
                owner=owner or self.owner,
                decision=decision,
                evidence=Evidence("button:approve", ip_coarse="192.0.2.0/24"),
                snapshot=self.snapshot(),
            )

    def allow(self, *scopes: str) -> Grant:
        """Approve scopes, by default ``comfort.read``; the grant after it."""
        return self.approve(*(scopes or ("comfort.read",))).grant

    def deny(self, *scopes: str) -> GrantChange:
        """Ask for scopes, by default ``comfort.read``, and press Deny."""
        interaction = self.ask(*(scopes or ("comfort.read",)))
        with self.storage.transaction() as uow:
            return self.service.deny(
                uow,
                interaction=interaction,
                client=self.client,
                owner=self.owner,
                evidence=Evidence("button:deny"),
                snapshot=self.snapshot(),
            )

    def revoke(
        self, grant_id: str, actor: Actor, *, evidence: Evidence | None = None, **more: Any
    ) -> GrantChange:
        """End a grant; ``more`` goes to the service as it is."""
        evidence = evidence or Evidence("dialog:proceed")
        with self.storage.transaction() as uow:
            return self.service.revoke(uow, grant_id, actor=actor, evidence=evidence, **more)


def populate(storage: Storage, **grant_fields: Any) -> Scenario:
    """Store a client, an owner and a grant between them; ``grant_fields`` override the grant's."""
    client, owner = factories.client(), factories.owner()
    grant = factories.grant(owner.owner_id, client.client_id, **grant_fields)
    with storage.transaction() as uow:
        uow.clients.add(client)
        uow.owners.add(owner)
        uow.grants.add(grant)
    return Scenario(storage, client, owner, grant)
