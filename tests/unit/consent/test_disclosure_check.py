from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.consent.forgetting import make_tombstone
from consentcore.consent.personal import OWNER_EMAIL, digests_in, disclosed
from consentcore.consent.shown import freeze
from consentcore.consent.verify import verify_all
from consentcore.domain.event import Evidence
from consentcore.domain.parties import Actor, ActorType
from consentcore.testing import factories
from tests.unit.consent.conftest import EVERY_SCOPE
from tests.unit.consent.test_service import body_of


def verify(scenario):
    return verify_all(scenario.storage, scenario.keys)


def kept(scenario):
    return scenario.storage._engine.committed.disclosures


@pytest.fixture
def two_people(scenario):
    """Two owners who allowed the same application the same."""
    other = factories.owner(email="grace@example.org", name="")
    with scenario.storage.transaction() as uow:
        uow.owners.add(other)
    return scenario.approve("sites.read").event, scenario.approve("sites.read", owner=other).event


def test_rt_06_what_was_written_is_sound_and_nobody_is_named_in_a_body(scenario, two_people):
    assert verify(scenario).ok
    for event in two_people:
        assert digests_in(body_of(event))
        assert scenario.owner.email not in event.body
        assert "grace@example.org" not in event.body


def test_rt_06_values_of_two_people_that_were_exchanged_are_found(scenario, two_people):
    first, second = (digests_in(body_of(event))[0] for event in two_people)
    table = kept(scenario)
    one, other = table.get(first), table.get(second)
    table.put(first, replace(one, encoded=other.encoded))
    table.put(second, replace(other, encoded=one.encoded))
    report = verify(scenario)
    assert {problem.event_id for problem in report.problems} == {event.event_id for event in two_people}
    assert {problem.text for problem in report.problems} == {
        "a personal value is not the one that it commits to"
    }


def test_rt_06_addresses_of_two_people_that_were_exchanged_are_found(scenario, two_people):
    """In the rows of the people: the evidence knows better, and the reader of the evidence is told."""
    owners = scenario.storage._engine.committed.owners
    ada, grace = (owners.get(event.owner_id) for event in two_people)
    owners.put(ada.owner_id, replace(ada, email=grace.email))
    owners.put(grace.owner_id, replace(grace, email=ada.email))
    report = verify(scenario)
    assert {problem.event_id for problem in report.problems} == {event.event_id for event in two_people}
    assert "another address" in report.problems[0].text
    with scenario.storage.reading() as uow:
        assert disclosed(uow, two_people[0])[OWNER_EMAIL] == ada.email


def test_an_address_that_has_changed_since_is_in_order(scenario, two_people):
    scenario.clock.advance(1000)
    with scenario.storage.transaction() as uow:
        owner = uow.owners.get(scenario.owner.owner_id)
        moved = replace(owner, email="ada@elsewhere.example", email_changed_at=scenario.clock.now())
        uow.owners.update(moved)
    assert verify(scenario).ok


def test_a_value_that_was_made_away_with_is_found(scenario, two_people):
    kept(scenario).drop([digests_in(body_of(two_people[0]))[0]])
    (problem,) = verify(scenario).problems
    assert problem.event_id == two_people[0].event_id
    assert problem.text == "a personal value that it commits to is gone, and was not forgotten by us"


def test_rt_06_what_was_forgotten_is_in_order_and_is_counted(scenario, two_people):
    digests = digests_in(body_of(two_people[0]))
    with scenario.storage.transaction() as uow:
        uow.ledger.forget(
            [make_tombstone(scenario.keys, one, scenario.clock.now(), "erasure") for one in digests]
        )
    report = verify(scenario)
    assert report.ok
    assert report.forgotten == len(digests) == 2
    with scenario.storage.reading() as uow:
        assert disclosed(uow, two_people[0]) == {}


def test_a_tombstone_that_is_not_ours_excuses_nothing(scenario, two_people):
    digest = digests_in(body_of(two_people[0]))[0]
    with scenario.storage.transaction() as uow:
        uow.ledger.forget([factories.tombstone(digest, key_id=scenario.keys.current_id)])
    (problem,) = verify(scenario).problems
    assert "is not ours" in problem.text


