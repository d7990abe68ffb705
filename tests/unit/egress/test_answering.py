"""What counts as the answer to a POST: the final status line, whatever comes before and after it."""

from __future__ import annotations

import socket
import struct
from ipaddress import ip_address

import pytest

from consentcore.egress import EgressError, EgressPolicy
from consentcore.egress import answering as answering_module
from consentcore.egress.transport import Connection, Deadline
from tests.support.sinks import Answer, http_sink

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def sink():
    with http_sink(contract=False) as made:
        yield made


def policy(**options) -> EgressPolicy:
    return EgressPolicy(**{"allow_networks": LOOPBACK, "timeout_s": 5.0, **options})


def answering(*pieces: bytes, reset: bool = False) -> Answer:
    def write(handler) -> None:
        for piece in pieces:
            handler.wfile.write(piece)
            handler.wfile.flush()
        if reset:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()

    return Answer(raw=write)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nRetry-After: 9\r\n\r\n",
        b"HTTP/1.1 199\r\nX-A: 1\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n" * 500,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 102 P\r\n\r\n",
    ],
)
def test_interim_answers_are_passed_over(sink, interim):
    """RFC 9110 section 15.2: a client must be able to parse any number of 1xx before the final answer."""
    sink.answer = answering(interim, OK)
    for answer in (policy().post(sink.url(), {}, b"x"), policy().get(sink.url(), {})):
        assert (answer.status, answer.body) == (200, b"ok")
        assert "link" not in answer.headers
        assert "retry-after" not in answer.headers


def test_interim_answers_leave_the_connection_usable(sink):
    sink.answer = Answer(
        raw=lambda handler: (
            handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK),
            handler.rfile.peek(1),
        )
    )
    guard = policy(keep_alive_s=5.0)
    assert [guard.post(sink.url(), {}, b"x").status for _ in range(3)] == [200, 200, 200]


def test_interim_answers_and_nothing_else_are_no_answer(sink):
    sink.answer = answering(b"HTTP/1.1 102 Processing\r\n\r\n" * 3)
    with pytest.raises(EgressError) as caught:
        policy().post(sink.url(), {}, b"x")
    assert caught.value.error_class == "http"


def test_interim_answers_without_end_are_given_up(sink):
    sink.answer = answering(b"HTTP/1.1 102 Processing\r\n\r\n" * 40_000)
    with pytest.raises(EgressError) as caught:
        policy().post(sink.url(), {}, b"x")
    assert caught.value.error_class == "http"


def test_switching_protocols_is_a_final_answer(sink):
    """RFC 9110 section 15.2.2: only after an Upgrade, which we never ask for."""
    sink.answer = answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", OK)
    assert policy().post(sink.url(), {}, b"x").status == 101


@pytest.mark.parametrize("status", [b"200", b"202", b"204", b"299"])
@pytest.mark.parametrize(
    "rest",
    [
        b"",
        b"Content-Le",
        b"Content-Length: 40\r\n\r\n",
        b"Content-Length: 40\r\n\r\nhalf",
        b"Content-Length: -5\r\n\r\nx",
        b"Content-Length: 99999999999999999999999999\r\n\r\nx",
        b"Content-Length: \xb2\r\n\r\nx",
        b"Content-Length: " + b"9" * 6000 + b"\r\n\r\nx",
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 70_000,
        b"no colon here\r\n\r\n",
        b"X: " + b"a" * 70_000 + b"\r\n\r\n",
        b"X: a\r\n" * 300 + b"\r\n",
        b"Content-Length: 300000\r\n\r\n" + b"a" * 300_000,
    ],
)
@pytest.mark.parametrize("reset", [False, True])
def test_delivery_has_happened_once_the_status_is_in(sink, status, rest, reset):
    sink.answer = answering(b"HTTP/1.1 " + status + b" Fine\r\n", rest, reset=reset)
    for guard in (policy(), policy(keep_alive_s=5.0)):
        assert guard.post(sink.url(), {}, b"x").status == int(status)


def test_connection_with_a_broken_answer_is_not_used_again(sink):
    sink.answer = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nhalf")
    guard = policy(keep_alive_s=5.0)
    for _ in range(2):
        assert guard.post(sink.url(), {}, b"x").status == 200
    assert len(sink.received) == 2


def test_a_refusal_counts_by_its_status_too(sink):
    sink.answer = answering(b"HTTP/1.1 410 Gone\r\nContent-Le", reset=True)
    assert policy().post(sink.url(), {}, b"x").status == 410


def test_answer_of_a_server_that_did_not_read_the_body_counts():
    """It answers and hangs up while the body is still on its way."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        import threading

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(10)
                connection.sendall(b"HTTP/1.1 202 Accepted\r\n\r\n")
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        assert policy().post(url, {}, b"x" * 5_000_000).status == 202
        thread.join()


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1 2_00 OK\r\n\r\n",
        b"HTTP/1.1 +200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 020 OK\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 \xb2\xb9\xb9 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1 20",
    ],
)
def test_what_is_no_status_line_is_no_delivery(sink, line):
    sink.answer = answering(line)
    with pytest.raises(EgressError) as caught:
        policy().post(sink.url(), {}, b"x")
    assert caught.value.error_class == "http"


def test_what_a_get_is_about_has_to_come(sink):
    sink.answer = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nhalf", reset=True)
    with pytest.raises(EgressError):
        policy().get(sink.url(), {})


ENDS = [
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nServer: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200\r\nCONTENT-LENGTH:2\r\nX:  a b \r\n\r\nok",
    b"HTTP/1.1 429 Slow down\r\nRetry-After: 7\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: a\r\n\tb\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 12\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 40\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokk",
    b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + b"a" * 20000,
    b"HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 2\r\n\r\nok",
]


@pytest.mark.parametrize("whole", ENDS, ids=range(len(ENDS)))
def test_answer_that_comes_at_once_is_read_like_one_that_comes_in_pieces(whole, monkeypatch):
    """The reader of plain answers sees what ``http.client`` sees, and leaves to it what it does not know."""
    found = [_exchanged(whole)]
    monkeypatch.setattr(answering_module, "_plain", lambda data: None)
    found.append(_exchanged(whole))
    quick, slow = found
    assert quick == slow


@pytest.mark.parametrize("whole", ENDS[:5], ids=range(5))
def test_plain_answer_is_read_without_the_parser_of_mails(whole, monkeypatch):
    monkeypatch.setattr(answering_module, "_Answer", None)
    assert _exchanged(whole)[0] == int(whole[9:12])


@pytest.mark.parametrize(
    "value", ["a\r\nx-b: c", "a\nb", "a\0", "a\r"], ids=["field", "line", "nul", "return"]
)
def test_field_that_would_be_two_is_not_sent(sink, value):
    with pytest.raises(EgressError) as caught:
        policy().post(sink.url(), {"x-a": value}, b"x")
    assert caught.value.error_class == "http"
    assert sink.received == []


def _exchanged(whole: bytes) -> tuple[int, str | None, bytes, bool]:
    """Status, Retry-After, body, and whether the connection may be used again."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(whole)
        theirs.shutdown(socket.SHUT_WR)
        connection = Connection(ours, ip_address("127.0.0.1"))
        found = connection.exchange(Deadline(5.0), path="/", headers={}, body=b"x", keep=True)
    return found.status, found.headers.get("retry-after"), found.body, found.reusable
