"""What an ISV is told."""

from __future__ import annotations

import json

import pytest

from consentcore.api import Actor, ActorType, Notice, NoticeKind
from consentcore.domain.authorization_detail import AuthorizationDetail
from consentcore.ports.keys import pairwise_subject
from consentcore.testing import factories
from consentcore.webhooks.payload import webhook_body
from tests.support.webhook_contract import violations


def bodies(scenario, grant) -> list[dict]:
    subject = pairwise_subject(scenario.keys, grant.client_id, grant.owner_id)
    notices = scenario.notices(grant)
    return [json.loads(webhook_body(one, subject=subject, issuer="https://as.example/")) for one in notices]


def test_grant(scenario):
    grant = scenario.allow("comfort.read", "energy.read")
    (body,) = bodies(scenario, grant)
    assert (body["type"], body["version"]) == ("consent.granted", "2026-11-01")
    assert body["timestamp"] == "2026-11-18T11:06:40.000Z"
    data = body["data"]
    assert data == {
        "client_id": scenario.client.client_id,
        "status": "active",
        "grant_id": grant.grant_id,
        "subject": pairwise_subject(scenario.keys, grant.client_id, grant.owner_id),
        "sequence": 1,
        "scopes": ["comfort.read", "energy.read"],
        "previous_scopes": [],
        "resources": [],
        "previous_resources": [],
        "initiator": "user",
        "reason": "",
        "effective_at": body["timestamp"],
        "expires_at": "2027-06-06T11:06:40.000Z",
        "grant_url": f"https://as.example/api/v1/grants/{grant.grant_id}",
        "change": "created",
    }


def test_amendment_says_what_changed(scenario):
    scenario.allow("comfort.read")
    grant = scenario.allow("comfort.read", "energy.read")
    _, body = bodies(scenario, grant)
    data = body["data"]
    assert (body["type"], data["sequence"], data["change"]) == ("consent.granted", 2, "extended")
    assert (data["previous_scopes"], data["scopes"]) == (["comfort.read"], ["comfort.read", "energy.read"])


def test_revocation(scenario):
    grant = scenario.allow("comfort.read")
    scenario.withdraw(
        grant, Actor(ActorType.OPERATOR, "ops"), reason_code="admin", reason_text="Ada phoned us"
    )
    _, body = bodies(scenario, grant)
    data = body["data"]
    assert (body["type"], data["status"], data["sequence"]) == ("consent.revoked", "revoked", 2)
    assert (data["scopes"], data["previous_scopes"]) == ([], ["comfort.read"])
    assert (data["initiator"], data["reason"], data["expires_at"]) == ("admin", "admin", None)
    assert "phoned" not in json.dumps(body)


@pytest.mark.parametrize(
    ("actor", "given", "said"),
    [
        (ActorType.OWNER, "", "owner_request"),
        (ActorType.CLIENT, "", "client_request"),
        (ActorType.OPERATOR, "", "admin"),
        (ActorType.SYSTEM, "", "system"),
        (ActorType.OPERATOR, "security", "security"),
    ],
)
def test_revocation_says_why(scenario, actor, given, said):
    scenario.withdraw(grant := scenario.allow("comfort.read"), Actor(actor, "x"), reason_code=given)
    _, body = bodies(scenario, grant)
    assert body["data"]["reason"] == said


def test_denial_names_the_request_and_not_the_person(scenario):
    (body,) = bodies(scenario, grant := scenario.deny().grant)
    data = body["data"]
    assert (body["type"], data["status"]) == ("consent.denied", "denied")
    assert {"grant_id", "subject", "grant_url"}.isdisjoint(data)
    assert data["request_id"] == scenario.notices(grant)[0].notice_id
    assert (data["scopes"], data["requested_scopes"]) == ([], ["comfort.read"])


def test_denial_by_somebody_the_client_knows_names_them(scenario):
    grant = scenario.allow("comfort.read")
    scenario.withdraw(grant, Actor(ActorType.OWNER, scenario.owner.owner_id))
    (body,) = bodies(scenario, scenario.deny().grant)
    assert body["data"]["subject"] == pairwise_subject(scenario.keys, grant.client_id, grant.owner_id)
    assert "grant_id" not in body["data"]


