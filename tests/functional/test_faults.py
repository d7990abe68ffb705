"""What breaks under a running server, and that nothing which was confirmed is lost, nothing refused half done."""

from __future__ import annotations

import os
import resource
import select
import signal
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from tests.support.browser import Browser
from tests.support.fronts import CALLBACK, PREFIX, direct
from tests.support.patience import PATIENCE_S, eventually
from tests.support.postgres import OwnServer

pytestmark = pytest.mark.slow

GOOD = "correct horse battery"
OWNERS = ["ada@example.org", "grace@example.org"]
CHEAP = {"plugin.login_local.argon2_memory_kib": 8192, "plugin.login_local.argon2_time_cost": 1}


def populated(front):
    for email in OWNERS:
        front.house.json("owner", "create", "--email", email, "--password-stdin", stdin=GOOD)
    return front


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    with direct(tmp_path_factory.mktemp("faults"), **CHEAP) as running:
        yield populated(running)


def ask(front, endpoint, **parameters):
    """A request of the client; 0 when there was no answer."""
    try:
        answer = front.ask(
            "POST", f"{PREFIX}/{endpoint}", data=parameters, auth=(front.client_id, front.client_secret)
        )
    except requests.ConnectionError:
        return 0, {}
    return answer.status_code, answer.json() if answer.content else {}


def code(front, email=OWNERS[0], browser=None):
    """Sign in, approve; the code and the browser."""
    browser, state = browser or Browser(), f"{email} {time.monotonic_ns()}"
    query = {"client_id": front.client_id, "response_type": "code", "scope": "sites.read", "state": state}
    browser.open(f"{front.url}{PREFIX}/authorize?{urlencode(query)}")
    if browser.page.path == "/login":
        browser.press("Sign in", email=email, password=GOOD)
    while browser.page.path == "/consent":  # again when an approval elsewhere has changed what the page says
        browser.press("Approve")
    answer = parse_qs(urlsplit(browser.page.url).query)
    assert answer.get("state") == [state], str(browser.page)
    assert "code" in answer, str(browser.page)
    return answer["code"][0], browser


def tokens(front, email=OWNERS[0]):
    return redeem(front, code(front, email)[0])


def redeem(front, presented):
    back = f"{front.url}{CALLBACK}"
    status, answer = ask(front, "token", grant_type="authorization_code", code=presented, redirect_uri=back)
    assert status == 200, answer
    return answer


def refresh(front, token):
    return ask(front, "token", grant_type="refresh_token", refresh_token=token)


def is_active(front, token):
    status, answer = ask(front, "introspect", token=token)
    assert status == 200, answer
    return answer["active"]


class Chain:
    """Refreshes on and on; what was answered, and the token that must work in the end."""

    def __init__(self, front, first):
        self.front, self.token, self.statuses = front, first["refresh_token"], []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._stop.is_set():
            status, answer = refresh(self.front, self.token)
            self.statuses.append(status)
            self.token = answer.get("refresh_token", self.token)
            time.sleep(0.02)

    def goes_well(self):
        """Whether it has come to all web processes since anything failed."""
        return self.statuses[-10:] == [200] * 10

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


def test_restart_keeps_what_was_given(front):
    """F5: SIGTERM, and everything goes on."""
    kept, (pending, browser) = tokens(front), code(front, OWNERS[1])
    assert front.house.stop() == 0
    front.house.start()
    assert is_active(front, kept["access_token"])
    assert refresh(front, kept["refresh_token"])[0] == 200
    assert redeem(front, pending)["access_token"]
    browser.open(f"{front.url}/consents")
    assert (browser.page.status, browser.page.path) == (200, "/consents"), "still signed in"


def test_a_writer_that_holds_the_database_for_three_seconds(front):
    """F6 on SQLite: 200 or 503, never half a state, and no restart."""
    held = tokens(front)
    other = sqlite3.connect(front.house.database, isolation_level=None)
    with Chain(front, held) as chain:
        other.execute("BEGIN IMMEDIATE")
        until = time.monotonic() + 3
        while time.monotonic() < until:
            assert is_active(front, held["access_token"]), "who only reads is not held up"
        other.execute("ROLLBACK")
        other.close()
        time.sleep(0.5)
    assert set(chain.statuses) <= {200, 503}
    assert refresh(front, chain.token)[0] == 200


def test_a_database_that_is_gone_is_not_an_empty_one(front):
    """F7: no answer as if there were nothing."""
    held, browser = tokens(front), code(front)[1]
    away = front.house.database.with_name("away")
    parts = [
        path
        for path in front.house.database.parent.iterdir()
        if path.name.startswith(front.house.database.name)
    ]
    away.mkdir()
    for path in parts:
        path.rename(away / path.name)
    try:
        found = {
            "introspect": ask(front, "introspect", token=held["access_token"])[0],
            "refresh": refresh(front, held["refresh_token"])[0],
            "revoke": ask(front, "revoke", token=held["access_token"])[0],
            "authorize": front.ask("GET", f"{PREFIX}/authorize?client_id={front.client_id}").status_code,
            "dashboard": browser.open(f"{front.url}/consents").status,
            "ready": front.ask("GET", "/readyz").status_code,
        }
        assert set(found.values()) == {503}, found
        assert front.ask("GET", "/livez").status_code == 200
        assert not front.house.database.exists(), "and no empty one is put in the way"
    finally:
        for path in away.iterdir():
            path.rename(front.house.database.parent / path.name)
    assert is_active(front, held["access_token"])
    assert refresh(front, held["refresh_token"])[0] == 200


