"""Owners are reminded of what ends soon: once, by however many workers."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from consentcore.api import DAY, Actor, ActorType, NoticeKind
from consentcore.consent.offers import Durations
from consentcore.consent.reminders import Reminders, reminder_id
from consentcore.domain.notice_facts import ConsentFacts
from consentcore.settings import ConsentSettings
from consentcore_memory import MemoryStorage
from tests.support.worker_scenario import WorkerScenario


@pytest.fixture
def scenario() -> WorkerScenario:
    return WorkerScenario.begin(MemoryStorage())


def reminders(scenario, *days: int) -> Reminders:
    settings = ConsentSettings(reminder_days=days or (30, 7))
    return Reminders(scenario.storage, scenario.clock, settings)


def told(scenario, grant) -> list[int]:
    """Of how many days before its end the owner was told, the longest first."""
    names = {reminder_id(grant, days): days for days in (30, 14, 7)}
    with scenario.storage.reading() as uow:
        return [names[name] for name in names if name in uow.notices.several([name])]


def before_the_end(scenario, grant, days: float) -> None:
    scenario.clock.advance(grant.expires_at - scenario.clock.now() - int(days * DAY))


def test_nt_06_reminded_30_and_7_days_before_and_once_each(scenario):
    grant, worker = scenario.allow("comfort.read"), reminders(scenario)
    for days, expected in [(31, []), (30, [30]), (29, [30]), (8, [30]), (7, [30, 7]), (1, [30, 7])]:
        before_the_end(scenario, grant, days)
        worker.run()
        assert told(scenario, grant) == expected, days


def test_nt_06_nt_25_restarts_and_a_second_worker_tell_nothing_twice(scenario):
    grant = scenario.allow("comfort.read")
    before_the_end(scenario, grant, 20)
    workers = [reminders(scenario) for _ in range(4)]
    threads = [threading.Thread(target=one.run) for one in workers]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    reminders(scenario).run()
    scenario.worker().run_once()
    kinds = [envelope.notice.kind for envelope, _ in scenario.mailer.sent]
    assert kinds.count(NoticeKind.ACCESS_ENDING) == 1


def test_nt_06_a_worker_that_was_away_tells_the_nearest_only(scenario):
    grant = scenario.allow("comfort.read")
    before_the_end(scenario, grant, 3)
    reminders(scenario).run()
    assert told(scenario, grant) == [7]


def test_nt_06_nobody_is_reminded_of_an_end_that_they_have_just_chosen(scenario):
    scenario.service.durations = Durations(scenario.catalog, 20)
    grant, worker = scenario.allow("comfort.read"), reminders(scenario)
    worker.run()
    assert told(scenario, grant) == []
    before_the_end(scenario, grant, 7)
    worker.run()
    assert told(scenario, grant) == [7]


def test_nt_06_a_renewed_permission_is_reminded_of_anew(scenario):
    grant, worker = scenario.allow("comfort.read"), reminders(scenario)
    before_the_end(scenario, grant, 5)
    worker.run()
    renewed = scenario.allow("comfort.read")
    assert renewed.grant_id == grant.grant_id
    worker.run()
    assert told(scenario, renewed) == []
    before_the_end(scenario, renewed, 7)
    worker.run()
    assert told(scenario, renewed) == [7]
    assert told(scenario, grant) == [7], "the old end, and not again"


@pytest.mark.parametrize("what", ["revoked", "disabled"])
def test_nt_06_nobody_is_reminded_of_what_has_ended(scenario, what):
    grant = scenario.allow("comfort.read")
    before_the_end(scenario, grant, 7)
    if what == "revoked":
        scenario.withdraw(grant, Actor(ActorType.OWNER, scenario.owner.owner_id))
    else:
        scenario.disable_client()
    reminders(scenario).run()
    assert told(scenario, grant) == []


def test_nt_06_a_worker_reads_again_only_what_comes_near_its_end(scenario, monkeypatch):
    grant, worker = scenario.allow("comfort.read"), reminders(scenario, 30)
    before_the_end(scenario, grant, 20)
    worker.run()
    scenario.clock.advance(DAY)
    asked = []
    repository = type(scenario.storage.reading().__enter__().grants)
    original = repository.ending

    def ending(self, behind, until, limit):
        asked.append((behind, until))
        return original(self, behind, until, limit)

    monkeypatch.setattr(repository, "ending", ending)
    worker.run()
    ((behind, until),) = asked
    assert until - behind[0] < 2 * DAY
    assert told(scenario, grant) == [30]


def test_nt_06_more_than_a_batch_is_told_of_in_turns(scenario, monkeypatch):
    monkeypatch.setattr("consentcore.consent.reminders.BATCH", 2)
    grants = []
    for number in range(5):
        scenario.client = scenario.add_client(f"client-{number}", name=f"App {number}")
        grants.append(scenario.allow("comfort.read"))
    before_the_end(scenario, grants[0], 7)
    worker = reminders(scenario)
    while worker.run():
        pass
    assert [told(scenario, grant) for grant in grants] == [[7]] * 5


def test_nt_06_no_days_are_no_reminders(scenario):
    grant = scenario.allow("comfort.read")
    before_the_end(scenario, grant, 1)
    Reminders(scenario.storage, scenario.clock, ConsentSettings(reminder_days=())).run()
    assert told(scenario, grant) == []


def test_nt_06_a_reminder_says_what_the_mail_needs_and_which_decision_it_is_about(scenario):
    grant = scenario.allow("comfort.read", "energy.read")
    before_the_end(scenario, grant, 7)
    reminders(scenario).run()
    with scenario.storage.reading() as uow:
        (notice,) = uow.notices.several([reminder_id(grant, 7)]).values()
        (event,) = uow.ledger.of_grant(grant.grant_id)
    facts = ConsentFacts.from_json(notice.data)
    assert (notice.owner_id, notice.client_id) == (grant.owner_id, grant.client_id)
    assert facts.scopes == ("comfort.read", "energy.read")
    assert facts.about == event.event_id
    assert facts.client_name == "CoolSite"


@pytest.mark.parametrize("how", ["ended", "renewed", "over", "stands"])
def test_nt_06_a_reminder_that_has_waited_is_for_an_end_that_still_comes(scenario, how):
    grant = scenario.allow("comfort.read")
    before_the_end(scenario, grant, 20)
    reminders(scenario).run()
    if how == "ended":
        scenario.withdraw(grant, Actor(ActorType.OWNER, grant.owner_id))
    elif how == "renewed":
        with scenario.storage.transaction() as uow:
            later = replace(grant, expires_at=grant.expires_at + DAY)
            uow.grants.update(later, expected_sequence=grant.sequence)
    elif how == "over":
        before_the_end(scenario, grant, -1)
    scenario.worker().run_once()
    name = reminder_id(grant, 30)
    (reminder,) = [envelope for envelope, _ in scenario.mailer.sent if envelope.notice.notice_id == name]
    assert (reminder.owner is not None) is (how == "stands")
