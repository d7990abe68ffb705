"""Applications that show a certificate with TLS, through the real nginx of docs/samples (RFC 8705)."""

from __future__ import annotations

import pytest
import requests

from tests.support.browser import Browser
from tests.support.client_certificates import Shown, authority, certificate
from tests.support.fronts import CALLBACK, PREFIX, Front, asking_for_certificates
from tests.support.patience import PATIENCE_S
from tests.support.platform import Request

pytestmark = pytest.mark.slow

ADA, PASSWORD = "ada@example.org", "a perfectly fine password"
ROOT = authority()
NAMED = certificate("CN=app,O=Cool", by=ROOT)
STRANGER = certificate("CN=app,O=Cool", by=authority())
REGISTERED = certificate("CN=itself")


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mtls")
    (folder / "ca.pem").write_text(ROOT.pem)
    with asking_for_certificates(folder, **{"mtls.ca_file": folder / "ca.pem"}) as running:
        running.house.json("owner", "create", "--email", ADA, "--password-stdin", stdin=PASSWORD)
        yield running


def make_client(front: Front, name: str, *options: str) -> str:
    common = ("--redirect-uri", front.url + CALLBACK, "--scope", "sites.read comfort.read")
    made = front.house.json("client", "create", "--name", name, *common, *options)
    assert made["client_secret"] is None
    return made["client_id"]


@pytest.fixture(scope="module")
def named(front):
    return make_client(
        front,
        "Named",
        *("--auth-method", "tls_client_auth", "--tls-client-auth", "subject_dn:CN=app, O=Cool"),
        "--tls-client-certificate-bound-access-tokens",
    )


@pytest.fixture(scope="module")
def itself(front):
    return make_client(
        front, "Itself", "--auth-method", "self_signed_tls_client_auth", "--jwks", REGISTERED.jwks
    )


def post(front: Front, path: str, form: dict, shown: Shown | None = None, *, port: int = 0, **headers: str):
    """Ask on the host of certificates, showing one or none."""
    return requests.post(
        f"https://localhost:{port or front.mtls_port}{PREFIX}/{path}",
        data=form,
        headers=headers,
        cert=shown.files(front.certificate.path.parent) if shown else None,
        verify=str(front.certificate.path),
        timeout=PATIENCE_S,
    )


def is_let_in(answer: requests.Response) -> bool:
    assert answer.status_code in {200, 401}, answer.text
    assert answer.status_code == 200 or answer.json()["error"] == "invalid_client"
    return answer.status_code == 200


def introspected(front, client_id, shown=None, **more):
    return is_let_in(post(front, "introspect", {"client_id": client_id, "token": "x"}, shown, **more))


def test_99_certificate_that_was_proven_to_nginx_lets_the_client_in(front, named, itself):
    assert introspected(front, named, NAMED)
    assert introspected(front, itself, REGISTERED)


def test_99_other_certificates_and_none_do_not(front, named, itself):
    for client_id, shown in ((named, STRANGER), (named, REGISTERED), (named, None), (itself, NAMED)):
        assert not introspected(front, client_id, shown)


def forged(shown: Shown) -> dict[str, str]:
    return {
        "Client-Cert": shown.rfc9440,
        "X-SSL-Client-Cert": shown.escaped,
        "X_SSL_Client_Cert": shown.escaped,
        "X-Forwarded-For": "127.0.0.1",
    }


def test_99_header_that_a_client_writes_itself_is_never_believed(front, named):
    for port in (front.mtls_port, front.port):
        assert not introspected(front, named, port=port, **forged(NAMED))
    assert not introspected(front, named, STRANGER, **forged(NAMED))


def test_99_header_of_whoever_is_no_trusted_proxy_is_never_believed(front, named):
    """Past nginx, and from an address that only nginx does not have."""
    url = f"{front.house.issuer}{PREFIX}/introspect"
    form = {"client_id": named, "token": "x"}
    trusted = requests.post(url, data=form, headers=forged(NAMED), timeout=PATIENCE_S)
    assert is_let_in(trusted), "whoever may speak as the proxy is believed"
    with requests.Session() as session:
        session.mount("http://", FromElsewhere())
        assert not is_let_in(session.post(url, data=form, headers=forged(NAMED), timeout=PATIENCE_S))


class FromElsewhere(requests.adapters.HTTPAdapter):
    """Another address of this machine."""

    def init_poolmanager(self, *args, **options):
        super().init_poolmanager(*args, **options, source_address=("127.0.0.9", 0))


def test_99_host_of_certificates_has_no_pages(front):
    for path in ("/login", "/consents", f"{PREFIX}/authorize", "/metrics", "/"):
        answer = requests.get(
            f"https://localhost:{front.mtls_port}{path}",
            verify=str(front.certificate.path),
            timeout=PATIENCE_S,
        )
        assert answer.status_code == 404, path


def test_99_tokens_are_bound_to_the_certificate_of_the_connection(front, named):
    said = front.ask("GET", "/.well-known/oauth-authorization-server").json()
    aliases = said["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == f"https://localhost:{front.mtls_port}{PREFIX}/token"
    assert said["tls_client_certificate_bound_access_tokens"] is True
    asked = Request(client_id=named, redirect_uri=front.url + CALLBACK, scope="sites.read")
    browser = Browser(str(front.certificate.path))
    browser.open(front.url + asked.url)
    browser.press("Sign in", email=ADA, password=PASSWORD)
    browser.press("Approve")
    code = browser.page.url.split("code=")[1].split("&")[0]
    form = {
        "grant_type": "authorization_code",
        "client_id": named,
        "code": code,
        "redirect_uri": asked.redirect_uri,
        "code_verifier": asked.verifier,
    }
    tokens = post(front, "token", form, NAMED).json()
    assert tokens["token_type"] == "Bearer"
    told = post(front, "introspect", {"client_id": named, "token": tokens["access_token"]}, NAMED).json()
    assert told["cnf"] == {"x5t#S256": NAMED.x5t}
    again = {"grant_type": "refresh_token", "client_id": named, "refresh_token": tokens["refresh_token"]}
    assert not is_let_in(post(front, "token", again, STRANGER))
    assert is_let_in(post(front, "token", again, NAMED))
