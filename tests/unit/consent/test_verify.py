from __future__ import annotations

import threading
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consentcore.consent.checkpoint import advance
from consentcore.consent.ledger import recorded_at
from consentcore.consent.verify import verify_all
from consentcore.domain.event import ConsentEvent
from consentcore.domain.event_kinds import EventType
from consentcore.domain.grant import Grant
from consentcore.domain.grant_states import GrantState
from consentcore.domain.parties import Actor, ActorType
from consentcore.testing import factories
from consentcore.testing.fakes import fixed_keys
from tests.unit.consent.conftest import EVERY_SCOPE, begin

OWNER = Actor(ActorType.OWNER, "somebody")


def live_in(scenario):
    """A bit of everything: a grant that was amended and stands, one that ended, a denial, another owner's app."""
    scenario.approve("sites.read", resources=("site-1",))
    scenario.clock.advance(1000)
    scenario.approve("comfort.read", "offline_access")
    other = scenario.add_client(scopes=EVERY_SCOPE, name="ShiftPlan")
    ended = scenario.approve("ev.write", client=other).grant
    scenario.clock.advance(1000)
    scenario.revoke(ended.grant_id, OWNER)
    scenario.approve("ev.write", client=other)
    scenario.deny("ev.write")
    advance(scenario.storage, scenario.keys, scenario.clock, {})
    return scenario


def verify(scenario):
    return verify_all(scenario.storage, scenario.keys)


def tables(scenario):
    return scenario.storage._engine.committed


def rows(scenario, table):
    return list(getattr(tables(scenario), table).values())


def put(scenario, table, key, **changes):
    found = getattr(tables(scenario), table)
    found.put(key, replace(found.get(key), **changes))


def chain_of(scenario):
    """The chain of the amended grant."""
    (grant,) = (
        row for row in rows(scenario, "grants") if row.sequence == 2 and row.state is GrantState.ACTIVE
    )
    with scenario.storage.reading() as uow:
        return grant, list(uow.ledger.of_grant(grant.grant_id))


@pytest.fixture
def lived_in(scenario):
    return live_in(scenario)


def test_what_was_written_is_intact(lived_in):
    report = verify(lived_in)
    assert report.problems == ()
    assert (report.ok, report.grants, report.events, report.checkpoints) == (True, 4, 6, 1)


def test_an_empty_ledger_is_intact(scenario):
    assert verify(scenario).ok


def test_security_events_expiry_and_events_not_yet_covered_are_intact(lived_in):
    grant, _ = chain_of(lived_in)
    code = next(row for row in rows(lived_in, "codes") if row.grant_id == grant.grant_id)
    with lived_in.storage.transaction() as uow:
        lived_in.service.compromised(
            uow, family_id=code.family_id, grant_id=grant.grant_id, event_type=EventType.CODE_REPLAYED
        )
    lived_in.clock.advance(400 * 86_400_000)
    with lived_in.storage.transaction() as uow:
        lived_in.service.expire(uow, grant.grant_id)
    report = verify(lived_in)
    assert report.problems == ()
    assert report.events == 8

    waiting = [event for event in rows(lived_in, "events") if event.leaf_index is None]
    assert len(waiting) == 2
    assert report.waiting_since == min(map(recorded_at, waiting))
    advance(lived_in.storage, lived_in.keys, lived_in.clock, {})
    assert verify(lived_in).waiting_since is None


def test_evidence_stays_intact_after_the_key_was_rotated(lived_in):
    rotated = fixed_keys("test2", "test1")
    assert verify_all(lived_in.storage, rotated).ok
    lived_in.service._transitions._keys = rotated
    lived_in.approve("sites.read")
    advance(lived_in.storage, rotated, lived_in.clock, {})
    assert verify_all(lived_in.storage, rotated).ok
    lost = verify_all(lived_in.storage, fixed_keys("test2"))
    assert not lost.ok
    assert any("test1" in problem.text for problem in lost.problems)


