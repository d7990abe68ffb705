"""Keys of clients that are fetched, from a real server on loopback: kept, renewed, bounded, and never waited for."""

from __future__ import annotations

import json
import logging
import socket
import threading
from contextlib import contextmanager

import pytest
from joserfc.jwk import ECKey

from consentcore.api import AuthMethod, EgressPolicy
from consentcore.domain.self_registration import SelfRegistration
from consentcore.egress.errands import KEY_SET, STRANGERS_KEY_SET, served_at
from consentcore.oauth.client_auth import key_source
from consentcore.oauth.client_auth.client_jwt import parse
from consentcore.testing.threads import together
from tests.support.client_keys import accepted, claims, present, signed
from tests.support.patience import PATIENCE_S
from tests.support.sinks import Answer, http_sink

FIRST, SECOND, THIRD = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("first", "second", "third"))


def key_set(*keys, private=False) -> bytes:
    return json.dumps({"keys": [key.as_dict(private=private) for key in keys]}).encode()


@pytest.fixture
def sink():
    with http_sink() as made:
        made.answer = Answer(200, {"Content-Type": "application/json"}, key_set(FIRST))
        yield made


@pytest.fixture
def guarded(scenario, sink):
    scenario.server = scenario.make_server(egress=EgressPolicy(allow_networks=("127.0.0.0/8",)))
    scenario.add_client(
        "signer", auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks_uri=sink.url("/keys")
    )
    return scenario


def show(scenario, key=FIRST):
    return accepted(present(scenario, signed(claims(scenario), key)))


def test_60_keys_are_fetched_once_and_kept(guarded, sink):
    assert [show(guarded) for _ in range(3)] == [True] * 3
    (got,) = sink.received
    assert (got.path, got.body) == ("/keys", b"")
    assert "authorization" not in got.headers
    guarded.clock.advance(key_source.KEEP)
    assert show(guarded)
    assert len(sink.received) == 2


def test_60_unknown_kid_asks_again_but_not_more_than_twice_a_minute(guarded, sink):
    assert show(guarded)
    sink.answer = Answer(200, {}, key_set(FIRST, SECOND))
    assert [show(guarded, SECOND) for _ in range(5)] == [True] * 5
    assert len(sink.received) == 2
    sink.answer = Answer(200, {}, key_set(FIRST, SECOND, THIRD))
    guarded.clock.advance(key_source.WINDOW - 1)
    assert [show(guarded, THIRD) for _ in range(5)] == [False] * 5
    assert len(sink.received) == 2
    guarded.clock.advance(1)
    assert [show(guarded, THIRD) for _ in range(5)] == [True] * 5
    assert len(sink.received) == 3


def test_60_key_that_was_taken_back_is_refused(guarded, sink):
    assert show(guarded)
    sink.answer = Answer(200, {}, key_set(SECOND))
    guarded.clock.advance(key_source.KEEP)
    assert not show(guarded)
    assert show(guarded, SECOND)


def without_kid(key):
    return {name: value for name, value in key.as_dict(private=False).items() if name != "kid"}


def unnamed(*keys) -> bytes:
    return json.dumps({"keys": [without_kid(key) for key in keys]}).encode()


def test_60_unknown_kid_asks_again_where_the_kept_keys_have_none(guarded, sink):
    sink.answer = Answer(200, {}, unnamed(FIRST))
    assert show(guarded)  # many clients name a thumbprint that their set lacks
    assert show(guarded)
    assert len(sink.received) == 1
    sink.answer = Answer(200, {}, unnamed(FIRST, SECOND))
    assert show(guarded, SECOND)
    assert len(sink.received) == 2


def test_60_key_that_takes_the_place_of_another_under_its_kid_is_fetched(guarded, sink):
    assert show(guarded)
    renewed = ECKey.generate_key("P-256", {"kid": "first"})
    sink.answer = Answer(200, {}, key_set(renewed))
    assert show(guarded, renewed)
    assert not show(guarded)
    assert len(sink.received) == 2


def test_60_assertion_without_kid_asks_again_for_a_new_key(guarded, sink):
    assert show(guarded)
    sink.answer = Answer(200, {}, key_set(FIRST, SECOND))
    assert accepted(present(guarded, signed(claims(guarded), SECOND, kid="")))
    assert len(sink.received) == 2


def test_60_keys_of_one_kid_are_tried_in_turn(guarded, sink):
    """RFC 7517 section 4.5 only says that they should have different ones."""
    old, new = (ECKey.generate_key("P-256", {"kid": "sig"}) for _ in range(2))
    sink.answer = Answer(200, {}, key_set(old, new))
    assert [show(guarded, old), show(guarded, new)] == [True, True]


