from __future__ import annotations

import pytest

from consentcore.domain.forwarding import FORWARDED
from consentcore.server.environ import BadRequest, Environs, attach_body, call


def scope(
    fields=((b"host", b"a"),), *, method="GET", path=b"/", query=b"", http_version="1.1", client="192.0.2.1"
):
    return {
        "headers": list(fields),
        "method": method,
        "raw_path": path,
        "query_string": query,
        "http_version": http_version,
        "client": (client, "5"),
    }


def build(scope, **options):
    return Environs(("127.0.0.1", 80), **options).build(scope)


def test_ipv6_client_has_no_brackets():
    assert build(scope(client="2001:db8::1"))["REMOTE_ADDR"] == "2001:db8::1"


@pytest.mark.parametrize("header", ["cookie", "authorization", "user-agent", "x-anything", "content-type"])
def test_header_bytes_arrive_as_latin_1(header):
    """PEP 3333, Unicode issues: native strings hold bytes as ISO-8859-1, and none of them is left out."""
    value = bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
    environ = build(scope([(b"host", b"a"), (header.encode(), value)]))
    (key,) = [key for key in environ if key.endswith(header.upper().replace("-", "_"))]
    assert environ[key].encode("latin-1") == value


def test_path_and_query_bytes_arrive_as_latin_1():
    environ = build(scope(path=b"/caf%C3%A9/%ff\xc3\xa9", query=b"a=\xc3\xa9%C3%A9"))
    assert environ["PATH_INFO"].encode("latin-1") == b"/caf\xc3\xa9/\xff\xc3\xa9"
    assert environ["QUERY_STRING"].encode("latin-1") == b"a=\xc3\xa9%C3%A9"


def test_host_is_demanded_from_http_1_1_only():
    """An empty one is what granian makes where there is none, and no http URI has (RFC 9110 section 4.2.1)."""
    for fields in ([], [(b"host", b"")]):
        assert "HTTP_HOST" not in build(scope(fields, http_version="1"))
        with pytest.raises(BadRequest, match="Host: expected in every"):
            build(scope(fields))


@pytest.mark.parametrize("host", ["a/b", "a b", "a@b", "[::1", "a:x", 'a"', "<script>", "\xe9"])
def test_host_that_is_none_is_refused(host):
    with pytest.raises(BadRequest, match="Host: expected a host name"):
        build(scope([(b"host", host.encode("latin-1"))]))


@pytest.mark.parametrize(
    "host", ["a", "consent.example.com:8443", "[2001:db8::1]:443", "127.0.0.1:6543", "a_b"]
)
def test_host_that_is_one_is_kept(host):
    assert build(scope([(b"host", host.encode())]))["HTTP_HOST"] == host


def test_method_of_endless_length_is_refused():
    with pytest.raises(BadRequest, match="method"):
        build(scope(method="A" * 33))


@pytest.mark.parametrize("path", [b"", b"*", b"http"])
def test_target_that_is_no_path_is_refused(path):
    with pytest.raises(BadRequest, match="request target"):
        build(scope(path=path))


def test_forwarding_headers_stay_for_the_middleware_but_underscores_never_do():
    fields = [(b"host", b"a"), (b"x-forwarded-for", b"1"), (b"x_forwarded_for", b"2"), (b"proxy", b"3")]
    environ = build(scope(fields), forwarding=True)
    assert environ["HTTP_X_FORWARDED_FOR"] == "1"
    assert "HTTP_PROXY" not in environ


@pytest.mark.parametrize("forwarding", [True, False])
@pytest.mark.parametrize(
    "header",
    ["x-forwarded-for", "X_Forwarded_For", "forwarded", "via", "x-real-ip", "true-client-ip", "x-forwarded"],
)
def test_request_that_was_passed_on_is_marked_whatever_the_header_says(header, forwarding):
    fields = [(b"host", b"a"), (header.lower().encode(), b"\xff\xfe")]
    assert build(scope(fields), forwarding=forwarding)[FORWARDED]
    assert FORWARDED not in build(scope([(b"host", b"a"), (b"user-agent", b"\xff")]), forwarding=forwarding)


@pytest.mark.parametrize(
    "header", ["client-cert", "client-cert-chain", "x-ssl-client-cert", "x_ssl_client_cert"]
)
def test_99_certificate_that_a_client_tells_of_itself_is_dropped(header):
    """Facing the network nobody else can tell of one."""
    fields = [(b"host", b"a"), (header.encode(), b":AAAA:")]
    assert not [key for key in build(scope(fields)) if "CERT" in key.upper()]
    kept = [key for key in build(scope(fields), forwarding=True) if "CERT" in key]
    assert kept == ([] if "_" in header else ["HTTP_" + header.upper().replace("-", "_")])


def test_many_header_names_are_not_remembered_for_ever():
    environs = Environs(("127.0.0.1", 80))
    for number in range(1000):
        fields = [(b"host", b"a"), (b"x-%d" % number, b"v")]
        assert environs.build(scope(fields))[f"HTTP_X_{number}"] == "v"
    assert len(environs._keys) <= 256


def test_requests_do_not_share_an_environ():
    environs = Environs(("127.0.0.1", 80))
    environs.build(scope([(b"host", b"a"), (b"cookie", b"secret")]))["extra"] = "1"
    assert not {"extra", "HTTP_COOKIE"} & set(environs.build(scope()))


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
