"""The middleware for asynchronous applications."""

from __future__ import annotations

import asyncio
import json
import threading
import time

import pytest

from consentcore.resource import Possession, ProtectedResource, ProxyCertificate, SignIn, Token
from consentcore.resource.asgi import AsgiBearerMiddleware, environ_of, token_of
from tests.support.client_certificates import certificate
from tests.support.loops import run
from tests.support.proofs import Prover
from tests.unit.resource.test_bearer import GOOD, Known

ROOMS = ProtectedResource(
    resource="https://api.example/rooms", authorization_servers=["https://consent.example"]
)
WHERE = f'resource_metadata="{ROOMS.url}"'
PROVER = Prover()


class Application:
    """Remembers the scopes of the requests that came through."""

    def __init__(self):
        self.seen = []

    async def __call__(self, scope, _receive, send):
        self.seen.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"inside"})


def request(*headers, path="/rooms", **changes):
    return {
        "type": "http",
        "method": "GET",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "server": ("api.example", 443),
        "client": ("192.0.2.7", 4711),
        "headers": [(b"host", b"api.example"), *headers],
        **changes,
    }


def bearing(text):
    return (b"authorization", text)


def ask(scope, checker=None, **options):
    """What was sent back, and the scopes that the application has seen."""
    inside, sent = Application(), []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b""}

    app = AsgiBearerMiddleware(inside, checker or Known(), realm="rooms", metadata=ROOMS, **options)
    run(lambda: app(scope, receive, send))
    return sent, inside.seen


def refused(sent):
    start, body = sent
    assert body["body"] == b""
    return start["status"], dict(start["headers"])


def test_good_token_gives_its_claims_to_the_application():
    sent, [seen] = ask(request(bearing(b"Bearer good")), scopes=["rooms.read"])
    assert sent[1]["body"] == b"inside"
    assert token_of(seen) is GOOD


def test_without_a_token_there_is_a_challenge():
    sent, seen = ask(request(), scopes=["rooms.read"])
    status, headers = refused(sent)
    assert (status, seen) == (401, [])
    assert headers[b"www-authenticate"].decode() == f'Bearer realm="rooms", scope="rooms.read", {WHERE}'


@pytest.mark.parametrize(
    ("scope", "status", "word"),
    [
        (request(bearing(b"Bearer unknown")), 401, "invalid_token"),
        (request(bearing(b"Bearer a b")), 400, "invalid_request"),
        (request(bearing(b"Bearer good"), bearing(b"Bearer good")), 400, "invalid_request"),
        (request(bearing(b"Bearer good"), query_string=b"access_token=good"), 400, "invalid_request"),
        (request(bearing(b"Bearer good")), 403, "insufficient_scope"),
    ],
    ids=["unknown", "malformed", "twice", "in-the-query", "too-little"],
)
def test_bad_requests_are_refused_as_everywhere(scope, status, word):
    sent, seen = ask(scope, scopes=["rooms.write"])
    found, headers = refused(sent)
    assert (found, seen) == (status, [])
    challenge = headers[b"www-authenticate"].decode()
    assert f'error="{word}"' in challenge
    assert WHERE in challenge


def test_nobody_gets_in_while_nobody_can_tell():
    sent, seen = ask(request(bearing(b"Bearer down")))
    status, headers = refused(sent)
    assert (status, headers[b"retry-after"], seen) == (503, b"8", [])


def test_document_needs_no_token():
    sent, seen = ask(request(path=ROOMS.path))
    assert sent[0]["status"] == 200
    assert json.loads(sent[1]["body"]) == ROOMS.document()
    assert seen == []


def test_scopes_may_depend_on_the_request():
    def scopes(scope):
        return None if scope["path"] == "/health" else ["rooms.read"]

    _, [seen] = ask({**request(path="/health"), "consentcore.token": GOOD}, scopes=scopes)
    assert "consentcore.token" not in seen, "what another layer has put there is not believed"
    assert refused(ask(request(), scopes=scopes)[0])[0] == 401


def test_start_and_end_of_the_server_pass():
    _, [seen] = ask({"type": "lifespan"})
    assert seen == {"type": "lifespan"}