@pytest.mark.parametrize("wrong", [{"reason": b"erasure"}, {"seal": "text"}], ids=["reason", "seal"])
def test_a_tombstone_of_values_of_another_kind_is_found(scenario, two_people, wrong):
    """What a database may hold that we never wrote is no excuse for the rows behind it."""
    digest = digests_in(body_of(two_people[0]))[0]
    made = make_tombstone(scenario.keys, digest, scenario.clock.now(), "erasure")
    with scenario.storage.transaction() as uow:
        uow.ledger.forget([replace(made, **wrong)])
    (problem,) = verify(scenario).problems
    assert "is not ours" in problem.text


def test_a_tombstone_of_a_key_that_is_gone_is_said(scenario, two_people):
    digest = digests_in(body_of(two_people[0]))[0]
    with scenario.storage.transaction() as uow:
        uow.ledger.forget([factories.tombstone(digest, key_id="lost")])
    (problem,) = verify(scenario).problems
    assert "lost" in problem.text


def test_a_forgotten_value_that_is_there_again_is_found(scenario, two_people):
    digest = digests_in(body_of(two_people[0]))[0]
    value = kept(scenario).get(digest)
    with scenario.storage.transaction() as uow:
        uow.ledger.forget([make_tombstone(scenario.keys, digest, scenario.clock.now(), "erasure")])
    kept(scenario).put(digest, value)
    (problem,) = verify(scenario).problems
    assert problem.text == "a personal value that was forgotten is there again"


def test_a_snapshot_from_before_that_was_forgotten_is_in_order(scenario, two_people):
    shown = scenario.snapshot().snapshot_hash
    with scenario.storage.transaction() as uow:
        uow.ledger.forget([make_tombstone(scenario.keys, shown, scenario.clock.now(), "erasure")])
    report = verify(scenario)
    assert report.ok
    assert report.forgotten >= 1
    with scenario.storage.reading() as uow:
        assert uow.ledger.snapshot(shown) is None


def test_what_a_snapshot_commits_to_is_checked_too(scenario):
    shown = freeze("<p>Rue de Lyon 3</p>", {}, ["Rue de Lyon 3"], scenario.clock.now())
    (label,) = shown.disclosures
    assert "Lyon" not in shown.content
    interaction = scenario.ask("sites.read")
    with scenario.storage.transaction() as uow:
        scenario.service.deny(
            uow,
            interaction=interaction,
            client=scenario.client,
            owner=scenario.owner,
            evidence=Evidence("button:deny"),
            snapshot=shown,
        )
    assert verify(scenario).ok
    kept(scenario).drop([label.digest])
    (problem,) = verify(scenario).problems
    assert "was not forgotten by us" in problem.text


def test_values_are_looked_up_once_a_page_and_memory_does_not_grow(scenario, monkeypatch):
    from consentcore.consent import verify as module
    from consentcore.consent.verify import unseen

    monkeypatch.setattr(module, "PAGE", 2)
    for number in range(5):
        scenario.approve("sites.read", client=scenario.add_client(scopes=EVERY_SCOPE, name=f"App {number}"))
    verification = module._Verification(scenario.storage, scenario.keys, {}, "", unseen)
    assert verification.run().ok
    check = verification._chains.disclosures
    assert (check._wanted, check._latest, check._digests) == ({}, {}, {})


def test_what_an_operator_did_names_them_beside_the_evidence(scenario):
    grant = scenario.approve("sites.read").grant
    evidence = Evidence("cli:revoke", reason_text="Frau Muster hat angerufen")
    event = scenario.revoke(grant.grant_id, Actor(ActorType.OPERATOR, "max.muster"), evidence=evidence).event
    assert "uster" not in event.body
    with scenario.storage.reading() as uow:
        assert disclosed(uow, event) == {"operator": "max.muster", "reason_text": "Frau Muster hat angerufen"}
    assert verify(scenario).ok
