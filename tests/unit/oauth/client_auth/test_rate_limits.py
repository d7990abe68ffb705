"""How often a client may ask, and how often somebody may guess its secret."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from consentcore.api import AuthMethod, StorageUnavailable
from consentcore.oauth.client_auth.rate_limits import RateLimiter
from consentcore.oauth.messages import HttpRequest
from consentcore.settings import LimitsSettings
from tests.support.client_certificates import certificate

SECRET = "factories-client-secret"
HOME, AWAY = "192.0.2.7", "198.51.100.20"
FORM = "application/x-www-form-urlencoded"
PARAMETERS = {
    "token": {"grant_type": "refresh_token", "refresh_token": "unknown"},
    "introspect": {"token": "unknown"},
    "revoke": {"token": "unknown"},
}


@pytest.fixture(autouse=True)
def watch(monkeypatch):
    """The time that the limiter sees: it stands still unless a test moves it."""
    seconds = [1_800_000_000.5]
    monkeypatch.setattr(time, "time", lambda: seconds[0])
    return seconds


@pytest.fixture
def limited(scenario):
    """Give the scenario a server with limits of its own."""

    def limited(**limits):
        scenario.settings = replace(scenario.settings, limits=LimitsSettings(**limits))
        scenario.server = scenario.make_server()
        return scenario

    return limited


def ask(scenario, endpoint="introspect", *, client="app", secret=SECRET, address=HOME, server=None):
    headers = {"content-type": FORM}
    if secret:
        headers["authorization"] = scenario.basic(client, secret)
    parameters = PARAMETERS[endpoint] | ({} if secret else {"client_id": client})
    http = HttpRequest("POST", "", headers, urlencode(parameters).encode(), address)
    return scenario.send(endpoint, http, server)


def statuses(*answers):
    return [answer.status for answer in answers]


class Untouchable:
    """A storage's protocol face that nothing may ask."""

    def __getattr__(self, name):
        raise AssertionError(f"the storage was asked: {name}")


@pytest.mark.parametrize("endpoint", PARAMETERS)
def test_a_client_that_asks_too_often_is_told_when_to_come_back(limited, endpoint):
    scenario = limited(**{f"{endpoint}_per_client": 3})
    good = 400 if endpoint == "token" else 200  # the refresh token is unknown
    assert statuses(*(ask(scenario, endpoint) for _ in range(3))) == [good] * 3
    refused = ask(scenario, endpoint)
    assert refused.status == 429
    assert b'"error": "temporarily_unavailable"' in refused.body
    assert 1 <= int(dict(refused.headers)["Retry-After"]) <= 60
    assert dict(refused.headers)["Cache-Control"] == "no-store"
    scenario.storage.protocol = Untouchable()
    assert ask(scenario, endpoint).status == 429


def test_the_endpoints_are_counted_apart(limited):
    scenario = limited(introspect_per_client=1, revoke_per_client=1)
    assert statuses(ask(scenario), ask(scenario), ask(scenario, "revoke")) == [200, 429, 200]


def test_nobody_uses_up_what_is_another_clients(limited):
    scenario = limited(introspect_per_client=2)
    scenario.add_client("other")
    for _ in range(5):
        ask(scenario, secret="wrong")  # somebody who only names the client
        ask(scenario, client="other")
        ask(scenario, address=AWAY)
    assert statuses(ask(scenario), ask(scenario), ask(scenario)) == [200, 200, 429]


def test_a_public_client_is_counted_where_it_is(limited):
    scenario = limited(token_per_client=2)
    scenario.add_client("native", auth_method=AuthMethod.NONE, secrets=())
    for _ in range(3):
        ask(scenario, "token", client="native", secret="", address=AWAY)
    assert ask(scenario, "token", client="native", secret="", address=AWAY).status == 429
    assert ask(scenario, "token", client="native", secret="", address=HOME).status == 400


def test_an_address_is_limited_over_all_clients_where_that_is_set(limited):
    scenario = limited(requests_per_address=2)
    answers = [
        ask(scenario),
        ask(scenario, "revoke"),
        ask(scenario, secret="wrong"),
        ask(scenario, address=AWAY),
    ]
    assert statuses(*answers) == [200, 200, 429, 200]


def test_a_pause_is_over_after_the_time_that_was_told(watch):
    rates = RateLimiter({"token": 2})
    assert [rates.hit("token", "app"), rates.hit("token", "app")] == [0, 0]
    wait = rates.hit("token", "app")
    assert 1 <= wait <= 60
    assert rates.wait("token", "app") == wait
    watch[0] += wait
    assert rates.wait("token", "app") == 0
    assert rates.hit("token", "app") == 0


