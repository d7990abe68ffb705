"""An authorization server over a scenario, asked in this process and without HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from consentcore.api import Client, ClientKind, EventType, Grant, transact
from consentcore.domain.secret import CODE, digest, mint
from consentcore.keys.seals import sealed
from consentcore.oauth.messages import HttpRequest, HttpResponse, Pending
from consentcore.oauth.server import AuthorizationServer
from consentcore.settings import CoreSettings, OAuthSettings
from consentcore.testing import factories
from consentcore.testing.scenario import Scenario

SECRET = "factories-client-secret"
REDIRECT_URI = factories.REDIRECT_URI
ATTRIBUTES = {"revoke": "revocation", "introspect": "introspection"}
"""What the server calls the endpoints whose addresses end otherwise."""
ISSUER = "https://consent.example"
FORM = "application/x-www-form-urlencoded"


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


VERIFIER = "v" * 43
CHALLENGE = challenge_of(VERIFIER)


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
    def members(self):
        return self.json or {}

    @property
    def error(self):
        return self.members.get("error")

    @property
    def pair(self):
        return self.members["access_token"], self.members["refresh_token"]


class ServerScenario(Scenario):
    """Its client is a confidential one, "app"; its owner is signed in. What compromises a family is in ``alarms``."""

    verifier = VERIFIER
    challenge = CHALLENGE

    @classmethod
    def begin(cls, storage, *, client=None, settings=None, **parts):
        made = super().begin(storage, client=client or factories.client(client_id="app"), **parts)
        made.settings = settings or core_settings()
        made.alarms = []
        made.session = made.add_session(made.owner)
        made.server = made.make_server()
        return made

    def make_server(self, **overrides) -> AuthorizationServer:
        values = {
            "storage": self.storage,
            "keys": self.keys,
            "clock": self.clock,
            "catalog": self.catalog,
            "settings": self.settings,
            "compromised": self.compromised,
            "claims": lambda _context: {},
        }
        return AuthorizationServer(**{**values, **overrides})

    def compromised(self, family_id: str, grant_id: str, event_type: EventType) -> None:
        self.alarms.append((family_id, grant_id, event_type))
        transact(self.storage, lambda uow: uow.tokens.kill_family(family_id, self.clock.now()))

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

    # who takes part, and what stands between them

    def add_session(self, owner, **fields):
        session = factories.session(owner.owner_id, **fields)
        transact(self.storage, lambda uow: uow.owners.add_session(session))
        return session

    def add_resource_server(self, client_id: str = "api", scopes: tuple[str, ...] = ()) -> Client:
        return self.add_client(client_id, kind=ClientKind.RESOURCE_SERVER, scopes=scopes, redirect_uris=())

    def grant_for(self, client: Client, scopes=factories.SCOPES, **overrides) -> Grant:
        def work(uow):
            standing = uow.grants.active_of(self.owner.owner_id, client.client_id, lock=True)
            if standing is not None:
                return standing
            grant = factories.grant(
                self.owner.owner_id, client.client_id, scopes=tuple(f"{s}@1" for s in scopes), **overrides
            )
            uow.grants.add(grant)
            return grant

        return transact(self.storage, work)

    def change_grant(self, grant: Grant, **changes) -> Grant:
        changed = replace(grant, sequence=grant.sequence + 1, **changes)
        transact(self.storage, lambda uow: uow.grants.update(changed, expected_sequence=grant.sequence))
        return changed

    # authorize

    def authorize(self, *pairs, query: str | None = None, session: bool = True, **parameters):
        if query is None:
            query = urlencode([*parameters.items(), *pairs], quote_via=quote)
        return self.server.authorization.validate(query, self.session.session_hash if session else None)

    def pending(self, **parameters) -> Pending:
        """A good authorization request, which waits for the owner."""
        answer = self.authorize(**{"client_id": "app", "response_type": "code", **parameters})
        assert isinstance(answer, Pending), answer
        return answer

    def code(self, client: Client | None = None, grant=None, **overrides) -> str:
        """A code in clear, stored as the consent service would."""
        client = client or self.client
        scopes = overrides.get("scopes", factories.SCOPES)
        grant = grant or self.grant_for(client, scopes)
        clear, now = mint(CODE), self.clock.now()
        made = factories.code(
            grant,
            **{"code_hash": digest(clear), "created_at": now, "expires_at": now + 60_000, **overrides},
        )
        stored = sealed(self.keys, made)
        assert self.storage.protocol.issue_code(stored)
        return clear

    # the other endpoints

    def post(
        self, endpoint: str, parameters=None, *, auth=("app", SECRET), headers=None, body=None, query=""
    ) -> Answer:
        headers = dict(headers or {})
        if auth is not None:
            headers.setdefault("authorization", self.basic(*auth))
        if body is None:
            headers.setdefault("content-type", FORM)
            body = urlencode(parameters or {}).encode()
        http = HttpRequest("POST", query, headers, body)
        return Answer(self.send(endpoint, http))

    def send(
        self, endpoint: str, http: HttpRequest, server: AuthorizationServer | None = None
    ) -> HttpResponse:
        return getattr(server or self.server, ATTRIBUTES.get(endpoint, endpoint)).answer(http)

    def exchange(self, code: str, *, auth=("app", SECRET), headers=None, **parameters) -> Answer:
        """Exchange a code; parameters that are None are left out."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            **parameters,
        }
        form = {k: v for k, v in form.items() if v is not None}
        return self.post("token", form, auth=auth, headers=headers)

    def refresh(self, token: str, *, auth=("app", SECRET), headers=None, **parameters) -> Answer:
        form = {"grant_type": "refresh_token", "refresh_token": token, **parameters}
        return self.post("token", form, auth=auth, headers=headers)

    def introspect(self, token: str, auth=("app", SECRET)) -> dict:
        return self.post("introspect", {"token": token}, auth=auth).json

    def tokens(self, **overrides) -> dict:
        """What the exchange of a new code gives; ``overrides`` as for :meth:`code`."""
        answer = self.exchange(self.code(**overrides))
        assert answer.status == 200, answer.raw
        return answer.json