def test_60_members_that_nobody_understands_are_passed_over(guarded, sink):
    """RFC 7517 section 5."""
    odd = [
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA", "kid": "first"},
        {"kty": ["EC"], "kid": "first"},
        {**FIRST.as_dict(private=False), "alg": ["ES256"]},
        {**FIRST.as_dict(private=False), "alg": "ES999"},
        {**FIRST.as_dict(private=False), "use": "attest"},
        {**FIRST.as_dict(private=False), "use": {"a": 1}},
        {**FIRST.as_dict(private=False), "key_ops": {"verify": 1}},
        {**FIRST.as_dict(private=False), "kid": 7},
        {"kty": "RSA", "n": 1, "e": None, "kid": "first"},
    ]
    sink.answer = Answer(200, {}, json.dumps({"keys": [*odd, FIRST.as_dict(private=False)]}).encode())
    assert show(guarded)


def test_60_members_that_are_null_are_absent_and_a_byte_order_mark_is_passed_over(guarded, sink):
    """What Jackson and .NET write by default; RFC 8259 section 8.1."""
    nulls = dict.fromkeys(("alg", "use", "key_ops", "x5c", "d", "p", "k"))
    document = json.dumps({"keys": [{**FIRST.as_dict(private=False), **nulls}]}).encode()
    sink.answer = Answer(200, {}, b"\xef\xbb\xbf" + document)
    assert show(guarded)


def test_wrong_claims_ask_nobody(guarded, sink):
    assert not accepted(present(guarded, signed(claims(guarded, aud="https://evil.example"), FIRST)))
    assert not sink.received


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, {}, key_set(FIRST)),
        Answer(500, {}, b""),
        Answer(302, {"Location": "/other"}, key_set(FIRST)),
        Answer(200, {}, b"<html>"),
        Answer(200, {}, b"\xff\xfe"),
        Answer(200, {}, b"[" * 60_000),
        Answer(200, {}, key_set(FIRST, private=True)),
        Answer(200, {}, key_set(FIRST)[:-1] + b" " * 70_000 + b"}"),
    ],
    ids=["404", "500", "redirect", "html", "not UTF-8", "nested", "private key", "too large"],
)
def test_bad_answers_are_refusals_that_the_log_explains(guarded, sink, answer, caplog):
    sink.answer = answer
    with caplog.at_level(logging.WARNING):
        assert [show(guarded) for _ in range(3)] == [False] * 3
    assert len(sink.received) == 1
    assert "the keys of client signer at http://127.0.0.1" in caplog.text


def test_keys_stay_good_while_the_server_is_down(guarded, sink):
    assert show(guarded)
    sink.answer = Answer(500, {}, b"")
    assert not show(guarded, SECOND)
    guarded.clock.advance(key_source.PAUSE)
    assert not show(guarded, SECOND)
    assert show(guarded)
    guarded.clock.advance(key_source.KEEP)
    assert not show(guarded)


def test_provider_that_never_answers_holds_nobody_for_long(scenario, monkeypatch):
    monkeypatch.setattr("consentcore.oauth.client_auth.TIMEOUT_S", 0.3)
    monkeypatch.setattr(key_source, "TIMEOUT_S", 0.3)
    scenario.server = scenario.make_server(egress=EgressPolicy(allow_networks=("127.0.0.0/8",)))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/keys"
        scenario.add_client("signer", auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks_uri=url)
        scenario.add_client(
            "other", auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks=key_set(FIRST).decode()
        )
        assert together(4, lambda _: show(scenario)) == [False] * 4
        silent.accept()[0].close()
        silent.setblocking(False)
        assert not show(scenario)
        assert accepted(present(scenario, signed(claims(scenario, iss="other", sub="other"), FIRST)))
        with pytest.raises(BlockingIOError):  # not asked again so soon
            silent.accept()


def test_where_the_last_answer_failed_only_one_thread_waits_for_the_next(guarded, sink, monkeypatch):
    sink.answer = Answer(500, {}, b"")
    assert not show(guarded)
    guarded.clock.advance(key_source.PAUSE)
    asked, go_on = threading.Event(), threading.Event()

    def hold(handler):
        asked.set()
        go_on.wait(PATIENCE_S)
        handler.send_error(500)

    sink.answer = Answer(raw=hold)
    monkeypatch.setattr(
        key_source, "TIMEOUT_S", PATIENCE_S
    )  # who waits for the first one, outlasts its request
    first = threading.Thread(target=show, args=(guarded,))
    first.start()
    assert asked.wait(PATIENCE_S)
    assert not show(guarded)
    assert first.is_alive()  # the second one is answered while the first one waits
    go_on.set()
    first.join()