def test_a_large_limit_is_counted_in_steps():
    rates = RateLimiter({"token": 5000})
    waits = [rates.hit("token", "app") for _ in range(5100)]
    assert not any(waits[:5000])
    assert sum(wait > 0 for wait in waits[5000:]) == 100 // 5
    assert rates.wait("token", "app") > 0
    assert rates.hit("token", "other") == 0


def test_steps_of_one_client_are_not_counted_for_another():
    rates = RateLimiter({"token": 5000})
    for _ in range(1100):
        assert not any(rates.hit("token", "busy") for _ in range(4))
        assert rates.hit("token", "other") == 0


def test_0_is_no_limit(limited):
    scenario = limited(
        token_per_client=0, introspect_per_client=0, failures_per_client=0, failures_per_address=0
    )
    assert set(statuses(*(ask(scenario) for _ in range(50)))) == {200}
    assert set(statuses(*(ask(scenario, secret="wrong") for _ in range(50)))) == {401}


def test_the_defaults_bother_nobody(scenario):
    assert set(statuses(*(ask(scenario) for _ in range(2000)))) == {200}
    unreadable = HttpRequest("POST", "", {"content-type": FORM, "authorization": "Basic !"}, b"", HOME)
    nothing = HttpRequest("POST", "", {"content-type": FORM}, b"", HOME)
    assert {scenario.server.token.answer(http).status for http in [unreadable, nothing] * 3000} == {400}


def test_wrong_secrets_become_429_and_the_right_one_is_never_held_up(limited):
    scenario = limited(failures_per_client=3)
    answers = [ask(scenario, secret="wrong") for _ in range(5)]
    assert statuses(*answers) == [401, 401, 401, 429, 429]
    headers = dict(answers[-1].headers)
    assert 1 <= int(headers["Retry-After"]) <= 60
    assert "WWW-Authenticate" not in headers
    assert b'"error": "invalid_client"' in answers[-1].body
    assert ask(scenario).status == 200
    assert ask(scenario, secret="wrong", address=AWAY).status == 401
    scenario.clock.advance(60_000)
    assert ask(scenario, secret="wrong").status == 401


def test_wrong_certificates_become_429_and_the_right_one_is_never_held_up(limited):
    scenario = limited(failures_per_client=2)
    mine, other = (certificate(now_s=scenario.clock.now() / 1000) for _ in range(2))
    method = AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH
    scenario.add_client("itself", auth_method=method, secrets=(), jwks=mine.jwks)

    def show(one):
        headers = {"content-type": FORM, **one.header}
        body = urlencode({"client_id": "itself", "token": "unknown"}).encode()
        return scenario.send("introspect", HttpRequest("POST", "", headers, body, HOME), None)

    assert statuses(*(show(other) for _ in range(4))) == [401, 401, 429, 429]
    assert show(mine).status == 200


def test_wrong_secrets_count_for_the_address_over_all_clients_and_endpoints(limited):
    scenario = limited(failures_per_address=3)
    answers = [ask(scenario, secret="wrong", client=f"c{number}") for number in range(2)]
    answers += [ask(scenario, endpoint, secret="wrong") for endpoint in PARAMETERS]
    assert statuses(*answers) == [401, 401, 401, 429, 429]
    assert ask(scenario, secret="wrong", address=AWAY).status == 401


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
    ],
)
def test_ipv6_counts_by_64(limited, first, second, same):
    scenario = limited(failures_per_client=1)
    assert ask(scenario, secret="wrong", address=first).status == 401
    assert ask(scenario, secret="wrong", address=second).status == (429 if same else 401)


def test_failures_count_across_processes_and_in_parallel(limited):
    scenario = limited(failures_per_client=10)
    servers = [scenario.server, scenario.make_server()]
    together = threading.Barrier(20)

    def guess(number):
        together.wait()
        return ask(scenario, secret="wrong", server=servers[number % 2]).status

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(guess, range(20)))
    assert sorted(found) == [401] * 10 + [429] * 10


class Counting:
    """Counters that say how often they were written."""

    def __init__(self, real):
        self.real, self.hits = real, 0

    def hit(self, *arguments):
        self.hits += 1
        return self.real.hit(*arguments)


def test_a_success_counts_nothing_and_a_flood_of_failures_is_no_flood_of_writes(limited, monkeypatch):
    scenario = limited(failures_per_client=5)
    counting = Counting(scenario.storage.counters)
    monkeypatch.setattr(scenario.storage, "counters", counting)
    for _ in range(20):
        ask(scenario)
    assert counting.hits == 0
    for _ in range(200):
        ask(scenario, secret="wrong")
    assert counting.hits == 12  # six failures, each for the pair and for the address


def test_a_failure_that_cannot_be_counted_is_still_a_failure(scenario, monkeypatch):
    class Down:
        def hit(self, *_arguments):
            raise StorageUnavailable("full")

    monkeypatch.setattr(scenario.storage, "counters", Down())
    assert ask(scenario, secret="wrong").status == 401
