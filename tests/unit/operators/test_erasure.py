from __future__ import annotations

import pytest

from consentcore.consent.personal import disclosed
from consentcore.consent.shown import freeze
from consentcore.consent.snapshot import make_snapshot
from consentcore.consent.verify import verify_all
from consentcore.domain.clock import DAY
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.event import Evidence
from consentcore.domain.grant_states import GrantState
from consentcore.operators.erasure import Erasure
from consentcore.operators.person_export import export_person
from consentcore.operators.retention import Retention, periods_of
from consentcore.settings import ConsentSettings
from consentcore.testing import factories
from consentcore.testing.scenario import CATALOG, Scenario
from consentcore_memory import MemoryStorage


@pytest.fixture
def scenario():
    client = factories.client(name="CoolSite", scopes=tuple(CATALOG.scopes))
    return Scenario.begin(MemoryStorage(), client=client)


@pytest.fixture
def erasure(scenario):
    return Erasure(scenario.storage, scenario.keys, scenario.clock, scenario.service)


def erase(scenario, erasure):
    return erasure.erase(scenario.owner.owner_id, by="ops", reason="she asked for it on the telephone")


def verified(scenario):
    return verify_all(scenario.storage, scenario.keys)


def text_of_store(scenario):
    return repr(scenario.storage._engine.committed.events.values()) + repr(
        [
            list(getattr(scenario.storage._engine.committed, name).values())
            for name in ("owners", "snapshots", "disclosures", "notices", "grants", "identities")
        ]
    )


def test_rt_05_a_person_goes_and_the_proof_stays_without_a_name(scenario, erasure):
    approval = scenario.approve("sites.read")
    with scenario.storage.transaction() as uow:
        uow.identities.add(factories.identity(scenario.owner.owner_id))
        uow.owners.add_session(factories.session(scenario.owner.owner_id))
    done = erase(scenario, erasure)
    assert (done.ended, done.identities, done.sessions) == (1, 1, 1)
    assert done.events == 2
    report = verified(scenario)
    assert report.ok, report.problems
    assert report.forgotten == done.forgotten >= 2
    assert scenario.owner.email not in text_of_store(scenario)
    assert scenario.owner.name not in text_of_store(scenario)
    with scenario.storage.reading() as uow:
        owner = uow.owners.get(scenario.owner.owner_id)
        assert owner.erased
        assert uow.grants.get(approval.grant.grant_id).state is GrantState.REVOKED
        events = uow.ledger.of_grant(approval.grant.grant_id)
        assert [disclosed(uow, event) for event in events] == [{}, {"operator": "ops"}]


def test_rt_05_the_application_is_told_and_the_person_no_more(scenario, erasure):
    scenario.approve("sites.read")
    erase(scenario, erasure)
    told = [row.notice for row in scenario.storage._engine.committed.notices.values()]
    assert told[-1].kind == "consent.revoked"
    assert '"reason":"erasure"' in told[-1].data
    assert "telephone" not in told[-1].data


def test_rt_05_erasing_again_changes_nothing(scenario, erasure):
    scenario.approve("sites.read")
    erase(scenario, erasure)
    again = erase(scenario, erasure)
    assert (again.ended, again.forgotten, again.pages, again.sessions, again.identities) == (0, 0, 0, 0, 0)
    assert verified(scenario).ok


def test_rt_05_a_page_of_an_older_release_with_labels_goes_whole(scenario, erasure):
    old = make_snapshot({"html": "<p>Rue de Lyon 3</p>", "resources": [{"label": "Rue de Lyon 3"}]}, 5)
    plain = make_snapshot({"html": "<p>CoolSite</p>", "resources": []}, 5)
    for shown in (old, plain):
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
    assert erase(scenario, erasure).pages == 1
    assert verified(scenario).ok
    with scenario.storage.reading() as uow:
        assert uow.ledger.snapshot(old.snapshot_hash) is None
        assert uow.ledger.snapshot(plain.snapshot_hash) == plain


