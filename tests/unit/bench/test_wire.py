"""HTTP/1.1 as far as the load generator needs it."""

from __future__ import annotations

import pytest

from bench.wire import Answer, BadAnswer, answer, get, post

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{"a"}'


def test_post_is_a_form_with_its_length():
    head, _, body = post("h:1", "/token", {"code": "a b", "uri": "https://x/?y=1"}).partition(b"\r\n\r\n")
    assert body == b"code=a+b&uri=https%3A%2F%2Fx%2F%3Fy%3D1"
    assert head.startswith(b"POST /token HTTP/1.1\r\nHost: h:1\r\n")
    assert b"Content-Length: %d" % len(body) in head


def test_post_carries_the_proof_of_possession():
    head = post("h:1", "/token", {"code": "a"}, "a.b.c").partition(b"\r\n\r\n")[0]
    assert b"\r\nDPoP: a.b.c\r\n" in head


def test_get_carries_the_cookie():
    assert get("h:1", "/a?b=c", "s=1") == b"GET /a?b=c HTTP/1.1\r\nHost: h:1\r\nCookie: s=1\r\n\r\n"


def test_answer_is_read_when_it_is_there_as_a_whole():
    for size in range(len(OK)):
        assert answer(OK[:size]) is None
    assert answer(OK) == Answer(200, "", b'{"a"}')


def test_redirect_has_its_location_and_the_end_of_the_connection_is_seen():
    raw = (
        b"HTTP/1.1 303 See Other\r\nlocation: https://app/cb?code=X&iss=Y\r\n"
        b"connection: Close\r\ncontent-length: 0\r\n\r\n"
    )
    assert answer(raw) == Answer(303, "https://app/cb?code=X&iss=Y", b"", close=True)


def test_answer_without_body_needs_no_length():
    assert answer(b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n") == Answer(204, "", b"")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", "no content-length"),
        (b"HTTP/1.1 200 OK\r\nX-Content-Length: 3\r\n\r\nabc", "no content-length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "no content-length"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "no status line"),
        (OK + OK, "more than one answer"),
    ],
)
def test_what_has_no_length_is_refused(raw, reason):
    with pytest.raises(BadAnswer, match=reason):
        answer(raw)
