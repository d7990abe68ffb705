"""Checking by asking: what is believed, for how long, and what happens when nobody answers."""

from __future__ import annotations

import gc
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from consentcore.resource import Introspection, Refused
from tests.support.stub_issuer import AUDIENCE, NOW


def refusal(checker, token):
    with pytest.raises(Refused) as caught:
        checker.check(token)
    return caught.value


def test_a_live_token_is_told_of(issuer):
    found = issuer.checker().check(issuer.give("t"))
    assert (found.subject, found.client_id, found.grant_id) == ("s", "app", "g-1")
    assert found.scopes == {"a", "b"}
    assert found.audience == ()


def test_server_that_is_asked_is_the_one_of_that_name(monkeypatch):
    """IDNA 2003, which http.client knows, would ask strasse.example, and give it the secret."""
    asked = []

    def look_up(host, *rest, **more):
        asked.append(host)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert refusal(Introspection("https://straße.example/introspect", "api", "hush"), "t").status == 503
    assert asked == ["xn--strae-oqa.example"]


def test_a_good_answer_is_remembered_for_the_set_time_and_no_longer(issuer):
    checker = issuer.checker(cache_s=2.0)
    issuer.give("t")
    for _ in range(3):
        found = checker.check("t")
    assert len(issuer.asked) == 1
    with pytest.raises(TypeError):
        found.claims["scope"] = "everything"
    issuer.tokens.clear()  # revoked
    issuer.now += 1.9
    checker.check("t")
    issuer.now += 0.1
    assert refusal(checker, "t").error == "invalid_token"


def test_without_a_cache_a_revocation_works_at_once(issuer):
    checker = issuer.checker(cache_s=0)
    issuer.give("t")
    checker.check("t")
    issuer.tokens.clear()
    assert refusal(checker, "t").status == 401
    assert len(checker._good) == len(checker._bad) == 0


def test_nothing_is_remembered_beyond_its_end(issuer):
    checker = issuer.checker(cache_s=60)
    issuer.give("t", exp=NOW + 1)
    checker.check("t")
    issuer.now += 1
    assert refusal(checker, "t").error == "invalid_token"


def test_a_refusal_is_remembered_for_a_second_at_most(issuer):
    checker = issuer.checker(cache_s=60)
    assert refusal(checker, "t").error == "invalid_token"
    assert refusal(checker, "t").error == "invalid_token"
    assert len(issuer.asked) == 1
    issuer.give("t")
    issuer.now += 1
    checker.check("t")


def test_noise_is_bounded_and_pushes_out_nothing_good(issuer):
    checker = issuer.checker(cache_s=60, cache_entries=10)
    issuer.give("t")
    checker.check("t")
    for number in range(30):
        refusal(checker, f"noise{number}")
    assert len(checker._bad) == 10
    asked = len(issuer.asked)
    checker.check("t")
    assert len(issuer.asked) == asked
    for number in range(30):
        checker.check(issuer.give(f"good{number}"))
    assert len(checker._good) == 10


def test_an_answer_that_nobody_could_give_is_not_remembered(issuer):
    checker = issuer.checker()
    issuer.status = 500
    assert refusal(checker, "t").status == 503
    issuer.status = 200
    issuer.give("t")
    checker.check("t")


@pytest.mark.parametrize(
    "claims",
    [{"active": False}, {"token_type": "refresh_token"}, {"exp": NOW}, {"aud": "https://other.example"}],
)
def test_what_is_not_for_this_api_is_refused(issuer, claims):
    issuer.give("t", **claims)
    assert refusal(issuer.checker(audience=[AUDIENCE]), "t").error == "invalid_token"


@pytest.mark.parametrize("aud", [AUDIENCE, ["https://other.example", AUDIENCE]])
def test_an_audience_among_several_is_enough(issuer, aud):
    issuer.give("t", aud=aud)
    assert AUDIENCE in issuer.checker(audience=[AUDIENCE]).check("t").audience


NO_ANSWERS = [b"", b"<html>", b"[]", b"null", b'{"active": 1}', b'{"active": "true"}', b"{}", b"[" * 5000]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""),
        (503, b""),
        (401, b"{}"),
        (302, b""),
        (404, b"<html>"),
        *((200, body) for body in NO_ANSWERS),
    ],
)
def test_when_the_answer_is_no_answer_nobody_gets_in(issuer, status, body):
    issuer.give("t")
    issuer.status, issuer.body = status, body
    assert refusal(issuer.checker(), "t").status == 503


