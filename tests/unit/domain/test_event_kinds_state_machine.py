"""The one state machine of a grant, cell by cell: every kind of event in every state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.consent import ledger
from consentcore.consent.event_body import Action
from consentcore.consent.transition import Transitions
from consentcore.domain.controller import Controller
from consentcore.domain.errors import InvalidTransition
from consentcore.domain.event import Evidence
from consentcore.domain.event_kinds import EVENT_KINDS, EventType, event_kind
from consentcore.domain.grant import Grant
from consentcore.domain.grant_states import GrantState
from consentcore.domain.parties import Actor
from consentcore.testing import factories
from consentcore.testing.scenario import CATALOG, Scenario
from consentcore_memory import MemoryStorage

ENDED = {GrantState.WITHDRAWN, GrantState.CLOSED, GrantState.REVOKED, GrantState.EXPIRED}
BEGINNING = {
    EventType.GRANTED: GrantState.ACTIVE,
    EventType.DENIED: GrantState.DENIED,
    EventType.ABANDONED: GrantState.ABANDONED,
}
ENDING = {
    EventType.WITHDRAWN: GrantState.WITHDRAWN,
    EventType.CLOSED: GrantState.CLOSED,
    EventType.REVOKED: GrantState.REVOKED,
    EventType.EXPIRED: GrantState.EXPIRED,
}
SECURITY = {EventType.CODE_REPLAYED, EventType.REFRESH_REUSED}
AFTER_THE_END = {EventType.DELETION_CONFIRMED}
"""What happens to a permission that stands no longer, and leaves it ended as it did."""
STAYING = set(EventType) - set(BEGINNING) - set(ENDING) - SECURITY - AFTER_THE_END
"""What changes an active permission and leaves it active."""


def wanted(kind: EventType, state: GrantState | None) -> GrantState | None:
    """The state after an event of that kind in that state; None where it must not happen."""
    if state is None:
        return BEGINNING.get(kind)
    if kind in SECURITY:
        return state if state is GrantState.ACTIVE or state in ENDED else None
    if kind in AFTER_THE_END:
        return state if state in ENDED else None
    if state is not GrantState.ACTIVE:
        return None
    return GrantState.ACTIVE if kind in STAYING else ENDING.get(kind)


def written(keys, grant: Grant) -> Grant:
    """The row as a release writes it, sealed: what nobody with the keys has written is not gone on from."""
    ours = replace(grant, key_id=keys.current_id)
    return replace(ours, seal=ledger.seal_of(keys, ours))


CELLS = [(kind, state) for kind in EventType for state in (None, *GrantState)]


@pytest.fixture
def scenario():
    return Scenario.begin(
        MemoryStorage(), client=factories.client(name="CoolSite", scopes=tuple(CATALOG.scopes))
    )


@pytest.mark.parametrize(("kind", "state"), CELLS)
def test_cr_02_every_kind_in_every_state_leads_where_the_table_says(scenario, kind, state):
    transitions = Transitions(scenario.keys, scenario.clock, CATALOG, Controller(name="Your Energy"))
    now = scenario.clock.now()
    grant = factories.grant(scenario.owner.owner_id, scenario.client.client_id, scopes=("sites.read@1",))
    before = None if state is None else written(scenario.keys, replace(grant, state=state, sequence=1))
    if before is not None:
        with scenario.storage.transaction() as uow:
            uow.grants.add(before)
    action = Action(kind, Actor(event_kind(kind).actors[0], "x"), Evidence("button:approve"))
    after = replace(before or grant, sequence=0, expires_at=now + 1000)
    expected = wanted(kind, state)

    def apply():
        with scenario.storage.transaction() as uow:
            return transitions.apply(uow, action, before, after)

    if expected is None:
        with pytest.raises(InvalidTransition) as refused:
            apply()
        assert "not as it was recorded" not in str(refused.value)  # it is for its state
    else:
        assert apply().grant.state is expected
    with scenario.storage.reading() as uow:
        chain = uow.ledger.of_grant(grant.grant_id)
        row = uow.grants.get(grant.grant_id)
    assert [event.type for event in chain] == ([] if expected is None else [kind])
    assert (row.state if row else None) is (state if expected is None else expected)


def test_every_kind_has_a_place_in_the_table():
    assert {row.type for row in EVENT_KINDS} == set(EventType)
    for row in EVENT_KINDS:
        assert row.follows == {state for kind, state in CELLS if kind is row.type and wanted(kind, state)}


def test_suspension_is_a_matter_of_the_client_and_no_state():
    assert {state.value for state in GrantState} == {
        *("active", "denied", "abandoned", "expired", "withdrawn", "closed", "revoked")
    }


FAULTS = [
    ("grants", "add"),
    ("ledger", "put_snapshot"),
    ("ledger", "put_disclosures"),
    ("ledger", "append"),
    ("notices", "add"),
    ("tokens", "add_code"),
]


@pytest.mark.parametrize(("part", "verb"), FAULTS)
def test_cr_02_with_a_fault_anywhere_there_is_neither_state_nor_event(scenario, monkeypatch, part, verb):
    class Fault(Exception):
        pass

    def fail(*_args, **_more):
        raise Fault

    with scenario.storage.reading() as uow:
        kind = type(getattr(uow, part))
    monkeypatch.setattr(kind, verb, fail)
    with pytest.raises(Fault):
        scenario.approve("sites.read")
    monkeypatch.undo()
    with scenario.storage.reading() as uow:
        assert list(uow.grants.all()) == []
        assert list(uow.ledger.of_owner(scenario.owner.owner_id)) == []


def test_cr_02_with_a_fault_at_its_end_a_grant_stands_and_has_no_event_more(scenario, monkeypatch):
    from consentcore.domain.parties import ActorType

    grant = scenario.approve("sites.read").grant
    with scenario.storage.reading() as uow:
        kind = type(uow.notices)

    def fail(*_args, **_more):
        raise RuntimeError("no more")

    monkeypatch.setattr(kind, "add", fail)
    with pytest.raises(RuntimeError, match="no more"):
        scenario.revoke(grant.grant_id, Actor(ActorType.OWNER, scenario.owner.owner_id))
    monkeypatch.undo()
    with scenario.storage.reading() as uow:
        assert uow.grants.get(grant.grant_id).state is GrantState.ACTIVE
        assert len(uow.ledger.of_grant(grant.grant_id)) == 1


def test_cr_03_no_verb_changes_or_removes_an_event():
    from consentcore.ports.ledger import LedgerRepository

    verbs = {name for name in vars(LedgerRepository) if not name.startswith("_")}
    doing = {
        name for name in verbs if name.startswith(("update", "delete", "remove", "set_", "drop", "replace"))
    }
    assert doing == set()
