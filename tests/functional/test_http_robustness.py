"""Everything that can be sent to the ports, facing the network itself and behind the nginx of docs/samples."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import ssl
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.support.fronts import PREFIX, behind_nginx, direct
from tests.support.patience import PATIENCE_S, eventually
from tests.support.platform import make_platform

pytestmark = pytest.mark.slow

POST = f"POST {PREFIX}/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n".encode()
FORM = POST + b"Content-Type: application/x-www-form-urlencoded\r\n"
JSON = POST + b"Content-Type: application/json\r\n"
GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
NEXT = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
PAGES = ("authorize", "/", "/login", "/logout", "/consent", "/consents", "/account")


@pytest.fixture(scope="module", params=[direct, behind_nginx], ids=["direct", "nginx"])
def front(request, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp(request.param.__name__)) as running:
        yield running


@pytest.fixture(autouse=True)
def unharmed(front):
    """After every test: it answers, nothing failed, nothing unexpected was logged."""
    before = len(front.log)
    yield
    assert front.works() < 5
    log = front.log[before:]
    assert "Traceback" not in log
    assert " ERROR " not in log


def statuses(answer: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]


def sized(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


# framing ----------------------------------------------------------------------------------------------------

BROKEN = {
    "length and chunks": POST + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + NEXT,
    "chunks and length": POST + CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n" + NEXT,
    "two transfer encodings": POST + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "unknown transfer encoding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "blank before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "vertical tab": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\nHost: localhost\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    "length with a sign": POST + b"Content-Length: +5\r\n\r\nhello",
    "negative length": POST + b"Content-Length: -5\r\n\r\nhello",
    "hexadecimal length": POST + b"Content-Length: 0x5\r\n\r\nhello",
    "two numbers": POST + b"Content-Length: 5 5\r\n\r\nhello",
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "no number": POST + b"Content-Length: \r\n\r\nhello",
    "endless number": POST + b"Content-Length: 99999999999999999999\r\n\r\nhello",
    "chunk size too long": POST + CHUNKED + b"\r\nfffffffffffffffff\r\nx",
    "negative chunk": POST + CHUNKED + b"\r\n-1\r\nx\r\n0\r\n\r\n",
    "chunk without end": POST + CHUNKED + b"\r\n1\r\nxx0\r\n\r\n",
    "chunk size of letters": POST + CHUNKED + b"\r\nzz\r\nxx\r\n0\r\n\r\n",
    "folded header": GET + b"X-A: b\r\n c\r\n\r\n",
    "folded first header": b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "NUL in a value": GET + b"X-A: b\x00c\r\n\r\n",
    "NUL in the target": b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "header without a name": GET + b": b\r\n\r\n",
    "no host": b"GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two hosts": b"GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: b\r\nConnection: close\r\n\r\n",
    "host that is none": b"GET /livez HTTP/1.1\r\nHost: a/b\r\nConnection: close\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "version of tomorrow": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "method of signs": b"G{T / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "authority as target": b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("case", BROKEN)
def test_90_broken_framing_is_refused_or_closed(front, case):
    answer = front.raw(BROKEN[case])
    found = statuses(answer)
    # 415: chunks won over the length (RFC 9112 section 6.1), and the connection ended there.
    # 501, 505: what nginx says to an encoding (RFC 9112 section 7) or a version that it does not know.
    assert found in ([], [400], [405], [415], [501], [505]), answer[:300]
    assert 200 not in found
    assert b"smuggled" not in answer


def test_90_pipelined_requests_are_answered_in_order(front):
    body = b"token=x"
    one = f"POST {PREFIX}/introspect HTTP/1.1\r\nHost: localhost\r\n".encode() + sized(body)
    other = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
    found = statuses(front.raw((one + other) * 3 + GET + b"\r\n"))
    assert found == [415, 200] * 3 + [200]


# sizes ------------------------------------------------------------------------------------------------------

LARGE = {
    "20 MB": (FORM + b"Content-Length: 20000000\r\n\r\n" + b"a=" + b"x" * 19_999_998, {413}),
    "20 MB in chunks": (FORM + CHUNKED + b"\r\n" + (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 305, {413}),
    "one byte too many": (FORM + sized(b"a=" + b"x" * (256 * 1024 - 1)), {413}),
    "header of 300 kB": (GET + b"X-A: " + b"x" * 300_000 + b"\r\n\r\n", {400, 431}),
    "300 kB of headers": (GET + b"X-A: 0123456789\r\n" * 17_000 + b"\r\n", {400, 431}),
    "300 headers": (GET + b"X: 1\r\n" * 300 + b"\r\n", {200, 431}),  # nginx counts bytes and joins nothing
    "target of 300 kB": (b"GET /livez?" + b"x" * 300_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", {400, 414, 431}),
    "method of 70 kB": (b"A" * 70_000 + b" / HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 405, 414, 431}),
}


@pytest.mark.parametrize("case", LARGE)
def test_88_what_is_too_large_is_refused(front, case):
    sent, allowed = LARGE[case]
    found = statuses(front.raw(sent))
    assert found == [] or (len(found) == 1 and found[0] in allowed), found


def test_88_the_largest_body_is_read(front):
    answer = front.raw(FORM + sized(b"a=" + b"x" * (256 * 1024 - 2)))
    assert statuses(answer) == [400]
    assert b"grant_type" in answer


# content ----------------------------------------------------------------------------------------------------

PATHS = [
    "/%", "/%zz", "/%ff%fe", "/%00", "/%0d%0aX:1", "/%ed%a0%80", "/consents/%2e%2e/%2e%2e/etc/passwd",
    "/../../etc/passwd", "/static/../../production.ini", "/static/%2e%2e/%2e%2e/production.ini",
    "/static/..%2f..%2fproduction.ini", "/static//etc/passwd", "/livez;p=1", "/consents;x/y", "//livez", "/livez/",
    "/./livez", "/consents/" + "x" * 5000, f"{PREFIX}/token;p", f"{PREFIX}%2ftoken", f"{PREFIX}/../token",
    f"{PREFIX}/authorize?%", f"{PREFIX}/authorize?a=%ff", f"{PREFIX}/authorize?client_id=%ed%a0%80",
    f"{PREFIX}/authorize?" + "&".join(["a=b"] * 2000), "/login?i=%00", "/login?next=//evil.example",
    "/login?i=x&i=y", "/consent?i=%ff", "/consents?page=" + "9" * 400, "/\\..\\x", "/\u00e9",
    "/consents/history?page=-1", "/receipts/%F0%9F%92%A9", "/consents/1e400", "/?" + "x" * 10_000, "/%c0%ae%c0%ae/",
]  # fmt: skip
METHODS = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "TRACE",
    "PROPFIND",
    "get",
    "X-ODD",
    "M" * 40,
]
BODIES = {
    "deep JSON": JSON + sized(b"[" * 50_000 + b"]" * 50_000),
    "deep object": JSON + sized(b'{"a":' * 40_000 + b"1" + b"}" * 40_000),
    "huge number": JSON + sized(b'{"grant_type": ' + b"9" * 100_000 + b"}"),
    "infinite number": JSON + sized(b'{"grant_type": 1e999999}'),
    "NaN": JSON + sized(b'{"grant_type": NaN}'),
    "lone surrogate": JSON + sized(b'{"grant_type": "\\ud800", "code": "\\udfff"}'),
    "UTF-16": JSON + sized('{"grant_type": "refresh_token"}'.encode("utf-16")),
    "cut JSON": JSON + sized(b'{"grant_type": "refresh'),
    "JSON of the wrong type": JSON + sized(b'"grant_type"'),
    "byte order mark": JSON + sized(b"\xef\xbb\xbf{}"),
    "broken escape": FORM + sized(b"grant_type=%&code=%zz&%=%"),
    "bytes": FORM + sized(bytes(range(256)) * 4),
    "NUL": FORM + sized(b"grant_type=refresh_token%00&refresh_token=\x00"),
    "many names": FORM + sized(b"&".join(b"%d=" % number for number in range(30_000))),
    "multipart": POST + b"Content-Type: multipart/form-data; boundary=\r\n" + sized(b"--\r\n\r\n"),
    "odd content type": POST + b"Content-Type: \x01;;;=\r\n" + sized(b"a=b"),
    "odd charset": POST
    + b"Content-Type: application/x-www-form-urlencoded; charset=utf-7\r\n"
    + sized(b"a=+AGE-"),
    "compressed": FORM + b"Content-Encoding: gzip\r\n" + sized(b"\x1f\x8b\x08\x00junk"),
}
HEADERS = [
    b"Authorization: Basic", b"Authorization: Basic !!!", b"Authorization: Basic OjpAOg==",
    b"Authorization: Basic /////w==", b"Authorization: Basic " + b"A" * 7000, b"Authorization: Bearer \xff",
    b"Authorization: ", b"Authorization: Digest x=1", b"Authorization: Basic JTAwOiUwMA==",
    b"Cookie: =; ;; consentcore_session=\"", b"Cookie: a=\xff\xfe",
    b"Cookie: __Host-consentcore=x.y.z; consentcore=" + b"A" * 3000, b"Accept-Language: \xff;q=9e9,*,-",
    b"Accept: */", b"If-Modified-Since: yesterday", b"If-None-Match: \"", b"Range: bytes=9-1,-,x",
    b"Expect: 200-maybe", b"Origin: null", b"Origin: https://evil.example", b"Referer: \x7f",
    b"X-Forwarded-For: \xff,;", b"Forwarded: for=\"", b"X-Forwarded-Proto: javascript", b"Upgrade: h2c", b"Date: 0",
    b"X-HTTP-Method-Override: DELETE", b"TE: trailers",
]  # fmt: skip


def test_87_no_target_makes_it_fail(front):
    for path in PATHS:
        for line in (b"GET", b"POST"):
            answer = front.raw(
                line
                + b" "
                + path.encode()
                + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            found = statuses(answer)
            assert len(found) == 1, (path, answer)
            assert found[0] < 500, (path, answer)
            assert b"root:" not in answer
            assert b"consentcore.storage" not in answer
            location = re.search(rb"\r\nlocation: ([^\r]*)", answer, re.IGNORECASE)
            assert location is None or b"evil.example" not in location[1]


@pytest.mark.parametrize("state", ["x" * 12_288, "\u20ac" * 1365, "/" * 4096], ids=["x", "euro", "slash"])
def test_87_the_longest_state_comes_back(front, state):
    """Long Location headers are more than a proxy expects of an answer. What is longer is never left out of one."""
    query = {"client_id": front.client_id, "response_type": "code", "prompt": "none"}
    answer = front.ask("GET", f"{PREFIX}/authorize", params={**query, "state": state})
    assert answer.status_code in (302, 303)
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["state"] == [state]
    longer = front.ask("GET", f"{PREFIX}/authorize", params={**query, "state": state + state[:9]})
    assert (longer.status_code, longer.headers.get("Location")) == (400, None)
    assert "state: expected at most" in longer.text


@pytest.mark.parametrize("case", BODIES)
def test_87_no_body_makes_it_fail(front, case):
    for endpoint in (b"token", b"revoke", b"introspect"):
        answer = front.raw(BODIES[case].replace(b"/token ", b"/" + endpoint + b" ", 1))
        assert statuses(answer) in ([400], [401], [415]), answer
        if (
            b"content-length: 0\r\n" not in answer.lower() and b"<center>nginx" not in answer
        ):  # refused before us
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"] in {
                "invalid_request",
                "invalid_client",
            }
    answer = front.raw(BODIES[case].replace(f"{PREFIX}/token".encode(), b"/login", 1))
    assert statuses(answer) in ([400], [403]), answer


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: repr(header[:40]))
def test_87_no_header_makes_it_fail(front, header):
    body = b"grant_type=refresh_token&refresh_token=x&client_id=x&client_secret=x"
    for request in (
        GET.replace(b"/livez", b"/login") + header + b"\r\n\r\n",
        GET.replace(b"/livez", b"/static/tokens.css") + header + b"\r\n\r\n",
        FORM + header + b"\r\n" + sized(body),
    ):
        found = [status for status in statuses(front.raw(request)) if status != 100]
        assert len(found) == 1, request
        assert found[0] < 500, request


@pytest.fixture(scope="module")
def routes(tmp_path_factory):
    """Every route that there is, something in each of its places."""
    registry = make_platform(tmp_path_factory.mktemp("routes")).app.app.registry
    found = [item["introspectable"]["pattern"] for item in registry.introspector.get_category("routes")]
    return [*sorted({re.sub(r"{[^}]*}|\*subpath", "x", pattern) for pattern in found}), "/nothing"]


def test_87_every_route_answers_every_method(front, routes):
    assert len(routes) > 25
    for path, method in itertools.product(routes, METHODS if front.name == "direct" else ("HEAD", "OPTIONS")):
        request = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        answer = front.raw(request.encode())
        assert len(statuses(answer)) == 1, (method, path, answer)
        # 503: a probe says that something is down.
        assert statuses(answer)[0] < 500 or path == "/readyz", (method, path, answer)
        if statuses(answer) == [405]:
            assert re.search(rb"\r\nallow: \w", answer, re.IGNORECASE), (method, path, answer)
        if method == "HEAD":
            assert answer.endswith(b"\r\n\r\n"), (path, answer)


@pytest.mark.parametrize("path", PAGES)
def test_86_no_page_is_for_scripts_of_other_sites(front, path):
    """RFC 9700 section 2.6: no CORS at the authorization endpoint, nor on any page."""
    path = path if path.startswith("/") else f"{PREFIX}/{path}"
    foreign = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for method in ("GET", "OPTIONS", "POST"):
        answer = front.ask(method, path, headers=foreign)
        assert answer.status_code < 500
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_87_junk_leaves_nothing_behind(front, record_testsuite_property):
    """1000 requests with large bodies, broken bodies and unknown paths: less than 40 MB (fault F21)."""
    junk = [BODIES["deep JSON"], BODIES["many names"], FORM + sized(b"a=" + b"x" * 200_000), BODIES["bytes"]]
    junk += [GET.replace(b"/livez", b"/%d" % number) + b"\r\n" for number in range(4)]

    def send(rounds):
        for number in range(rounds):
            answer = front.raw(junk[number % len(junk)])
            assert statuses(answer)[0] < 500

    send(80)  # what is loaded and kept on the first occasion is no growth
    before = front.resident_mb()
    threads = [threading.Thread(target=send, args=(250,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    grown = front.resident_mb() - before
    record_testsuite_property(f"{front.name}: MB more after 1000 junk requests", grown)
    assert grown < 40


# time -------------------------------------------------------------------------------------------------------


def test_89_sixty_slow_clients_starve_nobody(front, record_testsuite_property):
    """Slow heads, slow bodies and slow readers at once; the others are answered within seconds (fault F18).

    A machine that is busy besides may take longer, but not until the slow ones are given up.
    """
    pipelined = b"GET /static/consentcore.css HTTP/1.1\r\nHost: localhost\r\n\r\n" * 40
    silent = []
    with contextlib.ExitStack() as stack:
        for number in range(60):
            sock = stack.enter_context(front.connect(receive_buffer=4096 if number % 3 == 2 else 0))
            silent += [sock] if number % 3 < 2 else []
            sock.sendall([GET[:-10], FORM + b"Content-Length: 100\r\n\r\nx", pipelined][number % 3])
        times = [front.works() for _ in range(20)]
        started = time.monotonic()
        assert front.ask("GET", "/login").status_code == 200
        times.append(time.monotonic() - started)
        held = [is_held(sock) for sock in silent]
    record_testsuite_property(f"{front.name}: slowest of others beside 60 slow clients, s", max(times))
    assert max(times) < 5 or all(held)


def is_held(sock) -> bool:
    """Whether a connection is open and nothing has come over it."""
    sock.setblocking(False)
    try:
        sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    return False


def test_89_a_client_that_hangs_up_leaves_no_trace(front):
    """Fault F17; the fixture reads the log."""
    body = f"token=x&client_id={front.client_id}&client_secret={front.client_secret}".encode()
    introspect = FORM.replace(b"/token ", b"/introspect ", 1)
    for sent in (introspect + sized(body), FORM + b"Content-Length: 100\r\n\r\nshort", GET + b"\r\n", GET):
        for _ in range(5):
            with front.connect() as sock:
                sock.sendall(sent)
    time.sleep(0.3)


def test_84_who_asks_is_what_the_proxy_says_not_what_the_client_says(front):
    said = {"X-Forwarded-For": "6.6.6.6", "Forwarded": "for=6.6.6.6", "X-Real-IP": "6.6.6.6"}
    front.ask("GET", "/livez?who", headers=said)
    lines = eventually(lambda: re.findall(r'\{.*"/livez".*\}', front.log))
    assert {json.loads(line)["remote"] for line in lines} == {"127.0.0.1"}
    assert "6.6.6.6" not in front.log


def test_78_what_https_adds_is_there_behind_nginx_and_nowhere_else(front):
    secure = front.name == "nginx"
    answer = front.ask("GET", "/login")
    hsts = "max-age=31536000" if secure else None
    assert answer.headers.get("Strict-Transport-Security") == hsts
    assert answer.headers["Set-Cookie"].startswith("__Host-") == secure
    assert ("; secure" in answer.headers["Set-Cookie"].lower()) == secure
    metadata = front.ask("GET", "/.well-known/oauth-authorization-server").json()
    assert metadata["token_endpoint"] == f"{front.url}{PREFIX}/token"
    assert "Content-Encoding" not in front.ask("GET", "/login", headers={"Accept-Encoding": "gzip"}).headers
    if secure:  # the second server of the sample
        url = f"http://127.0.0.1:{front.plain_port}/consents?a=b"
        moved = requests.get(url, headers={"Host": "localhost"}, allow_redirects=False, timeout=PATIENCE_S)
        assert (moved.status_code, moved.headers["Location"]) == (301, "https://localhost/consents?a=b")
        assert requests.post(url, data={"client_secret": "x"}, timeout=PATIENCE_S).status_code == 403, (
            "it has to notice"
        )


def test_no_log_holds_a_query(front):
    front.ask(
        "GET", f"{PREFIX}/authorize?client_id=topsecret", headers={"Referer": "https://topsecret.example"}
    )
    logs = [front.house.log, *front.house.folder.glob("*.log"), *front.house.folder.glob("nginx/*.log")]
    eventually(lambda: any("authorize" in log.read_text() for log in logs))  # written after the answer
    assert not any("topsecret" in log.read_text() for log in logs)
