"""The registration endpoint (RFC 7591 section 3): what comes in, what goes out, and nothing in between."""

from __future__ import annotations

import json

import pytest

from consentcore.clients.registration import Registrations
from consentcore.clients.registration_endpoint import MAX_BYTES, RegistrationEndpoint
from consentcore.clients.registration_tokens import RegistrationTokens
from consentcore.clients.strangers import StrangerRules
from consentcore.oauth.messages import HttpRequest
from consentcore.settings import RegistrationSettings
from tests.support.server_scenario import ServerScenario

SOUND = {"redirect_uris": ["https://app.example/cb"], "client_name": "Agent"}


class Door:
    def __init__(self, registry, access="open"):
        server = ServerScenario.begin(registry.storage, clock=registry.clock).server
        with registry.storage.reading() as uow:
            self._before = {one.client_id for one in uow.clients.list()}
        settings = RegistrationSettings(endpoint=access, per_address=3)
        rules = StrangerRules(("sites.read", "comfort.read"))
        self._storage = registry.storage
        self.tokens = RegistrationTokens(registry.clock)
        registrations = Registrations(registry.clients, registry.storage, settings, rules, self.tokens)
        self.endpoint = RegistrationEndpoint(server.context, registrations)

    def post(self, members=None, *, body=None, method="POST", query="", **headers):
        body = json.dumps(SOUND if members is None else members).encode() if body is None else body
        sent = {"content-type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        answer = self.endpoint.answer(HttpRequest(method, query, sent, body, "198.51.100.7"))
        return answer.status, dict(answer.headers), json.loads(answer.body or b"null")

    def registered(self):
        with self._storage.reading() as uow:
            return [one for one in uow.clients.list() if one.client_id not in self._before]


@pytest.fixture
def door(registry):
    return Door(registry)


def test_the_answer_to_a_registration_says_what_was_registered(door):
    status, headers, told = door.post()
    (client,) = door.registered()
    assert status == 201
    assert (headers["Cache-Control"], headers["Pragma"]) == ("no-store", "no-cache")
    assert headers["Content-Type"] == "application/json"
    assert told.pop("client_secret").startswith("ccs_")
    assert told == {
        "client_id": client.client_id,
        "client_id_issued_at": client.created_at // 1000,
        "client_secret_expires_at": 0,
        "client_name": "Agent",
        "redirect_uris": ["https://app.example/cb"],
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "sites.read comfort.read",
    }


def test_a_public_client_gets_no_secret_and_no_time_of_one(door):
    _, _, told = door.post({**SOUND, "token_endpoint_auth_method": "none"})
    assert not {"client_secret", "client_secret_expires_at"} & told.keys()


@pytest.mark.parametrize(
    ("members", "error", "names"),
    [
        ({"redirect_uris": ["http://app.example/cb"]}, "invalid_redirect_uri", "redirect_uris: "),
        ({"redirect_uris": []}, "invalid_redirect_uri", "redirect_uris: "),
        ({"redirect_uris": "x"}, "invalid_redirect_uri", "redirect_uris: "),
        ({"scope": "ev.write"}, "invalid_client_metadata", "scope: "),
        ({"client_name": "\u200b"}, "invalid_client_metadata", "client_name: "),
        ({"jwks": {"keys": []}}, "invalid_client_metadata", "jwks: "),
        ({"software_statement": "e30.e30."}, "unapproved_software_statement", "software_statement: "),
        ({"client_name": "\ud800"}, "invalid_client_metadata", "client_name: "),
    ],
    ids=lambda value: str(value).encode("ascii", "backslashreplace").decode(),
)
def test_a_refusal_has_the_error_of_section_3_2_2_and_names_the_member(door, members, error, names):
    status, headers, told = door.post({**SOUND, **members})
    assert (status, told["error"]) == (400, error)
    assert told["error_description"].startswith(names)
    assert "?" not in told["error_description"], "what stands there for a sign that may not"
    assert headers["Cache-Control"] == "no-store"
    assert door.registered() == []


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"\xff", b'{"a":1,"a":2}', b"[" * 5000, b'{"client_name":NaN}'],
    ids=["nothing", "array", "half", "no-utf-8", "twice", "deep", "nan"],
)
def test_what_is_no_object_is_refused(door, body):
    status, _, told = door.post(body=body)
    assert (status, told["error"]) == (400, "invalid_client_metadata")
    assert door.registered() == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"method": "GET"}, 405),
        ({"method": "PUT"}, 405),
        ({"query": "client_name=x"}, 400),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"content_encoding": "gzip"}, 415),
        ({"body": b" " * (MAX_BYTES + 1)}, 413),
    ],
    ids=["get", "put", "query", "form", "gzip", "large"],
)
def test_what_is_no_registration_is_refused_before_it_is_read(door, changes, status):
    assert door.post(**changes)[0] == status
    assert door.registered() == []


def test_too_many_from_one_address_have_to_wait(door):
    for _ in range(3):
        assert door.post()[0] == 201
    status, headers, told = door.post()
    assert (status, told["error"]) == (429, "temporarily_unavailable")
    assert 0 < int(headers["Retry-After"]) <= 3600


def test_pages_of_any_origin_may_register_and_no_cookie_counts(door):
    status, headers, _ = door.post(
        method="OPTIONS", origin="https://inspector.example", access_control_request_method="POST"
    )
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == "*"
    _, headers, _ = door.post(origin="https://inspector.example")
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in headers


@pytest.fixture
def locked(registry):
    return Door(registry, access="token")


def test_without_a_token_the_answer_is_a_challenge_and_nothing_is_read(locked):
    status, headers, told = locked.post(body=b"{")
    assert (status, told["error"]) == (401, "invalid_token")
    assert headers["WWW-Authenticate"] == 'Bearer realm="consentcore"'


@pytest.mark.parametrize("shown", ["Bearer x", "Bearer", "Basic YTpi", "bearer  ", "Bearer \xff"])
@pytest.mark.parametrize("access", ["token", "open"])
def test_a_token_that_is_none_is_refused_everywhere(registry, access, shown):
    door = Door(registry, access=access)
    status, headers, told = door.post(authorization=shown)
    assert (status, told["error"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in headers["WWW-Authenticate"]
    assert door.registered() == []


def test_a_token_lets_in_as_often_as_it_may(registry, locked):
    new = locked.tokens.prepare(note="", days=1, uses=1)
    registry.do(lambda uow: locked.tokens.add(uow, new))
    assert locked.post({**SOUND, "redirect_uris": []}, authorization=f"Bearer {new.secret}")[0] == 400
    assert locked.post(authorization=f"bearer {new.secret}")[0] == 201
    assert locked.post(authorization=f"Bearer {new.secret}")[0] == 401
    assert len(locked.registered()) == 1