def test_websocket_is_let_in_by_the_same_rules():
    plain = {name: value for name, value in request(bearing(b"Bearer good")).items() if name != "method"}
    _, [seen] = ask({**plain, "type": "websocket", "scheme": "wss"})
    assert token_of(seen) is GOOD
    sent, seen = ask({**plain, "type": "websocket", "scheme": "wss", "headers": []})
    assert (sent, seen) == ([{"type": "websocket.close", "code": 1008}], [])


def test_proof_of_a_bound_token_is_held_against_the_request():
    class Bound:
        def check(self, _token):
            return Token({**GOOD.claims, "cnf": {"jkt": PROVER.jkt}})

    def proven(url):
        proof = PROVER.proof(url, time.time(), "GET", token="x")
        return request(bearing(b"DPoP x"), (b"dpop", proof.encode()), path="/r%C3%A4ume")

    sent, _ = ask(proven("https://api.example/r%C3%A4ume"), Bound())
    assert sent[0]["status"] == 200
    status, headers = refused(ask(proven("https://api.example/raeume"), Bound())[0])
    assert (status, b"htu" in headers[b"www-authenticate"]) == (401, True)


def test_certificate_of_a_bound_token_is_held_against_what_the_proxy_tells():
    shown = certificate()

    class Bound:
        def check(self, _token):
            return Token({**GOOD.claims, "cnf": {"x5t#S256": shown.x5t}})

    def told(*headers, peer="127.0.0.1"):
        possession = Possession(certificate=ProxyCertificate("rfc9440"))
        scope = request(bearing(b"Bearer x"), *headers, client=(peer, 4711))
        return ask(scope, Bound(), possession=possession)[0]

    header = (b"client-cert", shown.rfc9440.encode())
    assert told(header)[0]["status"] == 200
    assert refused(told())[0] == 401
    assert refused(told((b"client_cert", shown.rfc9440.encode())))[0] == 401
    assert refused(told(header, peer="192.0.2.7"))[0] == 401


def test_header_with_an_underscore_is_not_the_one_with_a_hyphen():
    environ = environ_of(request((b"client_cert", b"forged"), (b"client-cert", b"real")))
    assert environ["HTTP_CLIENT_CERT"] == "real"
    assert "forged" not in environ.values()


def test_server_may_leave_out_what_asgi_lets_it():
    scope = request(path="/räume")
    for name in ("raw_path", "client", "server", "scheme", "query_string", "headers"):
        del scope[name]
    environ = environ_of(scope)
    assert environ["PATH_INFO"] == "/räume".encode().decode("latin-1")
    assert (environ["wsgi.url_scheme"], environ["QUERY_STRING"], environ["REMOTE_ADDR"]) == ("http", "", "")


def test_others_go_on_while_one_is_asked_about():
    """The checker blocks; the loop does not."""
    asked, answered = threading.Event(), threading.Event()

    class Slow:
        def check(self, token):
            if token == "slow":
                asked.set()
                assert answered.wait(30)
            return GOOD

    inside, order = Application(), []

    async def one(name):
        async def send(message):
            if message["type"] == "http.response.body":
                order.append(name)

        await app(request(bearing(f"Bearer {name}".encode())), None, send)

    async def both():
        slow = asyncio.create_task(one("slow"))
        await asyncio.to_thread(asked.wait, 30)
        await one("quick")
        answered.set()
        await slow

    app = AsgiBearerMiddleware(inside, Slow())
    run(both)
    assert order == ["quick", "slow"]


def test_only_a_refusal_is_taken_for_one():
    class Broken:
        def check(self, _token):
            raise RuntimeError("no checker")

    with pytest.raises(RuntimeError, match="no checker"):
        ask(request(bearing(b"Bearer x")), Broken())


def test_another_sign_in_can_be_demanded():
    """RFC 9470 section 3; for each request its own."""

    def demanded(scope):
        return SignIn("urn:example:gold", 60) if scope["path"] == "/doors" else None

    sent, seen = ask(request(bearing(b"Bearer good"), path="/doors"), sign_in=demanded)
    status, headers = refused(sent)
    assert (status, seen) == (401, [])
    challenge = headers[b"www-authenticate"].decode()
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'acr_values="urn:example:gold", max_age="60"' in challenge
    assert WHERE in challenge
    _, seen = ask(request(bearing(b"Bearer good")), sign_in=demanded)
    assert len(seen) == 1