def test_nothing_personal_and_nothing_blank(scenario):
    grant = scenario.allow("comfort.read")
    raw = webhook_body(scenario.notices(grant)[0], subject="s", issuer="https://as.example")
    for personal in (scenario.owner.owner_id, scenario.owner.email, scenario.owner.name):
        assert personal.encode() not in raw
    assert b'": ' not in raw
    assert b"\n" not in raw
    assert len(raw) < 20_000


def test_test_notice_echoes_its_state():
    notice = Notice("n1", NoticeKind.TEST, "", "client-1", "", (), 0, '{"state":"abc"}')
    body = json.loads(webhook_body(notice, subject="s", issuer="https://as.example"))
    assert (body["type"], body["data"]) == ("webhook.test", {"client_id": "client-1", "state": "abc"})


def wrong_with(raw: bytes) -> list[str]:
    headers = {
        "webhook-id": "n1",
        "webhook-timestamp": "1800000000",
        "webhook-signature": "v1,AAAA",
        "user-agent": "consentcore-webhooks/1",
        "content-type": "application/json",
        "consentcore-delivery": "dlv_1",
        "consentcore-attempt": "1",
    }
    return list(violations(headers, raw))


def raw_bodies(scenario, grant) -> list[bytes]:
    subject = pairwise_subject(scenario.keys, grant.client_id, grant.owner_id)
    return [
        webhook_body(one, subject=subject, issuer="https://as.example") for one in scenario.notices(grant)
    ]


@pytest.mark.parametrize("actor", list(ActorType))
def test_every_payload_is_as_published(scenario, actor):
    scenario.allow("comfort.read", "energy.read")
    grant = scenario.allow("comfort.read")
    scenario.withdraw(grant, Actor(actor, "somebody"))
    denied = scenario.deny().grant
    sent = raw_bodies(scenario, grant) + raw_bodies(scenario, denied)
    assert len(sent) == 4
    assert [one for raw in sent for one in wrong_with(raw)] == []


def test_sequence_rises_with_every_event_of_a_grant(scenario):
    scenario.allow("comfort.read")
    grant = scenario.allow("comfort.read", "energy.read")
    scenario.withdraw(grant, Actor(ActorType.OWNER, scenario.owner.owner_id))
    numbers = [body["data"]["sequence"] for body in bodies(scenario, grant)]
    assert numbers == sorted(set(numbers))


def test_reader_who_breaks_the_contract_is_noticed():
    assert wrong_with(b'{"type":"consent.eaten"}')
    assert wrong_with(b'{"type":"webhook.test","version":"2026-11-01","data":{"state":"a"}}')


@pytest.mark.parametrize("kind", [NoticeKind.GRANTED, NoticeKind.DENIED, NoticeKind.REVOKED])
def test_payload_stays_small_whatever_the_scopes(scenario, kind):
    many = [f"scope.number.{number:04}.{'ü' * 40}" for number in range(300)]
    facts = {
        "sequence": 7,
        "scopes": many,
        "previous_scopes": many,
        "requested_scopes": many,
        "change": "extended",
    }
    facts |= {"expires_at": "2027-11-18T11:06:40.000Z"}
    if kind is NoticeKind.REVOKED:
        facts |= {"scopes": []}
    notice = Notice("n1", kind, "g1", "client-1", "o1", (), 0, json.dumps(facts))
    raw = webhook_body(notice, subject="s" * 43, issuer="https://as.example")
    assert len(raw) < 20_000
    assert wrong_with(raw) == []
    data = json.loads(raw)["data"]
    assert data["omitted"]
    assert all(data[name] == [] for name in data["omitted"])


@pytest.mark.parametrize("kind", [NoticeKind.GRANTED, NoticeKind.DENIED, NoticeKind.REVOKED])
def test_payload_stays_small_whatever_the_details(kind):
    members = {"type": "meter_readings", "note": "ü" * 2000}
    kept = [AuthorizationDetail(members).text] * 10
    facts = {"sequence": 7, "change": "extended", "expires_at": "2027-11-18T11:06:40.000Z"}
    facts |= {"previous_authorization_details": kept, "requested_authorization_details": kept}
    facts |= {} if kind is NoticeKind.REVOKED else {"authorization_details": kept}
    notice = Notice("n1", kind, "g1", "client-1", "o1", (), 0, json.dumps(facts))
    raw = webhook_body(notice, subject="s" * 43, issuer="https://as.example")
    assert len(raw) < 20_000
    assert wrong_with(raw) == []
    assert json.loads(raw)["data"]["omitted"]


