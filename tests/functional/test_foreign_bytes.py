"""What other applications of the host, and the wider world, put into headers: it must not stand in anybody's way."""

from __future__ import annotations

import re

import pytest
import requests

from consentcore.web.cookies import cookie_pairs, cookie_values
from tests.support.fronts import PREFIX, behind_nginx, direct
from tests.support.patience import PATIENCE_S
from tests.support.platform import PASSWORD, Request, answer, make_platform, proceed, to_consent_page

pytestmark = pytest.mark.slow

FOREIGN = {
    "Latin-1": b"name=Jos\xe9",
    "UTF-8": "name=José; city=Zürich".encode(),
    "every byte": b"x=" + bytes(byte for byte in range(0x80, 0x100)),
    "a name that is none": b"Jos\xe9=1; \xff",
    "a quotation mark": b'a="',
    "nothing": b"; ;=;==; a",
    "escapes": rb"a=\377\9; b=\x",
    "C1 control characters": b"a=\x85\x9b31m",
}


@pytest.fixture(scope="module", params=[direct, behind_nginx], ids=["direct", "nginx"])
def front(request, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp(request.param.__name__)) as running:
        password = f"{PASSWORD}\n"
        made = running.house.run(
            "owner", "create", "--email", "ada@example.org", "--password-stdin", stdin=password
        )
        assert made.returncode == 0, made.stderr
        yield running


class Visitor:
    """A browser that sends a foreign cookie before and after ours."""

    def __init__(self, front, foreign: bytes) -> None:
        self.front, self.foreign = front, foreign
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, **options) -> requests.Response:
        own = "; ".join(f"{name}={value}" for name, value in self.cookies.items()).encode()
        cookie = b"; ".join([self.foreign, own, self.foreign] if own else [self.foreign])
        found = self.front.ask(method, path, headers={"Cookie": cookie}, **options)
        self.cookies.update(found.cookies.get_dict())
        return found

    def post(self, page: requests.Response, path: str, **fields: str) -> requests.Response:
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
        return self.ask("POST", path, data={"csrf_token": token, **fields})


@pytest.mark.parametrize("case", FOREIGN)
def test_cookie_of_another_application_keeps_nobody_from_signing_in(front, case):
    visitor = Visitor(front, FOREIGN[case])
    done = visitor.post(visitor.ask("GET", "/login"), "/login", email="ada@example.org", password=PASSWORD)
    assert (done.status_code, done.headers["Location"]) == (303, "/consents"), done.text
    page = visitor.ask("GET", "/consents")
    assert page.status_code == 200
    assert "ada@example.org" in page.text
    assert visitor.post(page, "/logout").status_code == 303
    assert visitor.ask("GET", "/consents").headers["Location"].startswith("/login")


def test_no_header_is_lost_whatever_its_bytes(front):
    """A form of a foreign site stays one when its Origin cannot be read."""
    visitor = Visitor(front, b"a=b")
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.ask("GET", "/login").text)[1]
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items()).encode()
    for headers in ({"Origin": b"https://evil\xe9.example"}, {"Origin": b"\xff"}):
        refused = front.ask(
            "POST", "/login", data={"csrf_token": token}, headers={"Cookie": cookie, **headers}
        )
        assert refused.status_code == 403, headers
    for value in (b"Basic Jos\xe9", b"Bearer \xff\xfe", b"Basic \xff"):
        refused = front.ask(
            "POST", f"{PREFIX}/introspect", data={"token": "x"}, headers={"Authorization": value}
        )
        assert refused.status_code == 401, value
    assert "Traceback" not in front.log


SHOWING = [
    ("X-Forwarded-For", b"127.0.0.1"),
    ("X-Forwarded-For", b"\xff"),
    ("x_forwarded_for", b"127.0.0.1"),
    ("X-Forwarded-Host", b"a"),
    ("Forwarded", b"for=\xe9"),
    ("Via", b"1.1 \xff"),
    ("X-Real-IP", b"127.0.0.1"),
    ("True-Client-IP", b"127.0.0.1"),
    ("CF-Connecting-IP", b"127.0.0.1"),
    ("X-Envoy-External-Address", b"\xff"),
    ("CDN-Loop", b"cdn.example"),
]


@pytest.mark.parametrize(("name", "value"), SHOWING, ids=[f"{name}-{value!r}" for name, value in SHOWING])
def test_numbers_are_never_told_through_a_proxy(front, name, value):
    """Not even by one on the machine itself, to a reader on the machine itself; both modes, past the proxy too."""
    for base in {front.house.issuer, front.url}:
        verify = str(front.certificate.path) if front.certificate else True
        told = requests.get(f"{base}/metrics", headers={name: value}, timeout=PATIENCE_S, verify=verify)
        assert told.status_code == 403, base
    assert requests.get(f"{front.house.issuer}/metrics", timeout=PATIENCE_S).status_code == 200


def test_numbers_are_told_to_nobody_by_nginx_itself(front):
    assert front.ask("GET", "/metrics").status_code == (403 if front.certificate else 200)


def test_owner_with_a_foreign_cookie_approves_and_revokes(tmp_path):
    platform = make_platform(tmp_path)
    inner = platform.app

    def beside_another_application(environ, start_response):
        own = environ.get("HTTP_COOKIE", "")
        environ["HTTP_COOKIE"] = "; ".join(filter(None, ["name=Jos\xe9", own, 'odd="\xff']))
        return inner(environ, start_response)

    platform.app = beside_another_application
    browser, page = to_consent_page(platform, Request())
    assert "code" in answer(page, "approve")
    page = browser.get("/consents").click("Revoke Access")
    assert proceed(page).submit().follow().status_int == 200
    assert "CoolSite" in browser.get("/consents/revoked")
    assert "Revoke Access" not in browser.get("/consents")


def test_pairs_are_what_stands_between_semicolons():
    """RFC 6265 section 5.4; a quotation mark holds nothing together, and a name is never found inside another."""
    environ = {"HTTP_COOKIE": 'a="; own=1; b="; =x; Jos\xe9 own=2; own = "3"; own; c=\\073; u=\xc3\xa9'}
    assert cookie_values(environ, "own") == ["1", "3"]
    assert ("u", "é") in cookie_pairs(environ)
    assert ("a", '"') in cookie_pairs(environ)
