from __future__ import annotations

import io

import pytest

from consentcore.server.forwarded import Forwarded, Noting
from consentcore.server.proxied import BodyGuard


def ask(body=b"", **environ):
    seen = []

    def app(environ, start_response):
        start_response("200 OK", [])
        seen.append((environ["wsgi.input"].read(), environ.get("CONTENT_LENGTH")))
        return [b""]

    statuses = []
    list(
        BodyGuard(app, 1024)(
            {"wsgi.input": io.BytesIO(body), **environ}, lambda line, _: statuses.append(line)
        )
    )
    return statuses[0][:3], seen[0] if seen else None


def test_whole_body_passes():
    assert ask(b"abc", CONTENT_LENGTH="3") == ("200", (b"abc", "3"))
    assert ask(b"abcdef", CONTENT_LENGTH="3") == ("200", (b"abc", "3"))
    assert ask() == ("200", (b"", None))
    assert ask(b"x" * 1024, CONTENT_LENGTH="1024")[0] == "200"


def test_chunked_body_passes_where_the_server_ends_it():
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked"}
    assert ask(b"abc", **chunked, **{"wsgi.input_terminated": True}) == ("200", (b"abc", "3"))
    assert ask(b"x" * 1025, **chunked, **{"wsgi.input_terminated": True}) == ("413", None)
    assert ask(b"abc", **chunked) == ("411", None)
    assert ask(b"abc", CONTENT_LENGTH="3", **chunked) == ("400", None)


@pytest.mark.parametrize(
    ("length", "status"),
    [
        ("4", "400"),
        ("-1", "400"),
        ("x", "400"),
        ("+3", "400"),
        ("³", "400"),
        ("1025", "413"),
        ("9" * 30, "413"),
    ],
)
def test_body_that_is_short_unmeasured_or_too_large_is_refused(length, status):
    assert ask(b"abc", CONTENT_LENGTH=length) == (status, None)


def test_every_answer_under_another_server_has_an_id_refusals_of_the_body_too():
    def app(environ, start_response):
        assert environ["HTTP_X_REQUEST_ID"] == environ["consentcore.request_id"]
        start_response("200 OK", [])
        return [environ["HTTP_X_REQUEST_ID"].encode()]

    def ask(given, length="0"):
        answered = {}

        def start_response(status, headers):
            answered.update(headers)

        environ = {"HTTP_X_REQUEST_ID": given, "CONTENT_LENGTH": length, "wsgi.input": io.BytesIO()}
        Noting(Forwarded(BodyGuard(app, 10), ["127.0.0.1"]))(environ, start_response)
        return answered["X-Request-ID"]

    assert ask("mine") == ask("mine", length="11") == "mine"
    assert len(ask("not mine")) == 32