def other_value(value, number):
    """A different value of the same type; ``number`` varies it."""
    changed = {
        str: lambda: value + "x" * (1 + number),
        bytes: lambda: (
            bytes([number % 255 + 1]) + value[1:] if value[:1] != bytes([number % 255 + 1]) else b""
        ),
        int: lambda: value + 1 + number,
        tuple: lambda: (*value, f"x{number}@1"),
        type(None): lambda: number,
    }
    if isinstance(value, (EventType, GrantState)):
        return next(
            member for member in list(type(value))[number % 7 :] + list(type(value)) if member != value
        )
    return changed[type(value)]()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_70_any_edit_of_any_column_of_an_event_is_found(data):
    scenario = live_in(begin())
    event = data.draw(st.sampled_from(rows(scenario, "events")))
    name = data.draw(st.sampled_from([field.name for field in fields(ConsentEvent)]))
    value = other_value(getattr(event, name), data.draw(st.integers(0, 1000)))
    put(scenario, "events", event.event_id, **{name: value})

    report = verify(scenario)
    assert not report.ok
    if name != "leaf_index":  # a place in the sequence is a matter of the checkpoints
        assert report.problems[0].grant_id == event.grant_id
        assert report.problems[0].sequence in {event.sequence, value}


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_70_any_edit_of_any_column_of_a_grant_is_found(data):
    scenario = live_in(begin())
    grant = data.draw(st.sampled_from(rows(scenario, "grants")))
    name = data.draw(st.sampled_from([field.name for field in fields(Grant)]))
    value = other_value(getattr(grant, name), data.draw(st.integers(0, 1000)))
    put(scenario, "grants", grant.grant_id, **{name: value})
    assert not verify(scenario).ok


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_changed_character_of_a_body_names_its_event(data):
    scenario = live_in(begin())
    event = data.draw(st.sampled_from(rows(scenario, "events")))
    at = data.draw(st.integers(0, len(event.body) - 1))
    put(
        scenario,
        "events",
        event.event_id,
        body=event.body[:at] + chr(ord(event.body[at]) ^ 1) + event.body[at + 1 :],
    )
    problem, *about_the_log = verify(scenario).problems
    assert all("the checkpoint of 6 events" in one.text for one in about_the_log)
    assert (problem.event_id, problem.sequence) == (event.event_id, event.sequence)


def test_a_changed_event_that_was_hashed_anew_without_the_key_is_found(lived_in):
    import hashlib

    _, events = chain_of(lived_in)
    body = events[0].body.replace("site-1", "site-9")
    put(lived_in, "events", events[0].event_id, body=body, record_hash=hashlib.sha256(body.encode()).digest())
    report = verify(lived_in)
    assert report.problems[0].event_id == events[0].event_id


@pytest.mark.parametrize("gone", [0, 1])
def test_70_a_deleted_event_is_found(lived_in, gone):
    grant, events = chain_of(lived_in)
    chain = dict(tables(lived_in).chains.get(grant.grant_id))
    del chain[gone + 1]
    tables(lived_in).chains.put(grant.grant_id, chain)
    tables(lived_in).events.drop([events[gone].event_id])
    first = verify(lived_in).problems[0]
    assert first.grant_id == grant.grant_id
    assert f"event {gone + 1} is missing" in first.text


def test_70_reordered_events_are_found(lived_in):
    grant, events = chain_of(lived_in)
    tables(lived_in).chains.put(grant.grant_id, {1: events[1].event_id, 2: events[0].event_id})
    put(lived_in, "events", events[0].event_id, sequence=2)
    put(lived_in, "events", events[1].event_id, sequence=1)
    assert verify(lived_in).problems[0].event_id == events[1].event_id


def test_an_inserted_event_is_found(lived_in):
    grant, _ = chain_of(lived_in)
    forged = factories.event(grant, sequence=3, prev_hash=grant.head)
    with lived_in.storage.transaction() as uow:
        uow.ledger.append(forged)
    assert verify(lived_in).problems[0].event_id == forged.event_id


def test_a_genuine_event_of_another_grant_is_out_of_place(lived_in):
    grant, events = chain_of(lived_in)
    stranger = next(
        row for row in rows(lived_in, "events") if row.grant_id != grant.grant_id and row.sequence == 1
    )
    tables(lived_in).chains.put(grant.grant_id, {1: stranger.event_id, 2: events[1].event_id})
    assert any(problem.event_id == stranger.event_id for problem in verify(lived_in).problems)


def test_a_grant_put_back_to_before_its_revocation_is_found(lived_in):
    ended = next(row for row in rows(lived_in, "grants") if row.state is GrantState.WITHDRAWN)
    put(lived_in, "grants", ended.grant_id, state=GrantState.ACTIVE)
    report = verify(lived_in)
    problem = report.problems[0]
    assert problem.grant_id == ended.grant_id
    assert "its state is 'active', the last event says 'withdrawn'" in problem.text
    with lived_in.storage.reading() as uow:
        assert problem.event_id == uow.ledger.of_grant(ended.grant_id)[-1].event_id


def test_an_old_row_with_its_genuine_seal_is_found_by_its_chain(scenario):
    old = scenario.approve("sites.read").grant
    scenario.revoke(old.grant_id, OWNER)
    tables(scenario).grants.put(old.grant_id, old)
    assert "the grant counts 1 events, its chain has 2" in verify(scenario).problems[0].text


def test_70_an_old_row_and_a_cut_chain_are_found_by_the_checkpoint(scenario):
    old = scenario.approve("sites.read").grant
    withdrawn = scenario.revoke(old.grant_id, OWNER).event
    advance(scenario.storage, scenario.keys, scenario.clock, {})
    tables(scenario).grants.put(old.grant_id, old)
    tables(scenario).events.drop([withdrawn.event_id])
    tables(scenario).chains.put(old.grant_id, {1: rows(scenario, "events")[0].event_id})
    (problem,) = verify(scenario).problems
    assert "event 1 of the sequence is missing" in problem.text


