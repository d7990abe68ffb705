"""The recipe for nginx in front of an API, with everything real: nginx, what it asks, consentcore, a token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jws

from consentcore.resource import JwtVerifier
from tests.support.browser import Browser
from tests.support.certificates import make_certificate
from tests.support.client_certificates import Shown
from tests.support.client_certificates import certificate as client_certificate
from tests.support.deployment import ROOT, Deployment, deployment
from tests.support.nginx import changed, nginx, require_nginx
from tests.support.patience import PATIENCE_S, eventually
from tests.support.ports import reserved_port

pytestmark = pytest.mark.slow

ADA, PASSWORD = "ada@example.org", "a perfectly fine password"
SAMPLE = ROOT / "docs" / "samples" / "nginx-auth-request.conf"
PREFIX = "/ecostruxure/v1/oauth"
VERIFIER = "v" * 64
RESOURCE = "https://api.example.com/rooms"
METADATA = 'resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/rooms"'


@contextmanager
def the_api() -> Iterator[int]:
    """An API that answers with the headers that it was sent; its port."""

    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
            self.send_response(403 if self.path.endswith("/secret") else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join(5)


@contextmanager
def token_check(platform: Deployment, port: int) -> Iterator[subprocess.Popen]:
    """What nginx asks, as the documentation starts it."""
    api = platform.json(
        "client", "create", "--name", "Rooms", "--resource-server", "--scope", "comfort.read alarms.read"
    )
    environment = {
        "CONSENTCORE_RESOURCE_INTROSPECTION_URL": f"{platform.issuer}{PREFIX}/introspect",
        "CONSENTCORE_RESOURCE_CLIENT_ID": api["client_id"],
        "CONSENTCORE_RESOURCE_CLIENT_SECRET": api["client_secret"],
        "CONSENTCORE_RESOURCE_REALM": "rooms",
        "CONSENTCORE_RESOURCE_CERTIFICATE_HEADER": "nginx",
        "CONSENTCORE_RESOURCE_RESOURCE": RESOURCE,
        "CONSENTCORE_RESOURCE_AUTHORIZATION_SERVERS": platform.issuer,
        "CONSENTCORE_RESOURCE_SCOPES": "comfort.read alarms.read",
    }
    command = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--factory", "--no-ws"]
    command += ["--blocking-threads", "16"]
    command += [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "consentcore.resource.auth_request:from_environment",
    ]
    log = (platform.folder / "token_check.log").open("wb")
    with log:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log)
    try:
        eventually(
            lambda: requests.get(f"http://127.0.0.1:{port}/", timeout=PATIENCE_S).status_code == 401,
            despite=requests.ConnectionError,
        )
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@dataclass
class Site:
    """The API behind nginx, and an application that has tokens for it."""

    platform: Deployment
    port: int
    certificate: Path
    check: subprocess.Popen
    apps: dict[str, dict]
    callback: str
    browser: Browser

    def get(
        self,
        authorization: str | None = None,
        path: str = "/rooms",
        *,
        shown: Shown | None = None,
        **headers: str,
    ) -> requests.Response:
        if authorization is not None:
            headers["Authorization"] = authorization
        return requests.get(
            f"https://localhost:{self.port}{path}",
            headers=headers,
            cert=shown.files(self.certificate.parent) if shown else None,
            verify=str(self.certificate),
            timeout=PATIENCE_S,
        )

    def connect(self, scope: str, app: str = "opaque", **headers: str) -> tuple[OAuth2Session, str]:
        """Let the data owner allow a scope; the client's session and its access token."""
        session = OAuth2Session(
            self.apps[app]["client_id"],
            self.apps[app]["client_secret"],
            scope=scope,
            redirect_uri=self.callback,
            code_challenge_method="S256",
        )
        base = f"{self.platform.issuer}{PREFIX}"
        url, state = session.create_authorization_url(f"{base}/authorize", code_verifier=VERIFIER)
        if self.browser.open(url).path == "/login":
            self.browser.press("Sign in", email=ADA, password=PASSWORD)
        if not self.browser.page.url.startswith(self.callback):
            self.browser.press("Approve")
        answer = self.browser.page.url
        tokens = session.fetch_token(
            f"{base}/token",
            authorization_response=answer,
            state=state,
            code_verifier=VERIFIER,
            headers={"Accept": "application/json", **headers},
        )
        return session, tokens["access_token"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    require_nginx()
    folder = tmp_path_factory.mktemp("resource")
    certificate = make_certificate(folder, "localhost", "127.0.0.1")
    with (
        deployment(folder, smtp=9) as platform,
        the_api() as api,
        reserved_port() as port,
        reserved_port() as check,
    ):
        platform.init()
        platform.json("owner", "create", "--email", ADA, "--password-stdin", stdin=PASSWORD)
        callback = f"http://127.0.0.1:{api}/callback"
        common = ("--redirect-uri", callback, "--scope", "comfort.read alarms.read", "--resource", RESOURCE)
        apps = {
            kind: platform.json("client", "create", "--name", kind, "--access-token-format", kind, *common)
            for kind in ("opaque", "jwt")
        }
        apps["bound"] = platform.json(
            "client", "create", "--name", "bound", "--tls-client-certificate-bound-access-tokens", *common
        )
        behind_a_proxy = "server.mode = proxied\nconsentcore.mtls.certificate_header = rfc9440"
        text = platform.ini.read_text()
        platform.ini.write_text(
            text.replace("\n[server:main]", f"consentcore.{behind_a_proxy}\n\n[server:main]")
        )
        platform.start()
        replacements = {
            "# ssl_verify_client": "ssl_verify_client",
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "127.0.0.1:8080": f"127.0.0.1:{api}",
            "127.0.0.1:9001": f"127.0.0.1:{check}",
            "/etc/ssl/api.example.com": str(certificate.path.with_suffix("")),
            "api.example.com": "localhost",
            "/var/log/nginx/api.log": str(folder / "access.log"),
        }
        with token_check(platform, check) as process:
            text = changed(SAMPLE.read_text(), replacements)
            with nginx(folder / "nginx", text, port):
                yield Site(platform, port, certificate.path, process, apps, callback, Browser())


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch):
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


