"""Kept connections: used again, pinned to their address, and never trusted further than that."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address

import pytest

from consentcore.egress import EgressError, EgressPolicy
from consentcore.egress.transport import Connection, Deadline
from consentcore.settings import WorkerSettings
from tests.support.certificates import make_certificate
from tests.support.patience import PATIENCE_S, eventually

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Reply = Callable[[int, int], bytes | None]
"""From the number of the connection and of the request on it to what is sent; None closes without a word."""


@dataclass
class Host:
    """:ivar requests: raw requests by connection.

    :ivar open: the server's ends.
    """

    port: int
    reply: Reply
    requests: list[list[bytes]] = field(default_factory=list)
    open: list[socket.socket] = field(default_factory=list)

    def url(self, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}/hook"


@contextmanager
def serving(reply: Reply = lambda connection, request: OK, tls=None) -> Iterator[Host]:
    """A server that says exactly what the test wants."""
    listening = socket.create_server(("127.0.0.1", 0))
    host = Host(listening.getsockname()[1], reply)

    def talk(connection: socket.socket, number: int) -> None:
        try:
            if tls is not None:
                connection = tls.wrap_socket(connection, server_side=True)
            with connection:
                host.open.append(connection)
                _converse(host, connection, number)
        except OSError:
            return

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            host.requests.append([])
            number = len(host.requests) - 1
            threading.Thread(target=talk, args=(connection, number), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield host
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for connection in host.open:
            connection.close()


def _converse(host: Host, connection: socket.socket, number: int) -> None:
    stream = connection.makefile("rb")
    while line := stream.readline():
        head = [line, *iter(stream.readline, b"\r\n")]
        length = next(int(one.split(b":")[1]) for one in head if one.lower().startswith(b"content-length"))
        host.requests[number].append(b"".join(head) + stream.read(length))
        said = host.reply(number, len(host.requests[number]) - 1)
        if said is None:
            return
        connection.sendall(said)
        if b"close-now" in said:
            return


class Names:
    """A resolver whose answer can be changed."""

    def __init__(self, answer: str = "127.0.0.1") -> None:
        self.answer = answer
        self.asked = 0

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return [self.answer]


def policy(names: Names | None = None, **options) -> EgressPolicy:
    given = {"allow_networks": ("127.0.0.1/32",), "timeout_s": PATIENCE_S, "keep_alive_s": 30.0}
    return EgressPolicy(**{**given, "resolver": names or Names(), **options})


def post(
    guard: EgressPolicy, host: Host, name: str = "hooks.example", body: bytes = b"x", scheme: str = "http"
):
    return guard.post(host.url(name, scheme), {"x-a": "1"}, body)


def settle(host: Host, *lengths: int) -> None:
    """Wait until so many requests have come on each connection."""
    eventually(lambda: [len(one) for one in host.requests] == list(lengths), lambda: host.requests)


def idle(guard: EgressPolicy, host: Host) -> list[Connection]:
    """What is kept for the next request."""
    return guard._pool._idle.get(("http", "hooks.example", host.port), [])


def test_next_request_takes_the_same_connection_and_asks_for_no_name():
    names = Names()
    with serving() as host:
        guard = policy(names)
        for number in range(3):
            answer = post(guard, host, body=b"%d" % number)
            assert (answer.status, answer.body) == (200, b"ok")
        settle(host, 3)
    assert names.asked == 1
    assert [one[-1:] for one in host.requests[0]] == [b"0", b"1", b"2"]
    assert b"connection: close" not in host.requests[0][0].lower()


def test_without_the_option_every_request_has_its_own_connection():
    with serving() as host:
        guard = policy(keep_alive_s=0)
        post(guard, host)
        post(guard, host)
        settle(host, 1, 1)
    assert b"connection: close" in host.requests[0][0].lower()


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: close-now\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: close-now\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + b"a" * 70000,
        OK + OK,
        OK + b"HTTP/1.1 500 Not yours\r\nContent-Length: 0\r\n\r\n",
        OK + b"\0",
    ],
    ids=["close", "1.0", "closes", "no length", "too long", "twice", "another answer", "a byte"],
)
def test_connection_that_cannot_be_trusted_is_not_used_again(first):
    with serving(lambda connection, request: first if connection == 0 else OK) as host:
        guard = policy()
        assert post(guard, host).status == 200
        eventually(lambda: not any(one.silent() for one in idle(guard, host)))
        answer = post(guard, host)
        assert (answer.status, answer.body) == (200, b"ok")
        settle(host, 1, 1)


def test_answer_that_nobody_asked_for_is_noticed_before_the_next_request():
    """What a server pushes into an idle connection would be taken for the answer to the next request."""
    with serving() as host:
        guard = policy()
        post(guard, host)
        host.open[0].sendall(b"HTTP/1.1 418 Pushed\r\nContent-Length: 0\r\n\r\n")
        (kept,) = idle(guard, host)
        eventually(lambda: not kept.silent())
        assert post(guard, host).status == 200
        settle(host, 1, 1)


def test_connection_that_ends_at_the_same_moment_costs_nothing():
    """The server closes when the second request is on its way: it is sent again over a new connection."""
    with serving(lambda connection, request: None if (connection, request) == (0, 1) else OK) as host:
        guard = policy()
        assert post(guard, host).status == 200
        assert post(guard, host, body=b"second").status == 200
        settle(host, 2, 1)
    assert host.requests[1][0].endswith(b"second")


def test_new_connection_that_ends_without_an_answer_is_not_repeated():
    with serving(lambda connection, request: None) as host:
        with pytest.raises(EgressError) as caught:
            post(policy(), host)
        assert caught.value.error_class == "http"
        settle(host, 1)


def test_answer_that_has_begun_is_never_asked_for_again():
    with serving(lambda connection, request: b"HTTP/close-now" if request else OK) as host:
        guard = policy()
        post(guard, host)
        with pytest.raises(EgressError):
            post(guard, host)
        settle(host, 2)


def test_95_kept_connection_stays_at_its_address_when_the_name_moves_inside():
    names = Names()
    with serving() as host:
        guard = policy(names)
        post(guard, host)
        names.answer = "127.0.0.2"
        assert post(guard, host).status == 200
        settle(host, 2)
        # Another policy, or this one once the connection is gone, has to ask, and is told what must not be.
        with pytest.raises(EgressError) as caught:
            post(policy(names), host)
        assert caught.value.error_class == "blocked_address"
        settle(host, 2)


def test_95_connection_is_shared_by_no_other_host_or_port():
    with serving() as host, serving() as other:
        guard = policy()
        post(guard, host, "one.example")
        post(guard, host, "two.example")
        post(guard, other, "one.example")
        settle(host, 1, 1)
        settle(other, 1)
        assert {key[0] for key in guard._pool._idle} == {"http"}


def test_idle_connection_is_given_up_in_time():
    with serving() as host:
        guard = policy(keep_alive_s=0.05)
        post(guard, host)
        time.sleep(0.1)
        post(guard, host)
        settle(host, 1, 1)


def test_95_certificate_is_checked_once_for_its_name_only(tmp_path):
    certificate = make_certificate(tmp_path, "hooks.example")
    with serving(tls=certificate.server) as host:
        guard = policy(tls=certificate.client)
        for _ in range(3):
            assert post(guard, host, scheme="https").body == b"ok"
        settle(host, 3)
        with pytest.raises(EgressError) as caught:
            post(guard, host, "other.example", scheme="https")
        assert caught.value.error_class == "tls"


def test_number_of_idle_connections_is_bounded(monkeypatch):
    from consentcore.egress import pool

    monkeypatch.setattr(pool, "MOST_IDLE", 3)
    with serving() as host:
        guard = policy()
        for number in range(6):
            post(guard, host, f"n{number}.example")
        kept = guard._pool._idle
        assert sorted(key[1] for key in kept) == ["n3.example", "n4.example", "n5.example"]


def test_idle_connections_of_one_host_are_bounded_too(monkeypatch):
    from consentcore.egress import pool

    monkeypatch.setattr(pool, "PER_HOST", 2)
    together = threading.Barrier(4)  # the server answers when all four requests have come
    with serving(lambda connection, request: (together.wait(PATIENCE_S), OK)[1]) as host:
        guard = policy()
        threads = [threading.Thread(target=post, args=(guard, host)) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert len(idle(guard, host)) == 2


@pytest.mark.parametrize(("limit", "value"), [("LONGEST_LIFE_S", 0.0), ("MOST_EXCHANGES", 1)])
def test_connection_is_replaced_after_a_while_however_well_it_goes(monkeypatch, limit, value):
    from consentcore.egress import pool

    monkeypatch.setattr(pool, limit, value)
    with serving() as host:
        guard = policy()
        post(guard, host)
        post(guard, host)
        settle(host, 1, 1)


def test_many_threads_never_share_a_connection():
    with serving(lambda connection, request: (time.sleep(0.002), OK)[1]) as host:
        guard, outcomes = policy(), []

        def work() -> None:
            outcomes.extend(post(guard, host).body for _ in range(10))

        threads = [threading.Thread(target=work) for _ in range(6)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert outcomes == [b"ok"] * 60
        assert len(host.requests) <= 8


def test_request_is_sent_in_one_piece():
    """In two, the second would wait 40 ms for the acknowledgement of the first whenever a connection is kept."""

    class Counting(socket.socket):
        sent = 0

        def send(self, *data) -> int:
            Counting.sent += 1
            return super().send(*data)

    with serving() as host:
        ours = Counting()
        ours.connect(("127.0.0.1", host.port))
        connection = Connection(ours, ip_address("127.0.0.1"))
        for number in (1, 2):
            got = connection.exchange(
                Deadline(PATIENCE_S), path="/", headers={"Host": "h"}, body=b"x" * 10_000, keep=True
            )
            assert (got.status, Counting.sent) == (200, number)
        connection.close()


def test_connections_do_not_wait_for_acknowledgements():
    with serving() as host:
        guard = policy()
        post(guard, host)
        (kept,) = idle(guard, host)
        assert kept._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_one_host_keeps_as_many_connections_as_a_worker_sends_at_a_time():
    """All endpoints of a service are one host: with fewer, one that takes its time gets new ones all the time."""
    from consentcore.egress import pool

    kept = pool.Pool(idle_s=60)
    pairs = [socket.socketpair() for _ in range(WorkerSettings().threads)]
    try:
        for ours, _ in pairs:
            kept.give(("https", "a.example", 443), Connection(ours, ip_address("127.0.0.1")))
        assert all(kept.take(("https", "a.example", 443)) for _ in pairs)
    finally:
        for one in (each for pair in pairs for each in pair):
            one.close()