def test_70_a_chain_deleted_with_its_grant_is_found_by_the_checkpoint(lived_in):
    grant, events = chain_of(lived_in)
    tables(lived_in).grants.drop([grant.grant_id])
    tables(lived_in).chains.drop([grant.grant_id])
    tables(lived_in).events.drop([event.event_id for event in events])
    (problem,) = verify(lived_in).problems
    assert "the checkpoint of 6 events" in problem.text


def test_closing_the_gap_in_the_sequence_does_not_help(lived_in):
    grant, events = chain_of(lived_in)
    kept = [row for row in rows(lived_in, "events") if row.grant_id != grant.grant_id]
    tables(lived_in).grants.drop([grant.grant_id])
    tables(lived_in).chains.drop([grant.grant_id])
    tables(lived_in).events.drop([event.event_id for event in events])
    tables(lived_in).leaves.drop(range(10))
    for index, event in enumerate(kept):
        put(lived_in, "events", event.event_id, leaf_index=index)
        tables(lived_in).leaves.put(index, event.event_id)
    assert not verify(lived_in).ok
    put(lived_in, "checkpoints", 6, size=len(kept))
    assert any("wrong signature" in problem.text for problem in verify(lived_in).problems)


def test_events_whose_grant_is_gone_are_found(lived_in):
    grant, events = chain_of(lived_in)
    tables(lived_in).grants.drop([grant.grant_id])
    found = {problem.event_id for problem in verify(lived_in).problems}
    assert found == {event.event_id for event in events}


def test_a_missing_or_changed_snapshot_is_found(lived_in):
    shown = lived_in.snapshot().snapshot_hash
    put(lived_in, "snapshots", shown, content='{"text":"something harmless"}')
    assert "was changed" in verify(lived_in).problems[0].text
    tables(lived_in).snapshots.drop([shown])
    assert "is missing" in verify(lived_in).problems[0].text


def test_two_active_grants_for_one_client_are_found(lived_in):
    grant, _ = chain_of(lived_in)
    double = replace(grant, grant_id="00000000-0000-4000-8000-000000000000")
    tables(lived_in).grants.put(double.grant_id, double)
    doubled = [problem for problem in verify(lived_in).problems if "another active grant" in problem.text]
    assert {problem.grant_id for problem in doubled} == {grant.grant_id, double.grant_id}


def test_an_event_that_claims_a_place_no_checkpoint_covers_is_found(lived_in):
    event = lived_in.deny("sites.read").event
    put(lived_in, "events", event.event_id, leaf_index=6)
    tables(lived_in).leaves.put(6, event.event_id)
    (problem,) = verify(lived_in).problems
    assert problem.event_id == event.event_id


def test_the_report_stays_bounded(scenario, monkeypatch):
    from consentcore.consent import verify as module

    monkeypatch.setattr(module, "MOST_PROBLEMS", 3)
    for _ in range(5):
        scenario.deny("sites.read")
    for event in rows(scenario, "events"):
        put(scenario, "events", event.event_id, body="{}")
    report = verify(scenario)
    assert (report.ok, len(report.problems), report.events) == (False, 3, 5)


def test_every_page_of_grants_is_read(scenario, monkeypatch):
    from consentcore.consent import verify as module

    monkeypatch.setattr(module, "PAGE", 2)
    for _ in range(5):
        scenario.deny("sites.read")
    assert verify(scenario).grants == 5


def test_70_a_live_system_is_never_accused(scenario):
    """People approve and revoke, and a worker covers it, while the auditor reads."""
    stop, failures = threading.Event(), []
    clients = [scenario.add_client(scopes=EVERY_SCOPE) for _ in range(3)]

    def live():
        try:
            while not stop.is_set():
                for client in clients:
                    grant = scenario.approve("sites.read", client=client).grant
                    scenario.approve("comfort.read", client=client)
                    scenario.revoke(grant.grant_id, OWNER)
                advance(scenario.storage, scenario.keys, scenario.clock, {})
        except Exception as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)

    people = threading.Thread(target=live)
    people.start()
    try:
        reports = [verify(scenario) for _ in range(15)]
    finally:
        stop.set()
        people.join()
    assert failures == []
    assert [report.problems for report in reports if not report.ok] == []


def test_progress_counts_every_event_in_its_chain_and_in_the_log(scenario):
    scenario.allow("sites.read")
    scenario.deny("energy.read")
    advance(scenario.storage, scenario.keys, scenario.clock, {})
    told = []
    assert verify_all(scenario.storage, scenario.keys, progress=told.append).ok
    assert sum(told) == 4