def test_what_is_allowed_now_is_the_last_to_be_left_out():
    some = [f"scope.{number:03}.{'a' * 60}" for number in range(200)]
    facts = {"sequence": 1, "scopes": some, "previous_scopes": some, "change": "extended"}
    facts |= {"expires_at": "2027-11-18T11:06:40.000Z"}
    notice = Notice("n1", NoticeKind.GRANTED, "g1", "client-1", "o1", (), 0, json.dumps(facts))
    data = json.loads(webhook_body(notice, subject="s" * 43, issuer="https://as.example"))["data"]
    assert data["omitted"] == ["previous_scopes"]
    assert data["scopes"] == some


def test_rt_09_a_payload_carries_the_newest_checkpoint_where_there_is_room():
    note, facts = factories.signed_checkpoint(7).note, {"sequence": 1, "change": "created"}
    facts |= {"expires_at": "2027-11-18T11:06:40.000Z"}

    def body(checkpoint, scopes=()):
        said = json.dumps({**facts, "scopes": scopes})
        notice = Notice("n1", NoticeKind.GRANTED, "g1", "client-1", "o1", (), 0, said)
        raw = webhook_body(notice, subject="s" * 43, issuer="https://as.example", checkpoint=checkpoint)
        assert wrong_with(raw) == []
        return json.loads(raw)

    assert body(note)["checkpoint"] == note
    assert "checkpoint" not in body("")
    assert "checkpoint" not in body(note + "— witness.example " + "A" * 5000 + "\n")
    most = [f"scope.{number:03}.{'a' * 60}" for number in range(255)]
    full = body(note + "— witness.example " + "A" * 3000 + "\n", most)
    assert full["data"]["scopes"] == most
    assert "checkpoint" not in full


@pytest.mark.parametrize(
    "kind", [NoticeKind.SECURITY, NoticeKind.ENDPOINT_FAILING, NoticeKind.PASSWORD_RESET]
)
def test_what_no_client_is_told_of_has_no_payload(kind):
    notice = Notice("n1", kind, "", "client-1", "", (), 0, "{}")
    assert webhook_body(notice, subject="s", issuer="https://as.example") == b""


def test_what_an_older_release_recorded_late_ended_at_its_date(scenario):
    """Its notices say when the worker got round to it, and beside that until when the grant stood."""
    facts = {"expires_at": "2026-11-01T10:00:00.000Z", "initiator": "system", "reason": "time_over"}
    late = Notice("evt-1", NoticeKind.EXPIRED, "g-1", "c-1", "o-1", (), 1_800_000_000_000, json.dumps(facts))
    body = json.loads(webhook_body(late, subject="s", issuer="https://as.example"))
    assert (body["timestamp"], body["data"]["effective_at"]) == (facts["expires_at"], facts["expires_at"])


def test_chosen_resources_are_told_by_kind_before_and_after():
    facts = {
        "sequence": 2,
        "scopes": ["comfort.read"],
        "previous_scopes": ["comfort.read"],
        "change": "narrowed",
        "expires_at": "2027-11-18T11:06:40.000Z",
        "resource_ids": ["site|lyon-1"],
        "previous_resource_ids": ["device|boiler", "site|lyon-1", "site|lyon-2"],
    }
    notice = Notice("n1", NoticeKind.GRANTED, "g1", "client-1", "o1", (), 0, json.dumps(facts))
    raw = webhook_body(notice, subject="s" * 43, issuer="https://as.example")
    data = json.loads(raw)["data"]
    assert data["resources"] == [{"type": "site", "identifiers": ["lyon-1"]}]
    assert data["previous_resources"] == [
        {"type": "device", "identifiers": ["boiler"]},
        {"type": "site", "identifiers": ["lyon-1", "lyon-2"]},
    ]
    assert wrong_with(raw) == []
