"""Tokens bound to the certificate by which an application authenticates itself, over the consent page (RFC 8705)."""

from __future__ import annotations

import pytest

from consentcore.api import AuthMethod
from tests.support.client_certificates import certificate
from tests.support.platform import CALLBACK, PREFIX, Request, answer, make_platform, to_consent_page

PROXIED = """
consentcore.server.mode = proxied
consentcore.mtls.certificate_header = nginx
"""


@pytest.fixture(params=["memory", "sqlalchemy"])
def platform(request, tmp_path):
    made = make_platform(tmp_path, storage=request.param, extra=PROXIED)
    yield made
    made.runtime.close()


def ask(platform, path, form, shown=None, **headers):
    # what consentcore.server.forwarded leaves of what a trusted proxy has told
    environ = {"consentcore.client_certificate": shown.escaped} if shown else {}
    return platform.browser().post(
        f"{PREFIX}/{path}", form, headers=headers, extra_environ=environ, expect_errors=True
    )


def test_99_certificate_goes_the_whole_way(platform):
    shown, other = certificate(), certificate()
    platform.add_client(
        "itself",
        auth_method=AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH,
        jwks=shown.jwks,
        tls_client_certificate_bound_access_tokens=True,
    )
    request = Request(client_id="itself")
    _, page = to_consent_page(platform, request)
    form = {
        "grant_type": "authorization_code",
        "client_id": "itself",
        "code": answer(page, "approve")["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": request.verifier,
    }
    claimed = {"Client-Cert": shown.rfc9440, "X-SSL-Client-Cert": shown.escaped, "client-certificate": "x"}
    for refused in (
        ask(platform, "token", form),
        ask(platform, "token", form, other),
        ask(platform, "token", form, **claimed),
    ):
        assert (refused.status_int, refused.json["error"]) == (401, "invalid_client")
    tokens = ask(platform, "token", form, shown).json
    assert tokens["token_type"] == "Bearer"
    about = {"client_id": "itself", "token": tokens["access_token"]}
    assert ask(platform, "introspect", about, shown).json["cnf"] == {"x5t#S256": shown.x5t}
