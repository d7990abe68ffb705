"""Tokens that are bound to a certificate, at an API (RFC 8705 section 3)."""

from __future__ import annotations

import time

import pytest
from webtest import TestApp

from consentcore.resource import BearerMiddleware, Possession, ProtectedResource, ProxyCertificate, Token
from consentcore.resource.auth_request import AuthRequest, from_environment
from tests.support.client_certificates import certificate
from tests.support.proofs import Prover
from tests.unit.resource.test_bearer import inner

SHOWN, OTHER = certificate(), certificate()
PROVER = Prover()
FACTS = {"sub": "s-1", "client_id": "app", "scope": "rooms.read"}
CNF = {
    "bound": {"x5t#S256": SHOWN.x5t},
    "both": {"x5t#S256": SHOWN.x5t, "jkt": PROVER.jkt},
    "empty": {"x5t#S256": ""},
    "number": {"x5t#S256": 1},
    "odd": {"x5t#S256": "\ud800"},
    "beside": {"x5t#S256": None, "jkt": PROVER.jkt},
    "list": [SHOWN.x5t],
}


class Known:
    """A checker that knows tokens by what they are bound to."""

    def check(self, token):
        return Token({**FACTS, "token_type": "Bearer", **({"cnf": CNF[token]} if token in CNF else {})})


def app(**options):
    options.setdefault("certificate", ProxyCertificate("rfc9440"))
    return TestApp(BearerMiddleware(inner, Known(), possession=Possession(**options)))


def ask(where, token="bound", shown=None, *, scheme="Bearer", peer="127.0.0.1", **headers):
    headers = {"Authorization": f"{scheme} {token}", "Host": "api.example", **headers}
    if shown is not None:
        headers["Client-Cert"] = shown if isinstance(shown, str) else shown.rfc9440
    environ = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "https"}
    return where.get("/rooms", headers=headers, extra_environ=environ, expect_errors=True)


def refused(answer, scheme="Bearer"):
    challenge = answer.headers["WWW-Authenticate"]
    assert (answer.status_int, challenge.partition(" ")[0]) == (401, scheme), challenge
    assert 'error="invalid_token"' in challenge


def proof():
    return PROVER.proof("https://api.example/rooms", time.time(), "GET", token="both")


def test_99_holder_of_the_certificate_gets_in():
    answer = ask(app(), shown=SHOWN)
    assert (answer.status_int, answer.text) == (200, "s-1")


def test_99_token_of_a_certificate_never_passes_without_it():
    for shown in (None, OTHER, "x", ""):
        refused(ask(app(), shown=shown))


def test_99_certificate_that_a_stranger_claims_counts_for_nothing():
    refused(ask(app(), shown=SHOWN, peer="192.0.2.1"))


def test_99_api_that_learns_of_no_certificates_lets_nobody_in():
    refused(ask(app(certificate=None), shown=SHOWN))


def test_99_certificate_does_not_make_a_plain_token_better_or_worse():
    assert ask(app(), "plain", SHOWN).status_int == 200
    assert ask(app(), "plain").status_int == 200


def test_99_token_of_a_certificate_is_none_of_a_key():
    refused(ask(app(), shown=SHOWN, scheme="DPoP", DPoP=proof()), "DPoP")
    refused(ask(app(required=True), shown=SHOWN), "DPoP")


def test_99_token_of_key_and_certificate_needs_both():
    assert ask(app(), "both", SHOWN, scheme="DPoP", DPoP=proof()).status_int == 200
    refused(ask(app(), "both", scheme="DPoP", DPoP=proof()), "DPoP")
    refused(ask(app(), "both", SHOWN), "DPoP")


@pytest.mark.parametrize("token", ["empty", "number", "odd", "beside", "list"])
def test_99_binding_that_says_nothing_opens_nothing(token):
    refused(ask(app(), token, SHOWN))
    assert ask(app(), token, scheme="DPoP", DPoP=proof()).status_int == 401


def test_99_nginx_tells_of_the_certificate_when_it_asks():
    asked = TestApp(AuthRequest(Known(), possession=Possession(certificate=ProxyCertificate("nginx"))))

    def get(**headers):
        known = {"X-Original-URI": "/rooms", "Authorization": "Bearer bound", **headers}
        environ = {"REMOTE_ADDR": "127.0.0.1"}
        return asked.get("/", headers=known, extra_environ=environ, expect_errors=True).status_int

    assert get(**{"X-SSL-Client-Cert": SHOWN.escaped}) == 204
    assert get(**{"X-SSL-Client-Cert": OTHER.escaped}) == 401
    assert get(**{"Client-Cert": SHOWN.rfc9440}) == 401
    assert get() == 401


ASKING = {
    "CONSENTCORE_RESOURCE_INTROSPECTION_URL": "https://as.example/introspect",
    "CONSENTCORE_RESOURCE_CLIENT_ID": "api",
    "CONSENTCORE_RESOURCE_CLIENT_SECRET": "s",
    "CONSENTCORE_RESOURCE_CERTIFICATE_HEADER": "nginx",
}


def test_99_header_of_certificates_is_set_by_a_variable():
    found = from_environment({**ASKING, "CONSENTCORE_RESOURCE_TRUSTED_PROXIES": "10.0.0.0/8"})
    finds = found._protection._possession.certificate
    assert finds({"REMOTE_ADDR": "10.1.1.1", "HTTP_X_SSL_CLIENT_CERT": SHOWN.escaped}) == SHOWN.der
    for name, wrong in (("CERTIFICATE_HEADER", "x"), ("TRUSTED_PROXIES", "x")):
        with pytest.raises(ValueError, match=f"CONSENTCORE_RESOURCE_{name}"):
            from_environment({**ASKING, f"CONSENTCORE_RESOURCE_{name}": wrong})


def test_99_api_that_says_so_learns_of_certificates():
    """RFC 9728 section 2: ``tls_client_certificate_bound_access_tokens``."""
    said = {
        "CONSENTCORE_RESOURCE_RESOURCE": "https://api.example/rooms",
        "CONSENTCORE_RESOURCE_AUTHORIZATION_SERVERS": "https://as.example",
    }
    described = TestApp(from_environment({**ASKING, **said}))
    document = described.get("/.well-known/oauth-protected-resource/rooms").json
    assert document["tls_client_certificate_bound_access_tokens"] is True
    about = ProtectedResource(
        resource="https://api.example/rooms",
        authorization_servers=("https://as.example",),
        certificate_bound=True,
    )
    with pytest.raises(ValueError, match="possession: expected certificate"):
        BearerMiddleware(inner, Known(), metadata=about)
