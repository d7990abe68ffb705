"""Whoever has to look up a name or connect for its answer waits in a lane of its own; nobody else waits for it."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from consentcore.domain.clock import SystemClock
from tests.support.client_keys import EC, signed
from tests.support.fronts import PREFIX, direct
from tests.support.patience import PATIENCE_S, eventually

pytestmark = pytest.mark.slow

DEAD_NAMES = """\
import os, socket, time
_real = socket.getaddrinfo
def getaddrinfo(host, *rest, **more):
    if str(host).endswith(".dead.example"):
        open(os.path.join(os.environ["ASKED"], str(host)), "w").close()
        time.sleep(60)
        raise socket.gaierror(socket.EAI_AGAIN, "no name server answers")
    return _real(host, *rest, **more)
socket.getaddrinfo = getaddrinfo
"""
MANY = 60


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What was asked of the name servers of dead.example, which do not answer."""
    return tmp_path_factory.mktemp("asked")


@pytest.fixture(scope="module")
def front(tmp_path_factory, names):
    """A server that asks them."""
    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(DEAD_NAMES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site))
        patch.setenv("ASKED", str(names))
        with direct(tmp_path_factory.mktemp("house")) as made:
            yield made


@pytest.fixture
def many():
    with ThreadPoolExecutor(MANY) as pool:
        yield pool


def add(front, url, *, who=None, **more):
    return front.ask("POST", "/api/v1/endpoints", json={"url": url, **more}, auth=who or own(front))


def own(front):
    return front.client_id, front.client_secret


def asked(names):
    return sorted(path.name for path in names.iterdir())


def test_89_dead_name_servers_cost_nobody_else_a_thread(front, names, many):
    other = front.house.json(
        "client",
        "create",
        "--name",
        "Other",
        "--redirect-uri",
        "https://o.example/cb",
        "--scope",
        "sites.read",
    )
    waiting = [many.submit(add, front, f"https://n{number}.dead.example/") for number in range(MANY)]
    eventually(lambda: len(asked(names)) >= 2)
    # Its own checks come before any look-up.
    refused = add(front, "https://n99.dead.example/", events=["consent.imagined"])
    assert (refused.status_code, "events" in refused.text) == (400, True)
    assert add(front, "https://n98.dead.example:1/").status_code in {400, 503}
    # Others look up names meanwhile, and everybody is served.
    live = add(front, "http://localhost:9/", who=(other["client_id"], other["client_secret"]))
    assert live.status_code == 201, live.text
    for _ in range(5):
        front.works()
    assert front.ask("GET", "/login").status_code == 200
    assert not all(one.done() for one in waiting)
    # Whoever floods the lane refuses itself, in words.
    done = [one.result() for one in waiting]
    full = [one for one in done if one.status_code == 503]
    assert full
    assert all(one.headers["Retry-After"] for one in full)
    assert {one.json()["error"] for one in full} == {"temporarily_unavailable"}
    assert {one.status_code for one in done} <= {201, 503}
    assert not {"n98.dead.example", "n99.dead.example"} & set(asked(names))


def test_changing_an_endpoint_looks_up_after_its_own_checks(front, names):
    made = add(front, "http://127.0.0.1:9/").json()
    path = f"/api/v1/endpoints/{made['endpoint_id']}"
    dead = {"url": "https://checked.dead.example/"}
    for body, status in (
        ({**dead, "overlap": "never"}, 400),
        ({**dead, "signatures": ["v9"]}, 400),
    ):
        assert front.ask("PATCH", path, json=body, auth=own(front)).status_code == status
    assert front.ask("PATCH", path + "x", json=dead, auth=own(front)).status_code == 404
    assert "checked.dead.example" not in asked(names)
    changed = front.ask("PATCH", path, json=dead, auth=own(front))
    assert (changed.status_code, changed.json()["url"]) == (200, dead["url"])


def forged(client_id, issuer):
    now = SystemClock().now() // 1000
    return {
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "exp": now + 60,
        "iat": now,
        "jti": "never used",
    }


