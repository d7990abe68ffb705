"""A name server that lies: real sockets, a real DNS server over UDP, and receivers inside that must stay untouched."""

from __future__ import annotations

import time

import pytest

from consentcore.domain.errors import InvalidInput
from consentcore.egress import EgressError, EgressPolicy
from tests.support.hostile_dns import AAAA, CNAME, A, name_server
from tests.support.patience import PATIENCE_S, eventually
from tests.support.sinks import http_sink

# What the operator of this test allows; the rest of loopback is the inside that nobody may reach.
ALLOWED = ("127.0.0.1/32",)
GOOD, INSIDE, PUBLIC = "127.0.0.1", "127.0.0.2", "93.184.216.34"


@pytest.fixture
def receiver():
    with http_sink() as made:
        yield made


def guard(names, **options) -> EgressPolicy:
    return EgressPolicy(
        **{"allow_networks": ALLOWED, "timeout_s": PATIENCE_S, "resolver": names.resolve, **options}
    )


def blocked(policy: EgressPolicy, url: str) -> str:
    with pytest.raises(EgressError) as caught:
        policy.post(url, {}, b"x")
    return caught.value.error_class


def test_95_socket_goes_to_the_address_that_was_checked_although_the_next_answer_differs(receiver):
    def rebind(name, kind, number):
        return [(A, GOOD if number == 0 else INSIDE)] if kind == A else []

    with name_server(rebind) as names:
        assert guard(names).post(receiver.url(host="rebind.example"), {}, b"x").status == 204
        assert names.asked == [("rebind.example", A), ("rebind.example", AAAA)]
        # From now on the name leads inside: the next request is refused, and the receiver sees nothing of it.
        assert blocked(guard(names), receiver.url(host="rebind.example")) == "blocked_address"
    assert len(receiver.received) == 1


def test_95_name_that_is_public_at_registration_and_inside_at_connect_is_refused(receiver):
    def rebind(name, kind, number):
        return [(A, PUBLIC if number < 2 else INSIDE)] if kind == A else []

    with name_server(rebind) as names:
        policy = guard(names)
        policy.check_url("https://rebind.example/hook")
        assert blocked(policy, "https://rebind.example/hook") == "blocked_address"


@pytest.mark.parametrize(
    "inner",
    [
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.216.34",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::1",
        "2001:0:53aa:64c:0:0:8000:1",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::",
    ],
)
def test_95_good_a_record_does_not_excuse_a_bad_aaaa_record(receiver, inner):
    with name_server(lambda name, kind, number: [(A, GOOD)] if kind == A else [(AAAA, inner)]) as names:
        policy = guard(names)
        assert blocked(policy, receiver.url(host="mixed.example")) == "blocked_address"
        with pytest.raises(InvalidInput):
            policy.check_url(receiver.url(host="mixed.example"))
    assert receiver.received == []


@pytest.mark.parametrize("inner", ["10.0.0.1", "100.64.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0"])
def test_95_one_bad_address_among_many_is_found_wherever_it_stands(inner):
    many = [(A, PUBLIC)] * 60
    with name_server(lambda name, kind, number: [*many, (A, inner), *many] if kind == A else []) as names:
        assert blocked(guard(names), "https://many.example/") == "blocked_address"


def chain(length: int, end: str):
    def answer(name, kind, number):
        at = int(name.removeprefix("hop").partition(".")[0])
        if at < length:
            return [(CNAME, f"hop{at + 1}.example")]
        return [(A, end)] if kind == A else []

    return answer


@pytest.mark.parametrize(("end", "outcome"), [(GOOD, 204), (INSIDE, "blocked_address")])
def test_95_long_chain_of_aliases_is_judged_by_where_it_ends(receiver, end, outcome):
    with name_server(chain(14, end)) as names:
        url = receiver.url(host="hop0.example")
        if outcome == 204:
            assert guard(names).post(url, {}, b"x").status == 204
        else:
            assert blocked(guard(names), url) == outcome
    assert len(receiver.received) == (1 if outcome == 204 else 0)


def test_95_chain_without_an_end_is_a_failure_of_the_name(receiver):
    with name_server(lambda name, kind, number: [(CNAME, "loop.example")]) as names:
        assert blocked(guard(names), receiver.url(host="loop.example")) == "dns"


def test_95_server_that_is_silent_costs_no_more_than_the_time_of_the_request(receiver):
    with name_server(lambda name, kind, number: None) as names:
        names.patience_s = 2 * PATIENCE_S
        began = time.monotonic()
        assert blocked(guard(names, timeout_s=0.3), receiver.url(host="silent.example")) == "dns"
        assert time.monotonic() - began < PATIENCE_S


@pytest.mark.parametrize("garbage", [b"", b"\0", b"\xff" * 600])
def test_95_answer_that_is_no_dns_is_a_failure_of_the_name(receiver, garbage):
    with name_server(lambda name, kind, number: garbage) as names:
        assert blocked(guard(names), receiver.url(host="garbage.example")) == "dns"


def test_95_resolver_that_gives_no_addresses_is_a_failure_of_the_name(receiver):
    for answer in (["not-an-address"], ["127.0.0.1", ""], ["127.0.0.1.evil"]):
        policy = EgressPolicy(allow_networks=ALLOWED, resolver=lambda host, port, found=answer: found)
        assert blocked(policy, receiver.url(host="odd.example")) == "dns"


def test_95_look_ups_that_hang_are_bounded(monkeypatch):
    import threading

    from consentcore.egress import resolving

    monkeypatch.setattr(resolving, "_free", threading.BoundedSemaphore(2))
    release, hanging = threading.Event(), []

    def hang(host, port):
        hanging.append(host)
        release.wait(2 * PATIENCE_S)
        return [PUBLIC]

    policy = EgressPolicy(timeout_s=0.1, resolver=hang)
    assert [blocked(policy, f"https://n{number}.example/") for number in range(4)] == ["dns"] * 4
    eventually(lambda: len(hanging) == 2)  # threads that begin late do not count twice
    release.set()
    assert sorted(hanging) == ["n0.example", "n1.example"]


def test_95_name_that_many_want_at_once_is_looked_up_once(monkeypatch):
    import threading

    from consentcore.egress import resolving

    together, release, asked, given_back = threading.Barrier(8), threading.Event(), [], []

    class Places(threading.Semaphore):
        """Nobody gets one before everybody has seen that nobody looks it up yet."""

        def acquire(self, blocking=True, timeout=None):
            together.wait(PATIENCE_S)
            return super().acquire(blocking, timeout)

        def release(self, n=1):
            given_back.append(n)
            super().release(n)

    def hang(host, port):
        asked.append(host)
        release.wait(2 * PATIENCE_S)
        return []

    monkeypatch.setattr(resolving, "_free", Places(100))
    policy = EgressPolicy(timeout_s=2 * PATIENCE_S, resolver=hang)
    threads = [
        threading.Thread(target=blocked, args=(policy, "https://slow.example/"), daemon=True)
        for _ in range(together.parties)
    ]
    for thread in threads:
        thread.start()
    eventually(lambda: asked and len(asked) + len(given_back) == together.parties)
    release.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert asked == ["slow.example"]
