"""What judges `make chaos` notices what it is there for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from chaos.hostile import Hooks
from chaos.verdict import _person, _sequences
from consentcore.domain.event_kinds import EventType

EVENTS = [
    SimpleNamespace(event_id="e1", grant_id="g", sequence=1, type=EventType.GRANTED),
    SimpleNamespace(event_id="e2", grant_id="g", sequence=2, type=EventType.WITHDRAWN),
]


@pytest.fixture
def stage():
    hooks = Hooks(taken={"e1": 1, "e2": 2})
    hooks.sequences["g"] = {1: "consent.granted", 2: "consent.revoked"}
    mails = SimpleNamespace(taken={("e1", "a@x"): 1, ("e2", "a@x"): 1})
    return SimpleNamespace(hooks=hooks, mails=mails)


def person(**overrides):
    kept = {"email": "a@x", "granted": ["t"], "revoked": 1, "is_rid_of_everything": lambda: True}
    return SimpleNamespace(**{**kept, **overrides})


def test_truth_is_no_problem(stage):
    assert list(_person(stage, person(), EVENTS)) == []
    assert list(_sequences(stage, EVENTS)) == []


@pytest.mark.parametrize(
    ("changed", "events", "said"),
    [
        ({"granted": ["t", "u"]}, EVENTS, "of 2 confirmed consents"),
        ({"revoked": 2}, EVENTS, "of 2 confirmed revocations"),
        ({"is_rid_of_everything": lambda: False}, EVENTS, "sees a consent that was taken back"),
        (
            {},
            [*EVENTS, SimpleNamespace(event_id="e3", grant_id="g", sequence=3, type=EventType.CODE_REPLAYED)],
            "nobody caused",
        ),
    ],
)
def test_what_was_confirmed_and_is_not_so_is_told(stage, changed, events, said):
    assert any(said in problem for problem in _person(stage, person(**changed), events))


def test_what_somebody_was_not_told_is_told(stage):
    del stage.hooks.taken["e1"], stage.mails.taken["e2", "a@x"]
    first, second = _person(stage, person(), EVENTS)
    assert "the application was never told" in first
    assert "had no mail" in second


@pytest.mark.parametrize(
    "told", [{1: "consent.granted"}, {1: "consent.granted", 2: "consent.granted"}, {}, {2: "consent.revoked"}]
)
def test_application_that_knows_something_else_is_told(stage, told):
    stage.hooks.sequences["g"] = told
    assert len(list(_sequences(stage, EVENTS))) == 1
