"""One authorization server over the memory storage, and the steps that every test needs."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from consentcore.api import Catalog, Client, ClientKind, EventType, Scope, ScopeType, transact
from consentcore.domain.secret import CODE, digest, mint
from consentcore.oauth.messages import HttpRequest, HttpResponse, Pending
from consentcore.oauth.server import AuthorizationServer
from consentcore.settings import CoreSettings, OAuthSettings
from consentcore.testing import ManualClock, factories, fixed_keys
from consentcore_memory.storage import MemoryStorage

SECRET = "factories-client-secret"
REDIRECT_URI = factories.REDIRECT_URI
ATTRIBUTES = {"revoke": "revocation", "introspect": "introspection"}
"""What the server calls the endpoints whose addresses end otherwise."""
ISSUER = "https://consent.example"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CATALOG = Catalog.of(
    [
        Scope("comfort.read", "Comfort", "Sees temperatures."),
        Scope("energy.read", "Energy", "Sees meter readings."),
        Scope("device.act", "Devices", "Switches devices.", type=ScopeType.ACT),
        Scope("offline_access", "Stay connected", "Works while you are away.", type=ScopeType.SESSION),
    ]
)


def core_settings(**oauth) -> CoreSettings:
    return CoreSettings(
        issuer=ISSUER, keys="", storage="memory", login="", scopes=(), oauth=OAuthSettings(**oauth)
    )


@dataclass
class Answer:
    """An :class:`HttpResponse` with its body read."""

    raw: HttpResponse

    @property
    def status(self):
        return self.raw.status

    @property
    def headers(self):
        return dict(self.raw.headers)

    @property
    def json(self):
        return json.loads(self.raw.body) if self.raw.body else None

    @property
    def error(self):
        return self.json.get("error")


@dataclass
class House:
    """Storage, one owner, one application and a server around them."""

    settings: CoreSettings = field(default_factory=core_settings)
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    clock: ManualClock = field(default_factory=ManualClock)
    verifier: str = VERIFIER
    challenge: str = CHALLENGE

    def __post_init__(self):
        self.keys = fixed_keys()
        self.alarms = []
        self.owner = factories.owner()
        self.session = factories.session(self.owner.owner_id)
        self.client = factories.client(client_id="app")
        transact(self.storage, self._populate)
        self.server = self.make_server()

    def _populate(self, uow):
        uow.owners.add(self.owner)
        uow.owners.add_session(self.session)
        uow.clients.add(self.client)

    def make_server(self, **overrides):
        values = {
            "storage": self.storage,
            "keys": self.keys,
            "clock": self.clock,
            "catalog": CATALOG,
            "settings": self.settings,
            "compromised": self.compromised,
            "claims": lambda _context: {},
        }
        return AuthorizationServer(**{**values, **overrides})

    def compromised(self, family_id: str, grant_id: str, event_type: EventType) -> None:
        self.alarms.append((family_id, grant_id, event_type))
        transact(self.storage, lambda uow: uow.families.kill(family_id, self.clock.now()))

    @staticmethod
    def basic(client_id: str, secret: str) -> str:
        pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    @staticmethod
    def answered(redirect) -> dict[str, str]:
        """The query of a redirect; a parameter that comes twice fails the test."""
        query = parse_qs(urlsplit(redirect.url).query, keep_blank_values=True, strict_parsing=True)
        assert all(len(values) == 1 for values in query.values()), redirect.url
        return {name: values[0] for name, values in query.items()}

    # clients and grants

    def add_client(self, client_id: str, **overrides) -> Client:
        client = factories.client(client_id=client_id, **overrides)
        transact(self.storage, lambda uow: uow.clients.add(client))
        return client

    def add_resource_server(self, client_id: str = "api", scopes: tuple[str, ...] = ()) -> Client:
        return self.add_client(client_id, kind=ClientKind.RESOURCE_SERVER, scopes=scopes, redirect_uris=())

    def update_client(self, client: Client, **changes) -> Client:
        changed = replace(client, **changes)
        transact(self.storage, lambda uow: uow.clients.update(changed))
        return changed

    def grant_for(self, client: Client, scopes=factories.SCOPES, **overrides):
        def work(uow):
            standing = uow.grants.lock_active(self.owner.owner_id, client.client_id)
            if standing is not None:
                return standing
            grant = factories.grant(
                self.owner.owner_id, client.client_id, scopes=tuple(f"{s}@1" for s in scopes), **overrides
            )
            uow.grants.add(grant)
            return grant

        return transact(self.storage, work)

    def change_grant(self, grant, **changes):
        changed = replace(grant, sequence=grant.sequence + 1, **changes)
        transact(self.storage, lambda uow: uow.grants.update(changed, expected_sequence=grant.sequence))
        return changed

    # authorize

    def authorize(self, *pairs, query: str | None = None, session: bool = True, **parameters):
        if query is None:
            query = urlencode([*parameters.items(), *pairs], quote_via=quote)
        return self.server.authorization.validate(query, self.session.session_hash if session else None)

    def ask(self, **parameters) -> Pending:
        found = self.authorize(**{"client_id": "app", "response_type": "code", **parameters})
        assert isinstance(found, Pending), found
        return found

    def code(self, client: Client | None = None, grant=None, **overrides) -> str:
        """A code in clear, stored as the consent service would."""
        client = client or self.client
        scopes = overrides.get("scopes", factories.SCOPES)
        grant = grant or self.grant_for(client, scopes)
        clear, now = mint(CODE), self.clock.now()
        stored = factories.code(
            grant,
            **{"code_hash": digest(clear), "created_at": now, "expires_at": now + 60_000, **overrides},
        )
        assert self.storage.protocol.issue_code(stored)
        return clear

    # token

    def post(
        self, endpoint: str, parameters=None, *, auth=("app", SECRET), headers=None, body=None, query=""
    ):
        headers = dict(headers or {})
        if auth is not None:
            headers.setdefault("authorization", self.basic(*auth))
        if body is None:
            headers.setdefault("content-type", "application/x-www-form-urlencoded")
            body = urlencode(parameters or {}).encode()
        http = HttpRequest("POST", query, headers, body)
        return Answer(self.send(endpoint, http))

    def send(
        self, endpoint: str, http: HttpRequest, server: AuthorizationServer | None = None
    ) -> HttpResponse:
        return getattr(server or self.server, ATTRIBUTES.get(endpoint, endpoint)).answer(http)

    def redeem(self, code: str, **parameters) -> Answer:
        auth = parameters.pop("auth", ("app", SECRET))
        wanted = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
        wanted = {**wanted, **parameters}
        return self.post("token", {k: v for k, v in wanted.items() if v is not None}, auth=auth)

    def refresh(self, token: str, **parameters) -> Answer:
        auth = parameters.pop("auth", ("app", SECRET))
        return self.post(
            "token", {"grant_type": "refresh_token", "refresh_token": token, **parameters}, auth=auth
        )

    def introspect(self, token: str, auth=("app", SECRET)) -> dict:
        return self.post("introspect", {"token": token}, auth=auth).json

    def tokens(self, **overrides) -> dict:
        answer = self.redeem(self.code(**overrides))
        assert answer.status == 200, answer.raw
        return answer.json


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture(scope="module")
def module_house() -> House:
    """For tests with many examples, none of which changes anything."""
    return House()


@pytest.fixture
def make_house():
    return lambda **overrides: House(settings=core_settings(**overrides))