def test_a_busy_server_says_when_to_come_again(issuer):
    issuer.status, issuer.headers = 429, {"Retry-After": "17"}
    assert dict(refusal(issuer.checker(), "t").headers("x"))["Retry-After"] == "17"


@pytest.mark.parametrize("text", ["\xb2", "9" * 20, "-1", "soon"])
def test_a_busy_server_that_names_no_usable_time_is_asked_again_soon(issuer, text):
    issuer.status, issuer.headers = 503, {"Retry-After": text}
    assert dict(refusal(issuer.checker(), "t").headers("x"))["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("exp", "live"),
    [(10**400, True), (float("inf"), True), (float("nan"), False)],
    ids=["huge", "inf", "nan"],
)
def test_an_end_that_is_no_time_is_no_error(issuer, exp, live):
    issuer.give("t", exp=exp)
    if live:
        assert issuer.checker().check("t")
    else:
        assert refusal(issuer.checker(), "t").status == 401


def test_an_answer_without_end_is_cut(issuer):
    issuer.body = b'{"active": true, "x": "' + b"x" * 300_000 + b'"}'
    assert refusal(issuer.checker(), "t").status == 503


def test_chunk_of_less_than_nothing_is_no_answer(issuer):
    issuer.headers["Transfer-Encoding"] = "chunked"
    issuer.body = b"-5\r\n{}\r\n"
    assert refusal(issuer.checker(), "t").status == 503


def test_a_slow_server_and_a_missing_one_are_not_waited_for(issuer):
    issuer.delay_s = 1.0
    assert refusal(issuer.checker(timeout_s=0.1), "t").status == 503
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        nobody = Introspection(f"http://127.0.0.1:{held.getsockname()[1]}/", "api", "x")
        assert refusal(nobody, "t").status == 503


def test_who_is_let_go_of_leaves_no_connection_open(issuer):
    issuer.give("t")
    made = issuer.checker(cache_s=0)
    made.check("t")
    [kept] = made._endpoint._idle
    assert kept.sock is not None
    issuer.opened.remove(made)
    del made
    gc.collect()
    assert kept.sock is None


def test_a_connection_is_used_again_and_a_closed_one_replaced(issuer):
    checker = issuer.checker(cache_s=0)
    issuer.give("t")
    for _ in range(5):
        checker.check("t")
    assert issuer.connections == 1
    issuer.hang_up = True
    assert refusal(checker, "t").status == 503
    issuer.hang_up = False
    checker.check("t")
    checker.close()
    checker.check("t")


def test_many_threads_may_ask_at_once(issuer):
    checker = issuer.checker()
    for number in range(5):
        issuer.give(f"t{number}", sub=f"s{number}")
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda n: checker.check(f"t{n % 5}").subject, range(200)))
    assert found == [f"s{n % 5}" for n in range(200)]


def test_an_url_that_is_none_is_refused():
    with pytest.raises(ValueError, match="http or https"):
        Introspection("ftp://x", "a", "b")


def test_token_that_is_bound_to_a_key_is_told_of(issuer):
    """RFC 9449 section 6.2: ``token_type`` is DPoP then."""
    found = issuer.checker().check(issuer.give("t", token_type="DPoP", cnf={"jkt": "k"}))
    assert found.claims["cnf"] == {"jkt": "k"}


@pytest.mark.parametrize("claims", [{"token_type": "DPoP"}, {"token_type": "DPoP", "cnf": None}])
def test_token_that_does_not_say_to_which_key_it_is_bound_is_refused(issuer, claims):
    assert refusal(issuer.checker(), issuer.give("t", **claims)).error == "invalid_token"


def test_token_that_names_no_api_opens_none_that_demands_it(issuer):
    """The authorization text of MCP: tokens have to be issued for this server."""
    strict = {"audience": [AUDIENCE], "require_audience": True}
    assert refusal(issuer.checker(**strict), issuer.give("t")).error == "invalid_token"
    assert issuer.checker(**strict).check(issuer.give("named", aud=AUDIENCE)).audience == (AUDIENCE,)
    assert issuer.checker(audience=[AUDIENCE]).check(issuer.give("t")).audience == ()
    with pytest.raises(ValueError, match="audience: expected at least one URI"):
        issuer.checker(require_audience=True)
