"""What the plugin asks, and which answers it believes (OpenID Connect Core section 3.1.3.7, RFC 9207, RFC 9700)."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from consentcore.api import Authenticated, Refused, SignInRequest, Unavailable
from consentcore_login_oidc.login import Question
from tests.plugins.consentcore_login_oidc.conftest import CALLBACK, begin, complete
from tests.support.oidc_provider import CLIENT_ID, query_of

FAILED = Refused("failed")


def test_the_question_is_what_the_specifications_want(made, provider):
    sent = begin(made(scopes=("openid", "email")))
    asked = query_of(sent.url)
    assert asked.pop("state") == sent.state
    assert asked.pop("nonce")
    assert len(asked.pop("code_challenge")) == 43
    assert asked == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "scope": "openid email",
        "code_challenge_method": "S256",
    }
    fresh = query_of(begin(made(), fresh=True).url)
    assert (fresh["prompt"], fresh["max_age"]) == ("login", "0")


@pytest.mark.parametrize(
    ("asked", "parameters"),
    [
        (SignInRequest(), {}),
        (SignInRequest(fresh=True, max_age=600), {"prompt": "login", "max_age": "0"}),
        (SignInRequest(select_account=True), {"prompt": "select_account"}),
        (SignInRequest(fresh=True, select_account=True), {"prompt": "login select_account", "max_age": "0"}),
        (SignInRequest(max_age=600), {"max_age": "600"}),
        (SignInRequest(acr_values=("gold", "silver")), {"acr_values": "gold silver"}),
        (SignInRequest(login_hint="ada & é"), {"login_hint": "ada & é"}),
    ],
    ids=str,
)
def test_what_the_application_asks_is_passed_on(made, asked, parameters):
    sent = made().begin_asked(callback_url=CALLBACK, asked=asked, now=1_000_000)
    names = ("prompt", "max_age", "acr_values", "login_hint")
    assert {name: value for name, value in query_of(sent.url).items() if name in names} == parameters


def test_a_question_of_the_release_before_is_understood_and_the_other_way_round(made, provider):
    """Both run beside each other while one takes the place of the other."""
    plain, aged = (
        made().begin_asked(callback_url=CALLBACK, asked=asked, now=1_000_000).transient
        for asked in (SignInRequest(fresh=True), SignInRequest(max_age=600))
    )
    assert len(json.loads(plain)) == 4
    assert (Question.of(plain).fresh, Question.of(plain).max_age) == (True, None)
    assert (Question.of(aged).fresh, Question.of(aged).max_age) == (False, 600)


def test_a_good_answer_names_the_owner(made, provider, storage):
    signed_in_at = int(time.time()) - 100
    provider.claims = {"acr": "gold", "amr": ["pwd", "otp", 7], "auth_time": signed_in_at}
    outcome = complete(made(), provider)
    assert isinstance(outcome, Authenticated)
    assert (outcome.acr, outcome.amr) == ("gold", ("pwd", "otp"))
    assert outcome.auth_time == signed_in_at * 1000
    _, form, authorization = next(one for one in provider.seen if one[0] == "token")
    assert (form["grant_type"], form["redirect_uri"]) == ("authorization_code", CALLBACK)
    assert authorization.startswith("Basic ")
    assert "client_secret" not in form


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"aud": "somebody-else"},
        {"aud": None},
        {"aud": ["somebody-else"]},
        {"aud": [CLIENT_ID, "somebody-else"]},
        {"aud": [CLIENT_ID, "somebody-else"], "azp": "somebody-else"},
        {"azp": "somebody-else"},
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": 7},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e300},
        {"iat": None},
        {"at_hash": "another"},
    ],
    ids=str,
)
def test_claims_that_do_not_fit_are_refused(made, provider, claims):
    provider.claims = claims
    assert complete(made(), provider) == FAILED


def test_several_audiences_are_good_with_our_azp(made, provider):
    provider.claims = {"aud": ["other", CLIENT_ID], "azp": CLIENT_ID}
    assert isinstance(complete(made(), provider), Authenticated)


@pytest.mark.parametrize(("off", "good"), [(-50, True), (50, True), (-90, False), (90, False)])
def test_the_provider_clock_may_be_off_by_the_tolerance(made, provider, off, good):
    moment = int(time.time())
    provider.claims = {"iat": moment + off, "exp": moment + off + (5 if off < 0 else 300)}
    outcome = complete(made(clock_tolerance_s=60), provider, at=moment * 1000)
    assert isinstance(outcome, Authenticated) if good else outcome == FAILED


@pytest.mark.parametrize(("age_s", "good"), [(50, True), (90, False)])
def test_a_token_that_is_older_than_the_question_is_refused(made, provider, age_s, good):
    """However long it is good for still."""
    moment = int(time.time())
    provider.claims = {"iat": moment - age_s}
    outcome = complete(made(clock_tolerance_s=60), provider, at=moment * 1000)
    assert isinstance(outcome, Authenticated) if good else outcome == FAILED


@pytest.mark.parametrize(
    ("auth_time", "outcome"), [(None, "stale"), ("now", "stale"), (-3600, "stale"), (-30, ""), (0, "")]
)
def test_a_new_sign_in_must_be_new(made, provider, auth_time, outcome):
    moment = int(time.time())
    provider.claims = {"auth_time": moment + auth_time if isinstance(auth_time, int) else auth_time}
    found = complete(made(), provider, fresh=True, at=moment * 1000)
    assert found == Refused("stale") if outcome else isinstance(found, Authenticated)


@pytest.mark.parametrize(
    ("auth_time", "outcome"), [(None, "stale"), (-3600, "stale"), (-660, ""), (-600, ""), (0, "")]
)
def test_a_sign_in_must_be_as_new_as_was_asked(made, provider, auth_time, outcome):
    """OpenID Connect Core section 3.1.3.7, number 13; a minute for the clocks."""
    moment = int(time.time())
    provider.claims = {"auth_time": None if auth_time is None else moment + auth_time}
    login = made(clock_tolerance_s=60)
    sent = login.begin_asked(callback_url=CALLBACK, asked=SignInRequest(max_age=600), now=moment * 1000)
    found = complete(login, provider, sent, at=moment * 1000)
    assert found == Refused("stale") if outcome else isinstance(found, Authenticated)


def test_what_can_be_said_of_a_sign_in_is_what_is_set(made):
    assert made().acr_values == ()
    assert made(acr_values=("gold", "silver")).acr_values == ("gold", "silver")


def test_the_answer_of_another_issuer_is_not_believed(made, provider):
    for iss in ("https://evil.example", provider.issuer + "/", ""):
        assert complete(made(), provider, iss=iss) == FAILED
    assert complete(made(), provider, iss=None) == FAILED, "the provider says that it always sends it"
    assert [path for path, _, _ in provider.seen if path == "token"] == [], "no code went anywhere"


def test_iss_may_be_absent_where_the_provider_does_not_send_it(made, provider):
    provider.metadata = {"authorization_response_iss_parameter_supported": None}
    assert isinstance(complete(made(), provider, iss=None), Authenticated)
    assert complete(made(), provider, iss="https://evil.example") == FAILED


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("access_denied", Refused("cancelled")),
        ("login_required", FAILED),
        ("unmet_authentication_requirements", Refused("unmet")),
        ("account_selection_required", Refused("unselected")),
        ("<script>", FAILED),
        ("server_error", Unavailable(10)),
        ("temporarily_unavailable", Unavailable(10)),
    ],
)
def test_errors_of_the_provider_say_what_they_mean(made, provider, error, outcome):
    assert complete(made(), provider, code=None, error=error) == outcome


def test_an_answer_to_another_question_is_refused(made, provider):
    login = made()
    first, second = begin(login), begin(login)
    provider.sends_back(second.url)
    nonce = provider.asked["nonce"]
    provider.claims = {"nonce": nonce}
    assert complete(login, provider, first) == FAILED


# --- signatures ---


def unsigned(_header, claims):
    parts = [json.dumps({"alg": "none"}), json.dumps(claims)]
    return ".".join(urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts) + "."


def test_unsigned_tokens_are_refused(made, provider):
    provider.sign = unsigned
    assert complete(made(), provider) == FAILED


def test_a_public_key_is_no_secret(made, provider):
    """HMAC under the published key, the confusion of CVE-2016-10555."""

    def sign(_header, claims):
        secret = OctKey.import_key(json.dumps(provider.key.as_dict(private=False)).encode())
        return jwt.encode({"alg": "HS256", "kid": "k1"}, claims, secret, algorithms=["HS256"])

    provider.sign = sign
    assert complete(made(), provider) == FAILED


@pytest.mark.parametrize("kid", ["k1", "k2", None])
def test_the_key_of_somebody_else_is_refused(made, provider, kid):
    stranger = ECKey.generate_key("P-256")
    provider.sign = lambda _header, claims: jwt.encode(
        {"alg": "ES256", **({"kid": kid} if kid else {})}, claims, stranger, algorithms=["ES256"]
    )
    assert complete(made(), provider) == FAILED


def test_a_key_in_the_token_is_not_believed(made, provider):
    stranger = ECKey.generate_key("P-256")

    def sign(_header, claims):
        header = {"alg": "ES256", "kid": "k1", "jwk": stranger.as_dict(private=False)}
        return jwt.encode(header, claims, stranger, algorithms=["ES256"])

    provider.sign = sign
    assert complete(made(), provider) == FAILED


def test_a_token_that_was_changed_is_refused(made, provider):
    def sign(header, claims):
        token = jwt.encode(header, claims, provider.key, algorithms=["ES256"])
        head, body, signature = token.split(".")
        changed = json.loads(urlsafe_b64decode(body + "==")) | {"sub": "subject-2"}
        body = urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
        return f"{head}.{body}.{signature}"

    provider.sign = sign
    assert complete(made(), provider) == FAILED


@pytest.mark.parametrize(
    ("alg", "key"),
    [
        ("RS256", RSAKey.generate_key(2048, {"kid": "k1"})),
        ("PS256", RSAKey.generate_key(2048, {"kid": "k1"})),
        ("EdDSA", OKPKey.generate_key("Ed25519", {"kid": "k1"})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # as a name of Ed25519, which providers still use
def test_other_good_signatures_are_accepted(made, provider, alg, key):
    provider.key, provider.alg = key, alg
    provider.sign = lambda header, claims: jws.serialize_compact(
        header, json.dumps(claims).encode(), key, algorithms=[alg]
    )
    assert isinstance(complete(made(), provider), Authenticated)
    assert complete(made(id_token_algs=("ES256",)), provider) == FAILED


def test_a_new_key_is_fetched_when_a_token_names_it(made, provider, monkeypatch):
    login = made()
    assert isinstance(complete(login, provider), Authenticated)
    provider.key = ECKey.generate_key("P-256", {"kid": "k2", "use": "sig"})
    provider.header = {"kid": "k2"}
    assert complete(login, provider) == FAILED, "asked a moment ago: a stranger's tokens must not make us ask"
    later = time.monotonic() + 31
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert isinstance(complete(login, provider), Authenticated)


def test_a_key_set_may_hold_keys_of_other_kinds(made, provider):
    mine = provider.key.as_dict(private=False)
    provider.published = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "k1"},
        {"kty": "XYZ", "kid": "k1"},
        {"kty": "EC", "crv": "P-256", "x": "broken", "kid": "k1"},
        {**mine, "use": "enc"},
        "nonsense",
        mine,
    ]
    assert isinstance(complete(made(), provider), Authenticated)


# --- userinfo ---


def test_an_address_comes_from_userinfo_where_the_token_has_none(made, provider, storage):
    provider.claims = {"email": None, "email_verified": None}
    outcome = complete(made(), provider)
    assert isinstance(outcome, Authenticated)
    with storage.reading() as uow:
        assert uow.owners.get(outcome.owner_id).email == "ada@example.org"


def test_userinfo_of_somebody_else_is_refused(made, provider):
    provider.claims = {"email": None, "sub": "subject-2"}
    assert complete(made(), provider) == FAILED


def test_signing_out_leads_to_the_provider(made, provider):
    url = made().end(return_url="https://consent.example/login/out")
    assert url.startswith(f"{provider.issuer}/bye?")
    assert query_of(url) == {
        "client_id": CLIENT_ID,
        "post_logout_redirect_uri": "https://consent.example/login/out",
    }
    assert made(logout=False).end(return_url="x") == made(logout=False).origin == ""
    provider.metadata = {"end_session_endpoint": None}
    assert made().end(return_url="x") == ""
