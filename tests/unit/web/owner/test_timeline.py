"""Where the marks of a permission's life stand, and what they are called."""

from __future__ import annotations

import pytest

from consentcore.consent.story import EventFacts, Words
from consentcore.domain.clock import DAY
from consentcore.domain.event_kinds import EventType
from consentcore.domain.message import message
from consentcore.domain.parties import Actor, ActorType
from consentcore.domain.scope import ScopeType
from consentcore.testing import factories
from consentcore.testing.scenario import Scenario
from consentcore.web.owner.timeline import GAP, MOST_MARKS, Mark, Shape, Timeline, placed, timeline
from consentcore_memory import MemoryStorage

WORDS = Words(lambda reference: (ScopeType.READ, reference.partition("@")[0]), str, str)


@pytest.fixture
def scenario():
    client = factories.client(scopes=("sites.read", "comfort.read"))
    return Scenario.begin(MemoryStorage(), client=client)


def life(scenario, grant_id: str, direction: str = "ltr") -> Timeline:
    with scenario.storage.reading() as uow:
        grant = uow.grants.get(grant_id)
        told = [(event, EventFacts.of(event)) for event in uow.ledger.of_grant(grant_id)]
    return timeline(grant, told, WORDS, scenario.clock.now(), direction)


def said(line: Timeline) -> list[tuple[str, str]]:
    return [(mark.shape.value, str(mark.label)) for mark in line.marks]


def test_a_permission_that_stands_goes_from_allowed_by_today_to_its_end(scenario):
    grant = scenario.allow("sites.read")
    scenario.clock.advance(73 * DAY)
    line = life(scenario, grant.grant_id)
    assert said(line) == [("happened", "allowed"), ("today", "today"), ("to-come", "ends")]
    assert [mark.x for mark in line.marks] == [0, 20, 100]
    assert [mark.at for mark in line.marks] == [grant.created_at, scenario.clock.now(), grant.expires_at]
    assert line.lived == 20


def test_a_change_says_what_was_added(scenario):
    grant = scenario.allow("sites.read")
    scenario.clock.advance(10 * DAY)
    scenario.allow("sites.read", "comfort.read")
    assert said(life(scenario, grant.grant_id))[:2] == [
        ("happened", "allowed"),
        ("happened", "comfort.read added"),
    ]


def test_what_is_over_has_no_today_and_a_whole_line(scenario):
    grant = scenario.allow("sites.read")
    scenario.clock.advance(10 * DAY)
    scenario.revoke(grant.grant_id, actor=Actor(ActorType.OWNER, scenario.owner.owner_id))
    scenario.clock.advance(10 * DAY)
    line = life(scenario, grant.grant_id)
    assert said(line) == [("happened", "allowed"), ("over", "ended")]
    assert line.lived == 100


def test_an_attack_on_tokens_is_no_mark(scenario):
    grant = scenario.allow("sites.read")
    with scenario.storage.transaction() as uow:
        scenario.service.compromised(
            uow, family_id="none", grant_id=grant.grant_id, event_type=EventType.CODE_REPLAYED
        )
    assert len(life(scenario, grant.grant_id).marks) == 3


def test_where_reading_begins_at_the_right_the_line_does_too(scenario):
    grant = scenario.allow("sites.read")
    ltr, rtl = life(scenario, grant.grant_id), life(scenario, grant.grant_id, "rtl")
    assert (ltr.across(0), ltr.across(100)) == ("2.5%", "97.5%")
    assert (rtl.across(0), rtl.across(100)) == ("97.5%", "2.5%")


def marks(*times: int) -> list[Mark]:
    return [Mark(Shape.HAPPENED, at, message("changed")) for at in times]


def test_marks_of_nearly_the_same_time_stand_apart():
    places = [mark.x for mark in placed(marks(0, 1, 2, 1000))]
    assert places == [0, GAP, 2 * GAP, 100]
    late = [mark.x for mark in placed(marks(0, 998, 999, 1000))]
    assert late == [0, 100 - 2 * GAP, 100 - GAP, 100]


@pytest.mark.parametrize("count", [1, 2, 15, 40])
def test_however_many_marks_there_are_they_stay_on_the_line_in_their_order(count):
    places = [mark.x for mark in placed(marks(*range(count)))]
    assert places == sorted(places)
    assert (min(places), max(places)) == (0, 100 if count > 1 else 0)
    assert len(set(places)) == count


def test_all_at_one_time_are_still_apart():
    assert [mark.x for mark in placed(marks(5, 5))] == [0, GAP]


def test_of_a_long_life_the_beginning_and_the_latest_are_drawn(scenario):
    grant = scenario.allow("sites.read")
    for number in range(20):
        scenario.clock.advance(DAY)
        scenario.allow("sites.read", *(("comfort.read",) if number == 19 else ()))
    line = life(scenario, grant.grant_id)
    assert len(line.marks) == MOST_MARKS
    assert said(line)[0] == ("happened", "allowed")
    assert said(line)[-3:] == [("happened", "comfort.read added"), ("today", "today"), ("to-come", "ends")]
