"""The real parts under the life cycle tests: authorization server and consent service over any storage; no HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlencode, urlsplit

from consentcore.api import (
    Catalog,
    Client,
    ClientKind,
    EventType,
    Owner,
    OwnerSession,
    Scope,
    ScopeType,
    Storage,
    transact,
)
from consentcore.consent.policy import reasons_to_ask
from consentcore.consent.service import ConsentService, Decision
from consentcore.consent.snapshot import make_snapshot
from consentcore.domain.client import AuthMethod
from consentcore.domain.errors import InteractionGone, InvalidTransition, NotFound
from consentcore.domain.event import Evidence
from consentcore.domain.interaction import Interaction
from consentcore.domain.parties import Actor, ActorType
from consentcore.domain.secret import digest
from consentcore.oauth.messages import HttpRequest, HttpResponse, Pending
from consentcore.oauth.server import AuthorizationServer
from consentcore.settings import CoreSettings, OAuthSettings
from consentcore.testing import ManualClock, factories, fixed_keys

SECRET = "factories-client-secret"
SCOPES = ("comfort.read", "energy.read", "offline_access")
CATALOG = Catalog.of(
    [
        Scope("comfort.read", "Comfort", "Sees temperatures."),
        Scope("energy.read", "Energy", "Sees meter readings."),
        Scope("offline_access", "Stay connected", "Works while you are away.", type=ScopeType.SESSION),
    ]
)
SETTINGS = CoreSettings(
    issuer="https://consent.example",
    keys="",
    storage="",
    login="",
    scopes=(),
    oauth=OAuthSettings(offline_refresh_token_ttl_s=2 * 86_400),
)
GRANT_DAYS = 5
FORM = "application/x-www-form-urlencoded"


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Answer:
    status: int
    members: dict

    @property
    def error(self) -> str:
        return self.members.get("error", "")

    @property
    def pair(self) -> tuple[str, str]:
        return self.members["access_token"], self.members["refresh_token"]


@dataclass
class World:
    """Server, service, and whoever takes part. One storage and one clock may serve many worlds one after the other."""

    storage: Storage
    clock: ManualClock
    alarms: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys = fixed_keys()
        self.service = ConsentService(
            keys=self.keys, clock=self.clock, catalog=CATALOG, code_ttl_ms=60_000, grant_days=GRANT_DAYS
        )
        self.server = AuthorizationServer(
            storage=self.storage,
            keys=self.keys,
            clock=self.clock,
            catalog=CATALOG,
            settings=SETTINGS,
            compromised=self._compromised,
            claims=lambda _context: {},
        )
        self.api = self.add_client(kind=ClientKind.RESOURCE_SERVER, redirect_uris=(), scopes=())

    def _compromised(self, family_id: str, grant_id: str, event_type: EventType) -> None:
        done = transact(
            self.storage,
            lambda uow: self.service.compromised(
                uow, family_id=family_id, grant_id=grant_id, event_type=event_type
            ),
        )
        if done is not None:
            self.alarms.append(family_id)

    # who takes part

    def add_client(self, *, public: bool = False, **fields: object) -> Client:
        if public:
            fields = {"auth_method": AuthMethod.NONE, "secrets": (), **fields}
        client = factories.client(**{"scopes": SCOPES, **fields})
        transact(self.storage, lambda uow: uow.clients.add(client))
        return client

    def switch(self, client: Client, *, enabled: bool) -> None:
        transact(self.storage, lambda uow: uow.clients.update(replace(client, enabled=enabled)))

    def add_owner(self) -> tuple[Owner, OwnerSession]:
        owner = factories.owner()
        session = factories.session(owner.owner_id, expires_at=self.clock.now() + 1000 * 86_400_000)

        def work(uow):
            uow.owners.add(owner)
            uow.owners.add_session(session)

        transact(self.storage, work)
        return owner, session

    # authorization

    def ask(self, client: Client, session: OwnerSession, scopes: tuple[str, ...], verifier: str) -> Pending:
        query = {
            "client_id": client.client_id,
            "response_type": "code",
            "scope": " ".join(scopes),
            "redirect_uri": factories.REDIRECT_URI,
        }
        if verifier:
            query |= {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
        found = self.server.authorization.validate(urlencode(query), session.session_hash)
        assert isinstance(found, Pending), found
        return found

    def reasons(self, pending: Pending) -> tuple[str, ...]:
        return reasons_to_ask(pending.request, pending.context, CATALOG, self.clock.now())

    def open(self, pending: Pending, owner: Owner) -> Interaction:
        now = self.clock.now()
        found = factories.interaction(
            pending.request.client_id,
            request=pending.request,
            owner_id=owner.owner_id,
            created_at=now,
            expires_at=now + 600_000,
        )
        self.storage.protocol.open_interaction(found)
        return found

    def approve(
        self, interaction: Interaction, owner: Owner, scopes: tuple[str, ...]
    ) -> tuple[str, str] | None:
        """The code in clear and the id of the grant; None when the request is gone."""

        def work(uow):
            return self.service.approve(
                uow,
                interaction=interaction,
                client=uow.clients.get(interaction.request.client_id),
                owner=owner,
                decision=Decision(scopes),
                evidence=Evidence("button:approve"),
                snapshot=make_snapshot({"text": "May they?"}, self.clock.now()),
            )

        try:
            approval = transact(self.storage, work)
        except InteractionGone:
            return None
        url = self.server.authorization.success_url(interaction.request, approval.code)
        return code_in(url), approval.grant.grant_id

    def deny(self, interaction: Interaction, owner: Owner) -> bool:
        def work(uow):
            self.service.deny(
                uow,
                interaction=interaction,
                client=uow.clients.get(interaction.request.client_id),
                owner=owner,
                evidence=Evidence("button:deny"),
                snapshot=make_snapshot({"text": "May they?"}, self.clock.now()),
            )

        try:
            transact(self.storage, work)
        except InteractionGone:
            return False
        return True

    def revoke_grant(self, grant_id: str, actor: ActorType) -> bool:
        """Whether it stood until now."""
        try:
            transact(
                self.storage,
                lambda uow: self.service.revoke(
                    uow, grant_id, actor=Actor(actor), evidence=Evidence("test", reason_text="because")
                ),
            )
        except (InvalidTransition, NotFound):
            return False
        return True

    # protocol

    def post(self, endpoint: str, client: Client, **parameters: str) -> Answer:
        headers = {"content-type": FORM}
        if client.public:
            parameters["client_id"] = client.client_id
        else:
            pair = f"{client.client_id}:{SECRET}".encode()
            headers["authorization"] = "Basic " + base64.b64encode(pair).decode()
        body = urlencode({name: value for name, value in parameters.items() if value}).encode()
        answer: HttpResponse = getattr(self.server, endpoint).answer(HttpRequest("POST", "", headers, body))
        return Answer(answer.status, json.loads(answer.body or b"{}"))

    def exchange(self, client: Client, code: str, verifier: str) -> Answer:
        return self.post(
            "token",
            client,
            grant_type="authorization_code",
            code=code,
            redirect_uri=factories.REDIRECT_URI,
            code_verifier=verifier,
        )

    def refresh(self, client: Client, token: str, scopes: tuple[str, ...] = ()) -> Answer:
        return self.post(
            "token", client, grant_type="refresh_token", refresh_token=token, scope=" ".join(scopes)
        )

    def introspect(self, client: Client, token: str) -> Answer:
        return self.post("introspection", client, token=token)

    def is_live(self, client: Client, token: str) -> bool:
        """What the storage says, where no client may ask."""
        return self.storage.protocol.find_token(client.client_id, digest(token)).is_live(self.clock.now())

    def events(self, grant_id: str) -> list[str]:
        with self.storage.reading() as uow:
            return [event.type.value for event in uow.ledger.of_grant(grant_id)]


def code_in(url: str) -> str:
    return parse_qs(urlsplit(url).query)["code"][0]