def test_89_forged_assertions_for_a_slow_key_set_hold_up_nobody(front, many, tmp_path):
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        slow = front.house.json(
            *("client", "create", "--name", "Slow", "--redirect-uri", "https://s.example/cb"),
            *("--scope", "sites.read", "--auth-method", "private_key_jwt"),
            *("--jwks-uri", f"http://127.0.0.1:{silent.getsockname()[1]}/keys"),
        )
        keys = tmp_path / "keys.json"
        keys.write_text(json.dumps({"keys": [EC.as_dict(private=False)]}))
        signer = front.house.json(
            *("client", "create", "--name", "Signer", "--redirect-uri", "https://t.example/cb"),
            *("--scope", "sites.read", "--auth-method", "private_key_jwt", "--jwks", str(keys)),
        )

        def show(client_id, endpoint="introspect", **changes):
            body = {
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": signed({**forged(client_id, front.house.issuer), **changes}),
                "token": "unknown",
            }
            return front.ask("POST", f"{PREFIX}/{endpoint}", data=body)

        waiting = [many.submit(show, slow["client_id"]) for _ in range(MANY)]
        held = silent.accept()[0]  # one of them asks
        for _ in range(5):
            front.works()
        mine = show(signer["client_id"], jti="mine")
        assert (mine.status_code, mine.json()) == (200, {"active": False})
        assert not any(one.done() for one in waiting)
        held.close()
        assert {one.result().status_code for one in waiting} == {401}


def test_an_assertion_that_waits_for_its_keys_is_used_once(front, tmp_path):
    """It is judged in the lane, and its jti counts there; the API goes on with the same caller."""
    from tests.support.sinks import Answer, http_sink

    with http_sink() as sink:
        body = json.dumps({"keys": [EC.as_dict(private=False)]}).encode()
        sink.answer = Answer(200, {"Content-Type": "application/json"}, body)
        made = front.house.json(
            *("client", "create", "--name", "Signer", "--redirect-uri", "https://t.example/cb"),
            *("--scope", "sites.read", "--auth-method", "private_key_jwt", "--jwks-uri", sink.url("/keys")),
        )
        shown = signed({**forged(made["client_id"], front.house.issuer), "jti": "once"})

        def call():
            return requests.post(
                f"{front.url}/api/v1/endpoints",
                json={"url": "http://localhost:9/"},
                headers={"Authorization": f"Bearer {shown}"},
                timeout=PATIENCE_S,
            )

        first, second = call(), call()
        assert (first.status_code, second.status_code) == (201, 401), first.text
        assert 1 <= len(sink.received) <= 2, "each of the two web processes keeps what it has fetched"


def test_89_a_sign_in_provider_that_is_silent_holds_up_nobody(tmp_path, many):
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        provider = {
            "issuer": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "client_id": "us",
            "client_secret": "a-secret-of-ours",
            "timeout_s": 60.0,  # the most there is
        }
        settings = {f"plugin.login_oidc.{name}": value for name, value in provider.items()}
        with direct(tmp_path, login="login_oidc", **settings) as front:
            waiting = [many.submit(front.ask, "GET", "/login", timeout=2 * PATIENCE_S) for _ in range(MANY)]
            held = silent.accept()[0]
            for _ in range(5):
                front.works()
            assert front.ask("GET", "/livez").status_code == 200
            assert not any(one.done() for one in waiting)
            held.close()
            silent.close()
            done = [one.result() for one in waiting]
            assert {one.status_code for one in done} == {503}
            assert all(one.headers["Retry-After"] for one in done)


def test_89_documents_of_hosts_that_do_not_answer_hold_up_nobody(tmp_path, monkeypatch, many):
    """Client ids that are made up cost whoever sends them a page, and nobody else a thread."""
    site, asked_here = tmp_path / "site", tmp_path / "asked"
    for folder in (site, asked_here, tmp_path / "house"):
        folder.mkdir()
    (site / "sitecustomize.py").write_text(DEAD_NAMES)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("ASKED", str(asked_here))
    settings = {"registration.documents": "*", "registration.scopes": "sites.read"}
    with direct(tmp_path / "house", **settings) as front:

        def ask(number):
            wanted = {"client_id": f"https://d{number}.dead.example/client.json", "response_type": "code"}
            return front.ask("GET", f"{PREFIX}/authorize", params=wanted, timeout=2 * PATIENCE_S)

        waiting = [many.submit(ask, number) for number in range(MANY)]
        eventually(lambda: len(asked(asked_here)) >= 2)
        for _ in range(5):
            front.works()
        assert front.ask("GET", "/login").status_code == 200
        assert not all(one.done() for one in waiting)
        done = [one.result() for one in waiting]
        assert {one.status_code for one in done} <= {400, 503}
        assert any("its document cannot be used" in one.text for one in done)
        assert (
            front.ask("GET", f"{PREFIX}/authorize", params={"client_id": "https://127.0.0.1/x"}).status_code
            == 400
        )