def test_95_keys_are_not_fetched_past_the_guard(scenario, sink, caplog):
    """The server of the fixture has no allowed networks."""
    scenario.add_client(
        "signer", auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks_uri=sink.url("/keys")
    )
    assert not show(scenario)
    assert not sink.received
    assert "blocked_address" in caplog.text


def test_urls_are_forgotten_when_there_are_many(guarded, sink, monkeypatch):
    monkeypatch.setattr(key_source, "MOST_URLS", 2)
    for number in range(4):
        name = f"many{number}"
        guarded.add_client(
            name, auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks_uri=sink.url(f"/{number}")
        )
        assert accepted(present(guarded, signed(claims(guarded, iss=name, sub=name), FIRST)))
    assert len(sink.received) == 4


def named(scenario, key, **header):
    """The one key that a header means, as a request object has it (RFC 9101)."""
    client = scenario.storage.protocol.read_authorize("signer", None, scenario.clock.now()).client
    jwt = parse(signed(claims(scenario), key, **header))
    found = scenario.server._context.client_keys.named(client, jwt, scenario.clock.now())
    return found and found.kid


def test_60_named_key_comes_from_the_same_cache(guarded, sink):
    assert show(guarded)
    assert [named(guarded, FIRST) for _ in range(3)] == ["first"] * 3
    assert len(sink.received) == 1
    sink.answer = Answer(200, {}, key_set(FIRST, SECOND))
    assert [named(guarded, SECOND) for _ in range(3)] == ["second"] * 3
    assert [named(guarded, THIRD) for _ in range(3)] == [None] * 3
    assert len(sink.received) == 2


def test_60_named_key_is_sure_or_none(guarded, sink):
    sink.answer = Answer(200, {}, unnamed(FIRST))
    assert named(guarded, FIRST) == ""
    guarded.clock.advance(key_source.KEEP)
    sink.answer = Answer(200, {}, key_set(FIRST, SECOND))
    assert named(guarded, FIRST, kid="") is None
    guarded.clock.advance(key_source.KEEP)
    both = json.loads(key_set(FIRST))["keys"] + json.loads(unnamed(SECOND))["keys"]
    sink.answer = Answer(200, {}, json.dumps({"keys": both}).encode())
    assert named(guarded, FIRST) == "first"
    assert named(guarded, SECOND) == ""


def test_60_named_key_is_none_while_nobody_answers(guarded, sink):
    sink.answer = Answer(500)
    assert named(guarded, FIRST) is None


def stranger(scenario, url, client_id="stranger", **fields):
    values = {"auth_method": AuthMethod.PRIVATE_KEY_JWT, "secrets": (), "jwks_uri": url}
    scenario.add_client(client_id, **values, self_registered=SelfRegistration(1), **fields)
    return client_id


def show_as(scenario, client_id, key=FIRST):
    return accepted(present(scenario, signed(claims(scenario, iss=client_id, sub=client_id), key)))


def test_key_sets_of_strangers_are_never_asked_for_inside_networks_that_are_open(guarded, sink):
    stranger(guarded, sink.url("/keys"))
    assert not show_as(guarded, "stranger")
    assert sink.received == []
    stranger(guarded, sink.url("/keys"), "checked", verified_at=1)
    assert show_as(guarded, "checked")
    assert len(sink.received) == 1


def test_what_strangers_ask_of_a_url_has_no_say_in_when_it_is_asked_for_others(guarded, sink):
    stranger(guarded, sink.url("/keys"))
    for _ in range(5):
        assert not show_as(guarded, "stranger")
    assert show(guarded)


def test_strangers_wait_for_key_sets_in_a_lane_of_their_own(guarded, sink):
    rooms = []

    class Here:
        @contextmanager
        def room(self, wanted):
            rooms.append((wanted.kind, wanted.target, wanted.sender))
            yield

    stranger(guarded, "https://keys.example/a")
    with served_at(Here()):
        show_as(guarded, "stranger")
        show(guarded)
    assert (STRANGERS_KEY_SET, "keys.example", "stranger") in rooms
    assert (KEY_SET, sink.url("/keys"), "signer") in rooms
