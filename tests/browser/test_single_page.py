"""An application that runs in a browser, on an origin of its own: code with PKCE, refresh and revocation by fetch."""

from __future__ import annotations

import pytest

from tests.browser.browsing import add_public_client
from tests.support.sinks import Answer, http_sink

pytestmark = pytest.mark.browser

PAGE = b"<!doctype html><title>An application in a browser</title><h1>One page</h1>"
# What the page's own script does: everything by fetch, nothing but what it finds in the metadata. Its key, where it
# proves one (RFC 9449), cannot be taken out of the browser.
SCRIPT = """async ([issuer, clientId, redirectUri, proves]) => {
    const metadata = await (await fetch(issuer + '/.well-known/oauth-authorization-server')).json();
    const keys = await (await fetch(metadata.jwks_uri)).json();
    const base64url = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes)))
        .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    const part = value => base64url(new TextEncoder().encode(JSON.stringify(value)));
    const algorithm = {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'};
    const pair = await crypto.subtle.generateKey(algorithm, false, ['sign']);
    const {kty, crv, x, y} = await crypto.subtle.exportKey('jwk', pair.publicKey);
    const proof = async htu => {
        const signed = part({typ: 'dpop+jwt', alg: 'ES256', jwk: {kty, crv, x, y}}) + '.'
            + part({jti: crypto.randomUUID(), htm: 'POST', htu, iat: Math.floor(Date.now() / 1000)});
        const signature = await crypto.subtle.sign(algorithm, pair.privateKey, new TextEncoder().encode(signed));
        return signed + '.' + base64url(signature);
    };
    const ask = async (endpoint, parameters, proven = proves) => {
        const answer = await fetch(metadata[endpoint], {
            method: 'POST',
            headers: {'Accept': 'application/json', ...(proven ? {'DPoP': await proof(metadata[endpoint])} : {}),
                      'traceparent': '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'},
            body: new URLSearchParams({client_id: clientId, ...parameters}),
        });
        const text = await answer.text();
        return {status: answer.status, challenge: answer.headers.get('WWW-Authenticate'),
                ...(text ? JSON.parse(text) : {})};
    };
    const code = new URLSearchParams(location.search).get('code');
    const exchanged = await ask('token_endpoint', {grant_type: 'authorization_code', code: code || 'none',
        redirect_uri: redirectUri, code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'});
    const stolen = proves && await ask('token_endpoint',
        {grant_type: 'refresh_token', refresh_token: exchanged.refresh_token || 'none'}, false);
    const refreshed = await ask('token_endpoint',
        {grant_type: 'refresh_token', refresh_token: exchanged.refresh_token || 'none'});
    const revoked = await ask('revocation_endpoint', {token: refreshed.refresh_token || 'none'});
    const again = await ask('token_endpoint',
        {grant_type: 'refresh_token', refresh_token: refreshed.refresh_token || 'none'});
    const pushed = await ask('pushed_authorization_request_endpoint', {response_type: 'code',
        redirect_uri: redirectUri, code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256'});
    const nobody = await ask('token_endpoint', {grant_type: 'refresh_token', refresh_token: 'x', client_secret: 'x'});
    return {keys: keys.keys.length, exchanged, stolen, refreshed, revoked, again, pushed, nobody};
}"""
TRY = """async ([url, options]) => {
    try { return 'read ' + (await fetch(url, options)).status; } catch (error) { return error.name; }
}"""


@pytest.fixture
def pages():
    """Two origins that serve a page to anybody."""
    with http_sink(contract=False) as own, http_sink(contract=False) as other:
        for one in (own, other):
            one.answer = Answer(200, {"Content-Type": "text/html"}, PAGE)
        yield own, other


@pytest.mark.parametrize("proves", [False, True], ids=["bearer", "dpop"])
def test_86_an_application_in_a_browser_exchanges_refreshes_and_revokes(ada, pages, proves):
    own, _ = pages
    redirect_uri = own.url("/callback")
    client_id = add_public_client(ada.demo, redirect_uri)
    ada.ask_for(client_id, redirect_uri, "sites.read")
    ada.sign_in()
    ada.press("Approve")
    ada.page.wait_for_url(f"{redirect_uri}?**")
    done = ada.page.evaluate(SCRIPT, [ada.demo.issuer, client_id, redirect_uri, proves])
    assert done["keys"] >= 1
    assert (done["exchanged"]["status"], done["exchanged"]["scope"]) == (200, "sites.read")
    assert done["exchanged"]["token_type"] == ("DPoP" if proves else "Bearer")
    if proves:
        # RFC 9449 section 5: the refresh token of a public client is its key's alone.
        assert (done["stolen"]["status"], done["stolen"]["error"]) == (400, "invalid_grant")
    assert done["refreshed"]["status"] == 200
    assert done["revoked"]["status"] == 200
    # What is refused can be read as well, header and all.
    assert (done["again"]["status"], done["again"]["error"]) == (400, "invalid_grant")
    assert (done["pushed"]["status"], done["pushed"]["expires_in"]) == (201, 60)
    assert (done["nobody"]["status"], done["nobody"]["error"]) == (401, "invalid_client")
    assert done["nobody"]["challenge"].startswith("Basic ")


def test_86_a_page_of_another_origin_reads_documents_and_nothing_else(person, pages):
    ada = person()
    own, other = pages
    client_id = add_public_client(ada.demo, own.url("/callback"))
    issuer, prefix = ada.demo.issuer, ada.demo.coolsite.prefix
    ada.page.goto(other.url("/"))

    def tried(path, **options):
        return ada.page.evaluate(TRY, [issuer + path, options])

    form = {
        "method": "POST",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        "body": f"client_id={client_id}&grant_type=refresh_token&refresh_token=x&token=x",
    }
    documents = ("/.well-known/oauth-authorization-server", "/jwks", "/openapi.json")
    assert [tried(path) for path in documents] == ["read 200"] * 3
    assert tried(documents[0], headers={"X-Request-ID": "1"}) == "read 200"
    for path in ("token", "revoke"):
        assert tried(f"{prefix}/{path}", **form) == "TypeError"
        assert tried(f"{prefix}/{path}", **form, credentials="include") == "TypeError"
    for path in (f"{prefix}/authorize?client_id={client_id}", "/consents", "/login", "/"):
        assert tried(path) == "TypeError"
        assert tried(path, credentials="include") == "TypeError"
    for path in (f"{prefix}/introspect", f"{prefix}/par", "/api/v1/endpoints"):
        assert (
            tried(path, **{**form, "headers": {**form["headers"], "Authorization": "Basic eDp4"}})
            == "TypeError"
        )
    # The client's own origin may read the very same answer.
    ada.page.goto(own.url("/"))
    assert tried(f"{prefix}/token", **form) == "read 400"
    in_json = {"headers": {"Content-Type": "application/json"}, "body": f'{{"client_id": "{client_id}"}}'}
    assert tried(f"{prefix}/token", **{**form, **in_json}) == "read 400"
