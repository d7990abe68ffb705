"""A request like one that was found sound is not judged again, and nothing else follows from that."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from consentcore.api import ClientKind, transact
from consentcore.domain.client import Halt
from consentcore.domain.interaction import AuthorizeContext
from consentcore.oauth import sound_requests
from consentcore.oauth.authorization_request import AuthorizeState
from consentcore.oauth.messages import PageError, Pending, Redirect
from consentcore.oauth.parameters import AUTHORIZE, read_query
from consentcore.testing import factories

GOOD = {
    "response_type": "code",
    "client_id": "app",
    "redirect_uri": factories.REDIRECT_URI,
    "scope": " ".join(factories.SCOPES),
    "state": "st-1",
    "code_challenge": "x" * 43,
    "code_challenge_method": "S256",
}
OTHER = {
    "the same": {},
    "another state": {"state": "é&="},
    "no state": {"state": None},
    "another challenge": {"code_challenge": "y" * 43},
    "a bad challenge": {"code_challenge": "y" * 42},
    "no challenge": {"code_challenge": None},
    "no PKCE": {"code_challenge": None, "code_challenge_method": None},
    "no method": {"code_challenge_method": None},
    "plain": {"code_challenge_method": "plain"},
    "a bad state": {"state": "\x00"},
    "fewer scopes": {"scope": factories.SCOPES[0]},
    "a strange scope": {"scope": "strange"},
    "another address": {"redirect_uri": "https://evil.example/"},
    "no address": {"redirect_uri": None},
    "another answer": {"response_type": "token"},
    "no answer": {"response_type": None},
    "a prompt": {"prompt": "login"},
    "a bad prompt": {"prompt": "none login"},
    "a language": {"ui_locales": "de"},
    "an audience": {"resource": "https://api.example"},
    "a key": {"dpop_jkt": "z" * 43},
    "a bad key": {"dpop_jkt": "z"},
    "a request object": {"request": "x"},
    "another mode": {"response_mode": "fragment"},
    "something unknown": {"nonce": "1"},
}


def query(**changes):
    return urlencode({name: value for name, value in {**GOOD, **changes}.items() if value is not None})


def validated(scenario, endpoint, **changes):
    """The outcome, as far as it is the request's."""
    found = endpoint.validate(query(**changes), None)
    return found.request if isinstance(found, Pending) else found


def judged(scenario, monkeypatch):
    """What goes through all the checks."""
    seen, grant = [], scenario.server.authorization._grant
    real = grant.validate_authorization_request
    monkeypatch.setattr(
        grant, "validate_authorization_request", lambda request: seen.append(request.state) or real(request)
    )
    return seen


def test_what_differs_in_state_and_challenge_alone_is_judged_once(scenario, monkeypatch):
    seen, endpoint = judged(scenario, monkeypatch), scenario.server.authorization
    first = validated(scenario, endpoint)
    second = validated(scenario, endpoint, state="st-2", code_challenge="y" * 43)
    assert seen == ["st-1"]
    assert second == replace(first, state="st-2", code_challenge="y" * 43)


def test_whatever_was_found_sound_before_the_outcome_is_the_same(scenario):
    warm = scenario.server.authorization
    for changes in OTHER.values():
        validated(scenario, warm, **changes)
    for case, changes in OTHER.items():
        cold = scenario.make_server().authorization
        assert validated(scenario, warm, **changes) == validated(scenario, cold, **changes), case


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"redirect_uris": ("https://app.example/other",)}, PageError),
        ({"enabled": False}, PageError),
        ({"suspended": Halt(1, "why")}, PageError),
        ({"kind": ClientKind.RESOURCE_SERVER}, PageError),
        ({"scopes": factories.SCOPES[:1]}, Redirect),
        ({"require_par": True}, Redirect),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_a_changed_registration_counts_at_once(scenario, change, outcome):
    assert isinstance(scenario.server.authorization.validate(query(), None), Pending)
    transact(scenario.storage, lambda uow: uow.clients.update(replace(uow.clients.get("app"), **change)))
    assert isinstance(scenario.server.authorization.validate(query(), None), outcome)


def test_who_asks_and_what_was_granted_is_that_of_each_request(scenario):
    endpoint, session = scenario.server.authorization, scenario.session
    assert endpoint.validate(query(), None).context.session is None
    assert endpoint.validate(query(), session.session_hash).context.session == session
    assert endpoint.validate(query(), None).context.session is None


def asked(client, **changes):
    parameters = read_query(query(**changes), AUTHORIZE)
    return AuthorizeState(parameters, AuthorizeContext(client), catalog=None)


def test_an_equal_registration_is_another_one():
    known, client = sound_requests.SoundRequests(), factories.client()
    request = factories.request("app")
    known.keep(asked(client), request)
    assert known.like(asked(client)) is not None
    assert known.like(asked(replace(client))) is None


def test_what_was_pushed_is_not_taken_for_what_a_browser_brings():
    known, client = sound_requests.SoundRequests(), factories.client()
    pushed = replace(asked(client), pushed="urn:x")
    known.keep(pushed, factories.request("app"))
    assert known.like(asked(client)) is None
    known.keep(asked(client), factories.request("app"))
    assert known.like(pushed) is None


def test_there_is_a_bound():
    known, client = sound_requests.SoundRequests(), factories.client()
    for number in range(3 * sound_requests.PER_CLIENT):
        known.keep(asked(client, ui_locales=f"a-{number}"), factories.request("app"))
        assert len(known._kept.of(client)) <= sound_requests.PER_CLIENT
    long = asked(client, redirect_uri="https://a.example/" + "x" * sound_requests.LONGEST)
    known.keep(long, factories.request("app"))
    assert known.like(long) is None