def test_a_good_token_opens_the_api_which_learns_whose_it_is(site):
    _, token = site.connect("comfort.read")
    forged = {"X-Consentcore-Subject": "somebody else", "X-Consentcore-Admin": "x"}
    answer = site.get(f"Bearer {token}", **forged)
    assert answer.status_code == 200, answer.text
    api = site.platform.json("client", "create", "--name", "Asks", "--resource-server")
    told = requests.post(
        f"{site.platform.issuer}{PREFIX}/introspect",
        data={"token": token},
        auth=(api["client_id"], api["client_secret"]),
        timeout=PATIENCE_S,
    ).json()
    seen = answer.json()
    assert seen["x-consentcore-subject"] == told["sub"]
    assert seen["x-consentcore-client"] == site.apps["opaque"]["client_id"]
    assert seen["x-consentcore-scope"] == "comfort.read"
    assert seen["x-consentcore-grant"] == told["grant_id"]
    assert "authorization" not in seen
    assert site.get(f"Bearer {token}", "/rooms/secret").status_code == 403, "the API's own answers pass"


def test_without_a_good_token_there_is_a_challenge(site):
    answer = site.get()
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="rooms", scope="comfort.read", {METADATA}'
    for authorization, path, error in (
        ("Bearer unknown", "/rooms", "invalid_token"),
        ("Bearer a b", "/rooms", "invalid_request"),
        (None, "/rooms?access_token=unknown", "invalid_request"),
    ):
        answer = site.get(authorization, path)
        assert answer.status_code == 401
        assert f'error="{error}"' in answer.headers["WWW-Authenticate"]
    assert site.get("Bearer unknown", "/_token").status_code == 404


def test_a_token_for_something_else_is_forbidden(site):
    _, token = site.connect("alarms.read")
    answer = site.get(f"Bearer {token}")
    assert answer.status_code == 403
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="rooms", error="insufficient_scope"')
    assert 'scope="comfort.read"' in challenge
    assert METADATA in challenge


def test_api_describes_itself_to_whoever_asks(site):
    answer = site.get(path="/.well-known/oauth-protected-resource/rooms")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    told = answer.json()
    assert (told["resource"], told["authorization_servers"]) == (RESOURCE, [site.platform.issuer])
    assert told["scopes_supported"] == ["comfort.read", "alarms.read"]
    assert site.get(path="/.well-known/oauth-protected-resource/meters").status_code != 200


def test_a_revoked_token_is_refused_at_once(site):
    session, token = site.connect("comfort.read")
    assert site.get(f"Bearer {token}").status_code == 200
    session.revoke_token(f"{site.platform.issuer}{PREFIX}/revoke", token=token)
    answer = site.get(f"Bearer {token}")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_59_a_jwt_opens_the_api_and_verifies_with_the_published_keys(site):
    _, token = site.connect("comfort.read", "jwt")
    seen = site.get(f"Bearer {token}").json()
    verifier = JwtVerifier(site.platform.issuer, RESOURCE, jwks_uri=site.platform.metadata()["jwks_uri"])
    found = verifier.check(token)
    assert (found.subject, found.grant_id) == (seen["x-consentcore-subject"], seen["x-consentcore-grant"])
    verifier.close()
    before = site.platform.json("keys", "list")
    fresh = site.platform.json("keys", "rotate")["key_id"]

    def published():
        keys = requests.get(f"{site.platform.issuer}/jwks", timeout=PATIENCE_S).json()["keys"]
        return {key["kid"] for key in keys} >= {f"{fresh}-ES256", f"{before[0]['key_id']}-ES256"}

    eventually(published)
    _, later = site.connect("comfort.read", "jwt")
    assert jws.extract_compact(later.encode()).headers()["kid"] == f"{before[0]['key_id']}-ES256"


def test_nobody_gets_in_while_nobody_can_tell(site):
    _, token = site.connect("comfort.read")
    site.platform.stop()
    try:
        answer = site.get(f"Bearer {token}")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    finally:
        site.platform.start()
    eventually(lambda: site.get(f"Bearer {token}").status_code == 200)
    assert "access_token" not in (site.platform.folder / "access.log").read_text()


def test_99_token_of_a_certificate_opens_the_api_with_that_certificate_only(site):
    shown, other = client_certificate("CN=app"), client_certificate("CN=app")
    _, token = site.connect("comfort.read", "bound", **{"Client-Cert": shown.rfc9440})
    authorization = f"Bearer {token}"
    assert site.get(authorization, shown=shown).status_code == 200
    forged = {"X-SSL-Client-Cert": shown.escaped, "Client-Cert": shown.rfc9440}
    for answer in (
        site.get(authorization),
        site.get(authorization, **forged),
        site.get(authorization, shown=other),
        site.get(authorization, shown=other, **forged),
    ):
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
