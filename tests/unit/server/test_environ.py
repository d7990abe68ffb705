from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from consentcore.server.environ import BadRequest, Environs, attach_body, call


@dataclass
class Scope:
    fields: list = field(default_factory=lambda: [("host", "a")])
    method: str = "GET"
    path: str = "/"
    query_string: str = ""
    http_version: str = "1.1"
    client: str = "192.0.2.1:5"
    authority: str | None = None

    @property
    def headers(self):
        return self

    def items(self):
        return self.fields


def build(scope, **options):
    return Environs(("127.0.0.1", 80), **options).build(scope)


def test_ipv6_client_loses_its_brackets():
    assert build(Scope(client="[2001:db8::1]:5"))["REMOTE_ADDR"] == "2001:db8::1"


def test_absolute_target_counts_more_than_the_host_header():
    assert build(Scope(authority="b:1"))["HTTP_HOST"] == "b:1"


def test_host_is_demanded_from_http_1_1_only():
    assert "HTTP_HOST" not in build(Scope(fields=[], http_version="1"))
    with pytest.raises(BadRequest, match="Host: expected in every"):
        build(Scope(fields=[]))


@pytest.mark.parametrize("host", ["a/b", "a b", "a@b", "[::1", "a:x", 'a"', "<script>"])
def test_host_that_is_none_is_refused(host):
    for scope in (Scope(fields=[("host", host)]), Scope(authority=host)):
        with pytest.raises(BadRequest, match="Host: expected a host name"):
            build(scope)


@pytest.mark.parametrize(
    "host", ["", "a", "consent.example.com:8443", "[2001:db8::1]:443", "127.0.0.1:6543", "a_b"]
)
def test_host_that_is_one_is_kept(host):
    assert build(Scope(fields=[("host", host)]))["HTTP_HOST"] == host


def test_method_of_endless_length_is_refused():
    with pytest.raises(BadRequest, match="method"):
        build(Scope(method="A" * 33))


@pytest.mark.parametrize("path", ["", "*", "http"])
def test_target_that_is_no_path_is_refused(path):
    with pytest.raises(BadRequest, match="request target"):
        build(Scope(path=path))


def test_forwarding_headers_stay_for_the_middleware_but_underscores_never_do():
    fields = [("host", "a"), ("x-forwarded-for", "1"), ("x_forwarded_for", "2"), ("proxy", "3")]
    environ = build(Scope(fields=fields), forwarding=True)
    assert environ["HTTP_X_FORWARDED_FOR"] == "1"
    assert "HTTP_PROXY" not in environ


def test_many_header_names_are_not_remembered_for_ever():
    environs = Environs(("127.0.0.1", 80))
    for number in range(1000):
        assert environs.build(Scope(fields=[("host", "a"), (f"x-{number}", "v")]))[f"HTTP_X_{number}"] == "v"
    assert len(environs._keys) <= 256


def test_requests_do_not_share_an_environ():
    environs = Environs(("127.0.0.1", 80))
    environs.build(Scope(fields=[("host", "a"), ("cookie", "secret")]))["extra"] = "1"
    assert not {"extra", "HTTP_COOKIE"} & set(environs.build(Scope()))


def test_body_gets_its_true_length():
    environ = {"HTTP_TRANSFER_ENCODING": "chunked"}
    attach_body(environ, b"abc")
    assert environ["CONTENT_LENGTH"] == "3"
    assert environ["wsgi.input"].read() == b"abc"
    assert "HTTP_TRANSFER_ENCODING" not in environ


class Closing(list):
    closed = False

    def close(self):
        self.closed = True


def test_call_collects_written_and_returned_parts_and_closes():
    result = Closing([b"b", b"c"])

    def app(environ, start_response):
        start_response("201 Created", [("A", "b")])(b"a")
        return result

    assert call(app, {}) == (201, [("A", "b")], b"abc")
    assert result.closed


def test_call_closes_when_the_body_fails():
    class Failing(Closing):
        def __iter__(self):
            raise OSError("gone")

    result = Failing()

    def app(environ, start_response):
        start_response("200 OK", [])
        return result

    with pytest.raises(OSError, match="gone"):
        call(app, {})
    assert result.closed


def test_later_start_response_wins_and_a_late_one_is_enough():
    def app(environ, start_response):
        start_response("200 OK", [("A", "b")])
        start_response("500 Oops", [], (None, None, None))
        yield b"x"

    assert call(app, {}) == (500, [], b"x")


@pytest.mark.parametrize("line", [None, "100 Continue", "999 Never"])
def test_answer_without_a_usable_status_is_an_error(line):
    def app(environ, start_response):
        if line:
            start_response(line, [])
        return [b""]

    with pytest.raises(RuntimeError, match="status"):
        call(app, {})