def test_somebody_else_keeps_what_is_theirs(scenario, erasure):
    other = factories.owner(email="grace@example.org", name="Grace")
    with scenario.storage.transaction() as uow:
        uow.owners.add(other)
    event = scenario.approve("sites.read", owner=other).event
    scenario.approve("sites.read")
    erase(scenario, erasure)
    with scenario.storage.reading() as uow:
        assert disclosed(uow, event) == {"owner_email": "grace@example.org", "owner_name": "Grace"}
        assert uow.grants.active_of(other.owner_id, scenario.client.client_id) is not None


def test_nobody_is_erased_without_a_reason_and_nobody_who_is_not_there(scenario, erasure):
    with pytest.raises(InvalidInput, match="reason"):
        erasure.erase(scenario.owner.owner_id, by="ops", reason=" ")
    with pytest.raises(NotFound):
        erasure.erase("nobody", by="ops", reason="x")
    with scenario.storage.reading() as uow:
        assert not uow.owners.get(scenario.owner.owner_id).erased


def test_rt_07_the_export_names_everything_that_is_kept(scenario):
    shown = freeze("<p>Rue de Lyon 3</p>", {}, ["Rue de Lyon 3"], 5)
    with scenario.storage.transaction() as uow:
        uow.identities.add(factories.identity(scenario.owner.owner_id))
        uow.owners.add_session(factories.session(scenario.owner.owner_id))
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
    found = export_person(scenario.storage, scenario.owner.owner_id, scenario.clock.now())
    assert found["owner"]["email"] == scenario.owner.email
    assert found["owner"]["timezone"] == scenario.owner.timezone
    assert [len(found[name]) for name in ("sessions", "identities", "grants")] == [1, 1, 1]
    assert found["grants"][0]["events"][0]["disclosed"]["owner_email"] == scenario.owner.email
    assert found["snapshots"][shown.snapshot_hash]["disclosed"] == {"shown.1": "Rue de Lyon 3"}


def test_rt_01_rt_02_values_go_when_their_time_is_over_and_not_before(scenario, erasure):
    settings = ConsentSettings(keep_ended_days=2192, keep_denied_days=396)
    retention = Retention(scenario.storage, scenario.clock, erasure, periods_of(settings))
    denied = scenario.deny("sites.read").event
    granted = scenario.approve("sites.read").event

    def values(event):
        with scenario.storage.reading() as uow:
            return disclosed(uow, event)

    scenario.clock.advance(396 * DAY - 1)
    assert retention.step() is False
    assert values(denied)
    scenario.clock.advance(1 + DAY)
    retention.step()
    assert values(denied) == {}
    assert values(granted)
    with scenario.storage.transaction() as uow:
        scenario.service.expire(uow, granted.grant_id)
    scenario.clock.advance(2192 * DAY)
    retention.step()
    assert values(granted) == {}
    assert verified(scenario).ok


def test_rt_01_without_a_setting_nothing_is_forgotten(scenario, erasure):
    event = scenario.deny("sites.read").event
    scenario.clock.advance(4000 * DAY)
    retention = Retention(scenario.storage, scenario.clock, erasure, periods_of(ConsentSettings()))
    assert retention.step() is False
    with scenario.storage.reading() as uow:
        assert disclosed(uow, event)


def test_retention_goes_in_pages_and_begins_again_a_day_later(scenario, erasure, monkeypatch):
    from consentcore.operators import retention as module

    monkeypatch.setattr(module, "PAGE", 2)
    events = [scenario.deny("sites.read").event for _ in range(3)]
    scenario.clock.advance(2 * DAY)
    retention = Retention(scenario.storage, scenario.clock, erasure, {"denied": DAY})
    assert [retention.step(), retention.step(), retention.step()] == [True, False, False]
    with scenario.storage.reading() as uow:
        assert [disclosed(uow, event) for event in events] == [{}, {}, {}]
    later = scenario.deny("sites.read").event
    scenario.clock.advance(DAY + 1)
    retention.step()
    retention.step()
    with scenario.storage.reading() as uow:
        assert disclosed(uow, later) == {}