@contextmanager
def full_disk(pids):
    """No file may grow: what a full disk is to a process."""
    before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids}
    for pid, (_, hard) in before.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def test_55_a_full_disk_confirms_nothing(front):
    """F8, and fosite CVE-2020-15223: a revocation that was not stored is not answered with 200."""
    held, pids = tokens(front), front.processes()
    pending, browser = code(front, OWNERS[1])
    with full_disk(pids):
        assert refresh(front, held["refresh_token"])[0] == 503
        assert ask(front, "revoke", token=held["refresh_token"])[0] == 503
        back = f"{front.url}{CALLBACK}"
        parameters = {"grant_type": "authorization_code", "code": pending, "redirect_uri": back}
        assert ask(front, "token", **parameters)[0] == 503
        browser.open(f"{front.url}/consents")
        browser.follow("Revoke Access")
        browser.press("Proceed")
        assert browser.page.status == 503
        assert is_active(front, held["access_token"])
    assert front.processes() == pids, "they lived on"
    assert refresh(front, held["refresh_token"])[0] == 200
    assert is_active(front, redeem(front, pending)["access_token"])
    assert ask(front, "revoke", token=held["refresh_token"])[0] == 200
    assert not is_active(front, held["access_token"])


def test_a_web_process_is_replaced_on_a_full_disk(front):
    """F8: that its death cannot be logged is not the end of the supervisor."""
    supervisor, *_ = pids = front.processes()
    victim = front.web_processes()[0]
    with full_disk(pids):
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: len(front.web_processes()) == 2 and victim not in front.web_processes())
    assert front.processes()[0] == supervisor
    assert front.house.server.poll() is None
    for pid in front.processes():  # what started meanwhile has inherited the limit
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    assert tokens(front)["access_token"]


def test_who_hangs_up_before_the_answer_may_ask_again(front):
    """F17: the answer to a refresh is lost; the same token gives the same successor."""
    held = tokens(front)["refresh_token"]
    body = urlencode(
        {
            "grant_type": "refresh_token",
            "refresh_token": held,
            "client_id": front.client_id,
            "client_secret": front.client_secret,
        }
    ).encode()
    head = f"POST {PREFIX}/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    with front.connect() as sock:
        sock.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert select.select([sock], [], [], PATIENCE_S)[0], "the answer is there, and nobody reads it"
    status, answer = refresh(front, held)
    assert status == 200
    assert refresh(front, answer["refresh_token"])[0] == 200
    assert "Traceback" not in front.log


def test_thirty_flows_at_once_are_not_mixed_up(front):
    """F20."""

    def flow(number):
        found = tokens(front, OWNERS[number % 2])
        status, answer = ask(front, "introspect", token=found["access_token"])
        assert (status, answer["active"]) == (200, True)
        return answer["sub"], refresh(front, found["refresh_token"])[0]

    with ThreadPoolExecutor(30) as pool:
        found = list(pool.map(flow, range(30)))
    assert {status for _, status in found} == {200}
    assert len({subject for subject, _ in found[::2]}) == len({subject for subject, _ in found[1::2]}) == 1
    assert len({subject for subject, _ in found}) == 2


def test_postgresql_is_restarted_under_load(tmp_path, postgres_server, postgres_url):
    """F6 on PostgreSQL, as ``pg_ctl restart -m immediate``: 200 or 503, and nothing confirmed is lost."""
    with direct(tmp_path, database=postgres_url, **CHEAP) as front:
        populated(front)
        first, second = tokens(front), tokens(front, OWNERS[1])
        revoked = tokens(front)
        with Chain(front, first) as one, Chain(front, second) as other:
            eventually(lambda: one.statuses and other.statuses)
            assert ask(front, "revoke", token=revoked["refresh_token"])[0] == 200
            crash(postgres_server, postgres_url)
            eventually(lambda: front.ask("GET", "/readyz").status_code == 200)
            eventually(lambda: one.goes_well() and other.goes_well(), lambda: (one.statuses, other.statuses))
        for chain in (one, other):
            assert set(chain.statuses) <= {200, 503}, chain.statuses
            assert refresh(front, chain.token)[0] == 200
        assert not is_active(front, revoked["access_token"])
        assert tokens(front)["access_token"]


def crash(server, url):
    """End PostgreSQL at once and start it; where it is not ours to end, throw everybody out."""
    if isinstance(server, OwnServer):
        server.stop(signal.SIGQUIT)
        time.sleep(0.5)
        server.start()
    else:
        with server.unreachable(urlsplit(url).path.lstrip("/")):
            time.sleep(0.5)
