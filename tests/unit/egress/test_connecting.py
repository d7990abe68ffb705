"""Several addresses of one name: dead ones do not hide the living (RFC 8305), and each passes the guard."""

from __future__ import annotations

import contextlib
import socket
import time
from ipaddress import ip_address

import pytest

from consentcore.egress import EgressError, EgressPolicy
from consentcore.egress.connecting import connections
from consentcore.egress.transport import Deadline
from tests.support.certificates import make_certificate
from tests.support.patience import PATIENCE_S
from tests.support.ports import reserved_port
from tests.support.sinks import http_sink

LOOPBACK = ("127.0.0.0/8", "::1/128")


@contextlib.contextmanager
def silent(port: int, *hosts: str):
    """Addresses where a connection is neither made nor refused: their queues are full."""
    with contextlib.ExitStack() as stack:
        for host in hosts:
            listening = stack.enter_context(socket.socket())
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
            listening.listen(0)
            for _ in range(3):
                knock = stack.enter_context(socket.socket())
                knock.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    knock.connect((host, port))
        yield


def policy(*addresses: str, **options) -> EgressPolicy:
    given = {"allow_networks": LOOPBACK, "timeout_s": 15.0, "resolver": lambda host, port: list(addresses)}
    return EgressPolicy(**{**given, **options})


@pytest.fixture
def sink():
    with http_sink(contract=False) as made:
        yield made


DEAD = tuple(f"127.0.0.{n}" for n in range(2, 9))


@pytest.mark.parametrize("dead", [3, 7])
def test_dead_addresses_do_not_hide_the_living_one(sink, dead):
    with silent(sink.port, *DEAD[:dead]):
        guard = policy(*DEAD[:dead], "127.0.0.1", connect_timeout_s=2 * PATIENCE_S, timeout_s=2 * PATIENCE_S)
        assert guard.post(sink.url(host="many.example"), {}, b"x").status == 204
    assert len(sink.received) == 1


def test_addresses_that_refuse_cost_no_time(sink):
    began = time.monotonic()
    guard = policy(*DEAD, "127.0.0.1")
    assert guard.post(sink.url(host="many.example"), {}, b"x").status == 204
    assert time.monotonic() - began < PATIENCE_S


def test_only_one_request_is_sent_when_several_answer(sink):
    guard = policy("127.0.0.1", "127.0.0.1", "127.0.0.1")
    for _ in range(5):
        guard.post(sink.url(host="many.example"), {}, b"x")
    assert len(sink.received) == 5


def test_one_address_that_is_not_allowed_condemns_all(sink):
    guard = policy("127.0.0.1", "10.0.0.1", "127.0.0.2")
    with pytest.raises(EgressError) as caught:
        guard.post(sink.url(host="mixed.example"), {}, b"x")
    assert caught.value.error_class == "blocked_address"
    assert sink.received == []


def test_all_dead_is_a_timeout_within_the_whole_time():
    with reserved_port() as port:
        pass
    with silent(port, *DEAD[:3]):
        guard = policy(*DEAD[:3], timeout_s=0.8, connect_timeout_s=2 * PATIENCE_S)
        with pytest.raises(EgressError) as caught:
            guard.post(f"http://many.example:{port}/", {}, b"x")
    assert caught.value.error_class == "timeout"
    assert 700 <= caught.value.latency_ms < PATIENCE_S * 1000


def test_each_address_has_its_own_time():
    with reserved_port() as port:
        pass
    with silent(port, *DEAD[:2]):
        guard = policy(*DEAD[:2], timeout_s=2 * PATIENCE_S, connect_timeout_s=0.3)
        with pytest.raises(EgressError) as caught:
            guard.post(f"http://many.example:{port}/", {}, b"x")
    assert caught.value.error_class == "timeout"
    assert caught.value.latency_ms < PATIENCE_S * 1000


def test_all_refusing_is_a_failure_to_connect():
    with reserved_port() as port, pytest.raises(EgressError) as caught:
        policy(*DEAD).post(f"http://many.example:{port}/", {}, b"x")
    assert caught.value.error_class == "connect"


def test_families_take_turns_beginning_with_the_first(monkeypatch):
    tried = []

    def connect(_sock, address):
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    names = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1", "192.0.2.2"]
    with pytest.raises(ConnectionRefusedError):
        next(connections([ip_address(one) for one in names], 443, Deadline(5), 5.0))
    assert tried == ["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "2001:db8::3"]


def test_a_name_with_hundreds_of_addresses_does_not_make_us_knock_at_all(monkeypatch):
    tried = []

    def connect(_sock, address):
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    many = [ip_address(f"192.0.2.{n}") for n in range(200)]
    with pytest.raises(ConnectionRefusedError):
        next(connections(many, 443, Deadline(5), 5.0))
    assert len(tried) == 10


class TestTls:
    @pytest.fixture
    def certificate(self, tmp_path):
        return make_certificate(tmp_path, "hooks.example")

    @pytest.fixture
    def secure(self, certificate):
        with http_sink(certificate.server, contract=False) as made:
            yield made

    @pytest.mark.parametrize("says", [b"", b"HTTP/1.1 400 This is no TLS\r\n\r\n"])
    def test_an_address_that_accepts_and_speaks_no_tls_does_not_hide_the_living_one(
        self, secure, certificate, says
    ):
        import threading

        taken = []

        def take() -> None:
            with contextlib.suppress(OSError):  # until it is shut
                while True:
                    taken.append(listening.accept()[0])
                    taken[-1].sendall(says)

        def post(connect_timeout_s: float):
            options = {"connect_timeout_s": connect_timeout_s, "timeout_s": 2 * PATIENCE_S}
            guard = policy("127.0.0.2", "127.0.0.1", tls=certificate.client, **options)
            return guard.post(secure.url(scheme="https", host="hooks.example"), {}, b"x")

        with socket.create_server(("127.0.0.2", secure.port)) as listening:
            thread = threading.Thread(target=take)
            thread.start()
            try:
                answer = post(1.0)
            except EgressError:  # too short for the living one as well, on a busy machine
                answer = post(PATIENCE_S / 2)
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
        assert answer.status == 204
        assert taken
        for connection in taken:
            connection.close()

    def test_a_certificate_that_is_not_trusted_is_said(self, secure):
        guard = policy("127.0.0.2", "127.0.0.1")
        with pytest.raises(EgressError) as caught:
            guard.post(secure.url(scheme="https", host="hooks.example"), {}, b"x")
        assert caught.value.error_class == "tls"
