from __future__ import annotations

import json
from itertools import pairwise

import pytest

from consentcore.consent.record import EVIDENCE, MANDATORY, MAY_BE_EMPTY, check_record
from consentcore.consent.service import ConsentService
from consentcore.domain.controller import Controller
from consentcore.domain.errors import InvalidInput
from consentcore.testing.scenario import CATALOG
from tests.unit.consent.test_service import body_of

CONTROLLER = Controller(
    name="Your Energy SA",
    address="1 rue de Lyon, Paris",
    contact="privacy@energy.example",
    jurisdictions=("FR",),
    applicable_law=("eu-gdpr:EU-GDPR",),
    storage_locations=("FR", "DE"),
    authority="CNIL",
    privacy_policy="2026-03",
    terms="7",
    deletion_days=14,
    web_url="https://my.energy.example",
)


@pytest.fixture
def body(scenario):
    scenario.service = ConsentService(
        keys=scenario.keys,
        clock=scenario.clock,
        catalog=CATALOG,
        code_ttl_ms=60_000,
        grant_days=365,
        controller=CONTROLLER,
    )
    return body_of(scenario.approve("sites.read", resources=("site-1",)).event)


def test_cr_12_the_record_of_a_consent_has_every_member_that_must_be_there(body):
    check_record(body)
    assert body["schema"] == "urn:consentcore:consent-event:2"
    holder, application = body["controllers"]
    assert (holder["name"], holder["address"], holder["contact"]) == (
        "Your Energy SA",
        "1 rue de Lyon, Paris",
        "privacy@energy.example",
    )
    assert application["role"] == "data_recipient"
    assert body["recipients"] == [application]
    assert body["jurisdictions"] == ["FR"]
    assert body["applicable_law"] == ["eu-gdpr:EU-GDPR"]
    assert body["storage_locations"] == ["FR", "DE"]
    assert body["retention"]["deletion_window"] == "P14D"
    assert body["legal_basis"] == "dpv:Consent"
    assert body["withdrawal_method"] == f"https://my.energy.example/consents/{body['grant_id']}/revoke"
    assert body["policy_versions"]["privacy_policy"] == "2026-03"
    assert body["purposes"][0]["author"] == "client"
    assert body["access_period"]["not_after"] == body["validity"]["until"]


@pytest.mark.parametrize("name", [*MANDATORY, *MAY_BE_EMPTY])
def test_cr_12_a_record_that_lacks_a_member_is_refused(body, name):
    with pytest.raises(InvalidInput) as caught:
        check_record({key: value for key, value in body.items() if key != name})
    assert caught.value.field in {name, f"{name}.indication_method", *(f"evidence.{one}" for one in EVIDENCE)}


@pytest.mark.parametrize("name", EVIDENCE)
def test_cr_12_a_record_whose_evidence_lacks_a_member_is_refused(body, name):
    evidence = {key: value for key, value in body["evidence"].items() if key != name}
    with pytest.raises(InvalidInput) as caught:
        check_record({**body, "evidence": evidence})
    assert caught.value.field == f"evidence.{name}"


def test_cr_12_nothing_is_issued_under_a_record_that_lacks_a_member(scenario, monkeypatch):
    from consentcore.consent import event_body

    whole = event_body.record_members
    monkeypatch.setattr(event_body, "record_members", lambda *args: {**whole(*args), "purposes": []})
    with pytest.raises(InvalidInput, match="purposes"):
        scenario.approve("sites.read")
    with scenario.storage.reading() as uow:
        assert list(uow.grants.all()) == []
        assert list(uow.ledger.of_owner(scenario.owner.owner_id)) == []


def test_cr_01_the_one_state_that_yields_tokens_is_active(scenario):
    from consentcore.domain.grant_states import GrantState
    from consentcore.testing import factories

    grant = factories.grant(scenario.owner.owner_id, scenario.client.client_id)
    from dataclasses import replace

    found = {state for state in GrantState if replace(grant, state=state).is_active(grant.created_at)}
    assert found == {GrantState.ACTIVE}


def test_rt_04_a_record_has_no_address_no_name_and_no_whole_network_address(scenario, body):
    text = json.dumps(body)
    assert scenario.owner.email not in text
    assert scenario.owner.name == "" or scenario.owner.name not in text
    assert body["evidence"]["ip_coarse"] == "192.0.2.0/24"
    assert "@" not in body["owner_id"]


def test_rt_03_a_withdrawal_is_kept_in_the_same_form_as_a_consent(scenario, body):
    from consentcore.domain.parties import Actor, ActorType

    grant_id = body["grant_id"]
    withdrawn = body_of(scenario.revoke(grant_id, Actor(ActorType.OWNER, scenario.owner.owner_id)).event)
    assert set(body) - set(withdrawn) == {"consent_type"}
    with scenario.storage.reading() as uow:
        chain = uow.ledger.of_grant(grant_id)
    assert all(after.prev_hash == before.record_hash for before, after in pairwise(chain))


def test_rt_12_events_carry_the_time_of_the_server_alone(scenario, body):
    from consentcore.domain.clock import iso

    assert body["occurred_at"] == body["recorded_at"] == iso(scenario.clock.now())
