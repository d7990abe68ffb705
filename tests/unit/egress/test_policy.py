"""Requests over real sockets: pinning, deadlines, caps."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

import pytest

from consentcore.egress import EgressError, EgressPolicy
from tests.support.certificates import make_certificate
from tests.support.patience import PATIENCE_S
from tests.support.ports import reserved_port
from tests.support.sinks import Answer, http_sink

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def sink():
    with http_sink() as made:
        yield made


def policy(**options) -> EgressPolicy:
    return EgressPolicy(**{"allow_networks": LOOPBACK, "timeout_s": 5.0, **options})


def failure(guard: EgressPolicy, url: str) -> EgressError:
    with pytest.raises(EgressError) as caught:
        guard.post(url, {}, b"x")
    return caught.value


def test_bytes_and_headers_arrive_unchanged(sink):
    sink.answer = Answer(201, {"Retry-After": "7"}, b"thanks")
    answer = policy().post(
        sink.url("/a?b=c"), {"content-type": "application/json", "x-a": "1"}, b'{"\xc3\xa4":1}'
    )
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (201, b"thanks", "7")
    assert answer.latency_ms >= 0
    (got,) = sink.received
    assert (got.path, got.body) == ("/a?b=c", b'{"\xc3\xa4":1}')
    assert got.headers["host"] == f"127.0.0.1:{sink.port}"
    assert (got.headers["x-a"], got.headers["content-length"]) == ("1", "8")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_95_redirect_is_an_answer_and_not_followed(sink, status):
    sink.answers["/start"] = Answer(status, {"Location": sink.url("/other")})
    assert policy().post(sink.url("/start"), {}, b"").status == status
    assert [got.path for got in sink.received] == ["/start"]


def test_95_proxy_of_the_environment_is_not_used(sink, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert policy().post(sink.url(), {}, b"").status == 204


def test_95_name_is_resolved_once_and_the_checked_address_is_used(sink):
    """DNS rebinding: a second look-up would give another address; there must be none."""
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.99"]

    url = sink.url(host="rebind.example")
    assert policy(resolver=rebinding).post(url, {}, b"").status == 204
    assert asked == [("rebind.example", sink.port)]
    assert sink.received[0].headers["host"] == f"rebind.example:{sink.port}"


def test_95_incident_webhook_ssrf_name_that_turns_inside_after_registration_is_blocked(sink):
    answers = [["93.184.216.34"], ["127.0.0.1"]]
    guard = EgressPolicy(resolver=lambda host, port: answers.pop(0))
    guard.check_url("https://rebind.example/")
    assert failure(guard, "https://rebind.example/").error_class == "blocked_address"
    assert sink.received == []


def test_next_address_is_tried_when_one_does_not_answer(sink):
    guard = policy(resolver=lambda host, port: ["127.0.0.2", "127.0.0.1"])
    assert guard.post(sink.url(host="two.example"), {}, b"").status == 204


class TestTls:
    @pytest.fixture
    def certificate(self, tmp_path):
        return make_certificate(tmp_path, "hooks.example")

    @pytest.fixture
    def secure(self, certificate):
        with http_sink(certificate.server) as made:
            yield made

    def test_name_and_not_address_is_checked(self, secure, certificate):
        guard = policy(resolver=lambda host, port: ["127.0.0.1"], tls=certificate.client)
        answer = guard.post(secure.url(scheme="https", host="hooks.example"), {}, b"x")
        assert answer.status == 204
        error = failure(guard, secure.url(scheme="https", host="other.example"))
        assert error.error_class == "tls"
        assert "other.example" in str(error)

    def test_unknown_authority_is_refused(self, secure):
        guard = policy(resolver=lambda host, port: ["127.0.0.1"])
        assert failure(guard, secure.url(scheme="https", host="hooks.example")).error_class == "tls"

    def test_plain_server_is_a_tls_failure(self, sink):
        assert failure(policy(), sink.url(scheme="https")).error_class == "tls"


def test_nobody_listens():
    with reserved_port() as port:
        assert failure(policy(), f"http://127.0.0.1:{port}/").error_class == "connect"


def test_connecting_takes_no_longer_than_the_whole_exchange(monkeypatch):
    waits = []

    def connect(address, wait):
        waits.append(wait)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", connect)
    guard = policy(timeout_s=2.0, connect_timeout_s=30.0)
    assert failure(guard, "http://127.0.0.1:9/").error_class == "timeout"
    assert [0 < wait <= 2.0 for wait in waits] == [True]


def test_unknown_name():
    def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    assert failure(policy(resolver=nowhere), "https://nowhere.example/").error_class == "dns"
    assert failure(policy(resolver=lambda host, port: []), "https://nowhere.example/").error_class == "dns"


def test_resolver_that_hangs_is_given_up():
    release = threading.Event()

    def hanging(host: str, port: int) -> list[str]:
        release.wait(2 * PATIENCE_S)
        return ["127.0.0.1"]

    began = time.monotonic()
    error = failure(policy(resolver=hanging, timeout_s=0.2), "https://slow.example/")
    release.set()
    assert error.error_class == "dns"
    assert time.monotonic() - began < PATIENCE_S


def test_silent_server_is_given_up_in_time(sink):
    sink.answer = Answer(delay_s=2 * PATIENCE_S)
    error = failure(policy(timeout_s=0.3), sink.url())
    assert error.error_class == "timeout"
    assert 250 <= error.latency_ms < PATIENCE_S * 1000


def dripping(beginning: bytes):
    def drip(handler) -> None:
        handler.wfile.write(beginning)
        ending = time.monotonic() + 2 * PATIENCE_S
        while time.monotonic() < ending:
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)

    return Answer(raw=drip)


def with_more_time(act):
    """Again with more time, where the machine was too busy for an answer that comes at once."""
    for timeout_s in (0.4, 4.0):
        with suppress(EgressError):
            return act(policy(timeout_s=timeout_s))
    return act(policy(timeout_s=PATIENCE_S / 2))


def test_dripping_server_is_given_up_in_time(sink):
    """Every byte comes within any socket timeout; only a deadline for the whole exchange ends it."""
    sink.answer = dripping(b"")
    began = time.monotonic()
    assert failure(policy(timeout_s=0.4), sink.url()).error_class == "timeout"
    assert time.monotonic() - began < PATIENCE_S


@pytest.mark.parametrize(
    "beginning", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"]
)
def test_dripping_server_that_has_said_its_status_is_given_up_in_time_and_counts(sink, beginning):
    sink.answer = dripping(beginning)
    began = time.monotonic()
    assert with_more_time(lambda guard: guard.post(sink.url(), {}, b"")).status == 200
    with pytest.raises(EgressError) as caught:  # what a GET is about has not come
        policy(timeout_s=0.4).get(sink.url(), {})
    assert caught.value.error_class == "timeout"
    assert time.monotonic() - began < PATIENCE_S


def test_endless_continue_answers_are_given_up_in_time(sink):
    def go_on(handler) -> None:
        for _ in range(200):
            handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.02)

    sink.answer = Answer(raw=go_on)
    assert failure(policy(timeout_s=0.4), sink.url()).error_class == "timeout"


@pytest.mark.parametrize("chunked", [False, True])
def test_answer_is_read_up_to_64_kilobytes(sink, chunked):
    def flood(handler) -> None:
        framing = b"Transfer-Encoding: chunked" if chunked else b"Connection: close"
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b"8000\r\n" + b"a" * 32768 + b"\r\n" if chunked else b"a" * 32768)

    sink.answer = Answer(raw=flood)
    answer = policy().post(sink.url(), {}, b"")
    assert (answer.status, len(answer.body)) == (200, 65536)


def test_answer_that_breaks_off_counts_by_its_status(sink):
    sink.answer = Answer(
        raw=lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf")
    )
    answer = policy().post(sink.url(), {}, b"")
    assert (answer.status, answer.body) == (200, b"half")


@pytest.mark.parametrize("garbage", [b"", b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 70000])
def test_what_is_not_http_is_an_http_failure(sink, garbage):
    sink.answer = Answer(raw=lambda handler: handler.wfile.write(garbage))
    assert failure(policy(), sink.url()).error_class == "http"


def test_headers_cannot_be_split(sink):
    with pytest.raises(EgressError) as caught:
        policy().post(sink.url(), {"x-a": "1\r\nx-b: 2"}, b"")
    assert caught.value.error_class == "http"
    assert sink.received == []
