"""Request objects that are pushed (RFC 9101, RFC 9126 section 3), as FAPI 2.0 Message Signing section 5.3.1 has them.

By requirement 98 of the security checklist."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from consentcore.api import AuthMethod, DetailMember, DetailTexts, DetailType
from consentcore.jose import compact
from consentcore.oauth import request_objects
from consentcore.oauth.messages import Pending
from consentcore.testing import factories
from tests.support.client_keys import signed
from tests.support.proofs import Prover
from tests.support.request_objects import ISSUER, KEY, TYP, asked, jwks_of, request_object

RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
OKP = OKPKey.generate_key("Ed25519", {"kid": "okp", "use": "sig"})
HOUR = 3600


@pytest.fixture
def signer(scenario):
    """The client "app", with keys."""
    return scenario.update_client(scenario.client, jwks=jwks_of(KEY, RSA, OKP))


def push(scenario, text, **beside):
    return scenario.post("par", {"request": text, **beside})


def pushed(scenario, text, **beside):
    answer = push(scenario, text, **beside)
    assert answer.status == 201, answer.raw
    return scenario.authorize(client_id="app", request_uri=answer.json["request_uri"])


def refused(scenario, text, error="invalid_request_object", **beside):
    """What is said of one that is not taken; nothing is stored."""
    answer = push(scenario, text, **beside)
    assert (answer.status, answer.error) == (400, error), answer.raw
    assert not scenario.storage._engine.committed.pushed
    return answer.json["error_description"]


def test_98_request_object_says_what_is_asked_for(scenario, signer):
    found = pushed(scenario, request_object(scenario, prompt="consent"))
    assert isinstance(found, Pending)
    assert found == scenario.pending(
        redirect_uri=factories.REDIRECT_URI, scope="comfort.read", state="inside", prompt="consent"
    )


@pytest.mark.parametrize(
    ("alg", "key"),
    [("PS256", RSA), ("ES256", KEY), ("EdDSA", OKP), ("Ed25519", OKP)],
    ids=["PS256", "ES256", "EdDSA", "Ed25519"],
)
def test_98_each_algorithm_of_the_metadata_signs_requests(scenario, signer, alg, key):
    assert alg in scenario.server.metadata()["request_object_signing_alg_values_supported"]
    assert isinstance(pushed(scenario, request_object(scenario, key, alg)), Pending)


@pytest.mark.parametrize("typ", [TYP, TYP.upper(), f"application/{TYP}", "JWT"])
def test_98_type_of_a_request_object(scenario, signer, typ):
    assert isinstance(pushed(scenario, request_object(scenario, header={"typ": typ})), Pending)


def test_98_parameters_beside_a_request_object_do_not_count(scenario, signer):
    found = pushed(
        scenario,
        request_object(scenario, state=None),
        state="outside",
        scope="energy.read",
        redirect_uri="https://evil.example/",
        response_type="token",
        prompt="none",
    )
    assert (found.request.state, found.request.scopes, found.request.prompt) == (None, ("comfort.read",), "")
    assert found.request.redirect_uri == factories.REDIRECT_URI


def test_98_audience_may_be_one_of_several(scenario, signer):
    several = request_object(scenario, aud=["https://other.example", ISSUER])
    assert isinstance(pushed(scenario, several), Pending)


@pytest.mark.parametrize(
    "changes",
    [
        {"nbf": 8, "exp": 60},
        {"nbf": 30, "exp": 60},
        {"nbf": 1 - HOUR, "exp": 1},
        {"nbf": 0, "exp": HOUR},
        {"iat": 30},
        {"iat": -10 * HOUR},
    ],
    ids=str,
)
def test_98_times_that_are_taken(scenario, signer, changes):
    now = scenario.clock.now() / 1000
    times = {name: now + value for name, value in changes.items()}
    assert isinstance(pushed(scenario, request_object(scenario, **times)), Pending)


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"nbf": -HOUR - 1, "exp": 60}, "nbf"),
        ({"nbf": 31, "exp": 60}, "nbf"),
        ({"nbf": 61, "exp": 90}, "nbf"),
        ({"nbf": 0, "exp": HOUR + 1}, "exp"),
        ({"nbf": -10, "exp": 0}, "exp"),
        ({"nbf": -10, "exp": -5}, "exp"),
        ({"iat": 31}, "iat"),
    ],
    ids=str,
)
def test_98_times_that_are_refused(scenario, signer, changes, member):
    now = scenario.clock.now() / 1000
    times = {name: now + value for name, value in changes.items()}
    assert refused(scenario, request_object(scenario, **times)).startswith(f"request: {member}: expected")


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"nbf": None}, "nbf"),
        ({"exp": None}, "exp"),
        ({"nbf": True}, "nbf"),
        ({"nbf": "0"}, "nbf"),
        ({"exp": [1]}, "exp"),
        ({"iat": "now"}, "iat"),
        ({"iss": None}, "iss"),
        ({"iss": "other"}, "iss"),
        ({"client_id": None}, "client_id"),
        ({"client_id": "other"}, "client_id"),
        ({"aud": None}, "aud"),
        ({"aud": "https://other.example"}, "aud"),
        ({"aud": f"{ISSUER}/"}, "aud"),
        ({"aud": ["https://other.example"]}, "aud"),
        ({"aud": {ISSUER: 1}}, "aud"),
        ({"sub": "app"}, "sub"),
        ({"request": "e30.e30.e30"}, "request"),
        ({"request_uri": "https://evil.example/r"}, "request_uri"),
    ],
    ids=str,
)
def test_98_claims_that_are_refused(scenario, signer, changes, member):
    assert refused(scenario, request_object(scenario, **changes)).startswith(f"request: {member}: expected")


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "1e400", "9" * 60, "-" + "9" * 60], ids=lambda text: text[:8]
)
@pytest.mark.parametrize("name", ["nbf", "exp"])
def test_98_numbers_that_are_none_are_refused(scenario, signer, name, number):
    text = json.dumps(asked(scenario, **{name: "?"})).replace('"?"', number)
    assert refused(scenario, _signed_text(text)).startswith("request: ")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"scope": "device.act"}, "invalid_scope"),
        ({"scope": ["comfort.read"]}, "invalid_request"),
        ({"scope": {"comfort.read": 1}}, "invalid_request"),
        ({"state": "a\nb"}, "invalid_request"),
        ({"state": "✓" * 1366}, "invalid_request"),
        ({"prompt": True}, "invalid_request"),
        ({"resource": "https://unknown.example/"}, "invalid_target"),
    ],
    ids=lambda one: str(one)[:40],
)
def test_98_parameters_in_a_request_object_are_judged_like_any(scenario, signer, changes, error):
    said = refused(scenario, request_object(scenario, **changes), error)
    assert next(iter(changes)) in said
    assert "evil" not in said


def test_98_several_resources_stand_in_an_array(scenario, signer):
    resources = ["https://a.example/", "https://b.example/"]
    scenario.update_client(signer, audiences=tuple(resources))
    found = pushed(scenario, request_object(scenario, resource=resources))
    assert found.request.audience == tuple(resources)


def test_98_details_stand_as_they_are(scenario, signer):
    """RFC 9396 section 4 with RFC 9101 section 4: an array, and no text that holds one."""
    words = DetailTexts("Readings", "Readings of meters.", members={"note": "Note"})
    kind = DetailType("readings", words, (DetailMember("note"),))
    scenario.catalog = replace(scenario.catalog, detail_types={"readings": kind})
    scenario.update_client(signer, authorization_details_types=("readings",))
    scenario.server = scenario.make_server()
    details = [{"type": "readings", "note": "é"}]
    found = pushed(scenario, request_object(scenario, authorization_details=details))
    plain = scenario.pending(scope="comfort.read", authorization_details=json.dumps(details))
    assert found.request.authorization_details == plain.request.authorization_details != ()
    wrong = request_object(scenario, authorization_details=[{"type": "unknown"}])
    assert push(scenario, wrong).error == "invalid_authorization_details"


def test_98_numbers_are_read_as_their_digits(scenario, signer):
    assert pushed(scenario, request_object(scenario, state=12)).request.state == "12"


def test_98_longest_state_is_taken(scenario, signer):
    assert pushed(scenario, request_object(scenario, state="s" * 12_288)).request.state == "s" * 12_288


def _signed_text(payload: str | bytes, **header) -> str:
    """Claims that no library would write, signed by the key of the client."""
    payload = payload.encode() if isinstance(payload, str) else payload
    prover = Prover("ES256", KEY)
    return prover.signed(payload, **{"typ": TYP, "jwk": None, "kid": "ec", **header})


MALFORMED = {
    "nothing signed": lambda _: "e30.e30.",
    "encrypted": lambda _: "eyJhbGciOiJSU0EtT0FFUCJ9.AA.AA.AA.AA",
    "no JWT": lambda _: "x",
    "alg none": lambda claims: _signed_text(claims, alg="none"),
    "alg RS256": lambda claims: signed(json.loads(claims), RSA, "RS256", typ=TYP),
    "crit": lambda claims: _signed_text(claims, crit=["exp"]),
    "b64": lambda claims: _signed_text(claims, b64=False),
    "typ of an assertion": lambda claims: _signed_text(claims, typ="client-authentication+jwt"),
    "typ of a proof": lambda claims: _signed_text(claims, typ="dpop+jwt"),
    "no JSON": lambda _: _signed_text("{"),
    "no object": lambda _: _signed_text("[]"),
    "no UTF-8": lambda _: _signed_text(b'{"\xff": 1}'),
    "a name twice": lambda claims: _signed_text(claims[:-1] + ', "scope": "energy.read"}'),
    "too deep": lambda claims: _signed_text(claims[:-1] + ', "x": ' + "[" * 101 + "]" * 101 + "}"),
    "far too deep": lambda _: _signed_text("[" * 10_000),
    "too long": lambda claims: _signed_text(claims[:-1] + ', "x": "' + "x" * 32_768 + '"}'),
    "long header": lambda claims: _signed_text(claims, x5t="x" * 2000),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_98_what_is_no_request_object_is_refused_before_any_signature(scenario, signer, what, monkeypatch):
    monkeypatch.setattr(request_objects, "verified_payload", None)
    assert refused(scenario, MALFORMED[what](json.dumps(asked(scenario)))).startswith("request: ")


def test_98_signature_of_somebody_else_is_refused(scenario, signer):
    stranger = ECKey.generate_key("P-256", {"kid": "ec"})
    assert "signature" in refused(scenario, request_object(scenario, stranger))


def test_98_changed_claim_is_refused(scenario, signer):
    header, _, signature = request_object(scenario).split(".")
    _, payload, _ = request_object(scenario, scope="energy.read").split(".")
    assert "signature" in refused(scenario, f"{header}.{payload}.{signature}")


def test_98_key_of_another_client_is_refused(scenario, signer):
    other = ECKey.generate_key("P-256", {"kid": "other"})
    scenario.add_client("other", jwks=jwks_of(other))
    assert "kid" in refused(scenario, request_object(scenario, other))


def test_98_client_without_keys_signs_nothing(scenario):
    assert "kid" in refused(scenario, request_object(scenario))


@pytest.mark.parametrize("keys", [1, 2, 20])
def test_98_at_most_one_signature_is_checked(scenario, monkeypatch, keys):
    """Whatever the client has registered: a header that may mean several keys costs none at all."""
    many = [ECKey.generate_key("P-256") for _ in range(keys - 1)]
    scenario.update_client(scenario.client, jwks=jwks_of(*many, KEY))
    checked = []
    real = compact.verified_payload
    monkeypatch.setattr(
        request_objects, "verified_payload", lambda *parts: checked.append(parts) or real(*parts)
    )
    assert push(scenario, request_object(scenario)).status == 201
    assert len(checked) == 1
    stranger = ECKey.generate_key("P-256", {"kid": "ec"})
    assert push(scenario, request_object(scenario, stranger)).status == 400
    assert len(checked) == 2
    nameless = request_object(scenario, header={"kid": None})
    assert push(scenario, nameless).status == (201 if keys == 1 else 400)
    assert len(checked) == (3 if keys == 1 else 2)


def test_98_client_may_name_its_one_algorithm(scenario, signer):
    scenario.update_client(signer, request_object_signing_alg="PS256")
    assert "PS256" in refused(scenario, request_object(scenario))
    assert isinstance(pushed(scenario, request_object(scenario, RSA, "PS256")), Pending)
    scenario.update_client(signer, request_object_signing_alg="EdDSA")
    assert isinstance(pushed(scenario, request_object(scenario, OKP, "Ed25519")), Pending)


def test_98_wrong_claim_asks_for_no_keys(scenario, monkeypatch):
    """Whoever may push has the keys fetched by what is sound but for its signature only."""
    scenario.update_client(scenario.client, jwks_uri="https://keys.example/")
    monkeypatch.setattr(scenario.server._context.client_keys, "named", None)
    refused(scenario, request_object(scenario, aud="https://other.example"))
    refused(scenario, request_object(scenario, state="a\nb"), "invalid_request")


def test_98_client_may_have_to_sign_its_requests(scenario, signer):
    scenario.update_client(signer, require_signed_request_object=True)
    plain = {"response_type": "code", "redirect_uri": factories.REDIRECT_URI, "scope": "comfort.read"}
    answer = scenario.post("par", plain)
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert answer.json["error_description"] == "request: expected a signed request object"
    found = scenario.answered(scenario.authorize(client_id="app", **plain))
    assert found["error"] == "invalid_request"
    assert isinstance(pushed(scenario, request_object(scenario)), Pending)


def test_98_all_clients_may_have_to_sign_their_requests(make_scenario):
    scenario = make_scenario(require_signed_request_object=True)
    assert scenario.server.metadata()["require_signed_request_object"] is True
    assert scenario.server.metadata()["require_pushed_authorization_requests"] is True, (
        "only pushed ones can be"
    )
    scenario.update_client(scenario.client, jwks=jwks_of(KEY))
    plain = {"response_type": "code", "redirect_uri": factories.REDIRECT_URI, "scope": "comfort.read"}
    assert scenario.post("par", plain).error == "invalid_request"
    assert scenario.answered(scenario.authorize(client_id="app", **plain))["error"] == "invalid_request"
    assert isinstance(pushed(scenario, request_object(scenario)), Pending)


def test_98_request_object_in_a_browser_is_refused(scenario, signer):
    """It is taken where the client is known, and nowhere else."""
    found = scenario.authorize(
        client_id="app", redirect_uri=factories.REDIRECT_URI, request=request_object(scenario)
    )
    assert scenario.answered(found)["error"] == "request_not_supported"


def test_98_request_object_may_be_sent_again(scenario, signer):
    """Each time is another pushed request of the same client, answered once."""
    text = request_object(scenario)
    first, second = (push(scenario, text).json["request_uri"] for _ in range(2))
    assert first != second


def test_99_key_of_a_proof_goes_with_a_request_object(scenario, signer):
    prover = Prover()
    url = f"{ISSUER}/ecostruxure/v1/oauth/par"
    text = request_object(scenario)

    def pushed_with(proof_of, request):
        headers = {"dpop": proof_of.proof(url, scenario.clock.now() // 1000)}
        return scenario.post("par", {"request": request}, headers=headers)

    answer = pushed_with(prover, text)
    found = scenario.authorize(client_id="app", request_uri=answer.json["request_uri"])
    assert found.request.confirmation == f"jkt:{prover.jkt}"
    named = request_object(scenario, dpop_jkt=Prover().jkt)
    assert pushed_with(prover, named).error == "invalid_request"


def test_46_request_object_is_no_assertion_and_the_other_way_round(scenario):
    """RFC 9101 section 10.8."""
    scenario.update_client(
        scenario.client, auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks=jwks_of(KEY)
    )
    now = scenario.clock.now() // 1000
    assertion = {"iss": "app", "sub": "app", "aud": ISSUER, "jti": "one", "exp": now + 60, "nbf": now}
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    def authenticated(text, request):
        form = {"client_assertion_type": kind, "client_assertion": text, "request": request}
        return scenario.post("par", form, auth=None)

    both = request_object(scenario, sub="app", jti="two")
    assert authenticated(both, request_object(scenario)).status == 401
    answer = authenticated(signed(assertion, KEY), signed({**assertion, "jti": "three"}, KEY))
    assert (answer.status, answer.error) == (400, "invalid_request_object")
    assert authenticated(signed({**assertion, "jti": "four"}, KEY), request_object(scenario)).status == 201
