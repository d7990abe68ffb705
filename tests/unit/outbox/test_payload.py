"""What an ISV is told."""

from __future__ import annotations

import json

from consentcore.api import Actor, ActorType, Notice, NoticeKind
from consentcore.consent.subject import pairwise_subject
from consentcore.outbox.payload import webhook_body


def bodies(place, grant) -> list[dict]:
    subject = pairwise_subject(place.keys, grant.client_id, grant.owner_id)
    notices = place.notices(grant)
    return [json.loads(webhook_body(one, subject=subject, issuer="https://as.example/")) for one in notices]


def test_grant(place):
    grant = place.approve("comfort.read", "energy.read")
    (body,) = bodies(place, grant)
    assert (body["type"], body["version"]) == ("consent.granted", "2026-11-01")
    assert body["timestamp"] == "2026-11-18T11:06:40.000Z"
    data = body["data"]
    assert data == {
        "client_id": place.client.client_id,
        "status": "active",
        "grant_id": grant.grant_id,
        "subject": pairwise_subject(place.keys, grant.client_id, grant.owner_id),
        "sequence": 1,
        "scopes": ["comfort.read", "energy.read"],
        "previous_scopes": [],
        "initiator": "user",
        "reason": "",
        "effective_at": body["timestamp"],
        "expires_at": "2027-11-18T11:06:40.000Z",
        "grant_url": f"https://as.example/api/v1/grants/{grant.grant_id}",
        "change": "created",
    }


def test_amendment_says_what_changed(place):
    place.approve("comfort.read")
    grant = place.approve("comfort.read", "energy.read")
    _, body = bodies(place, grant)
    data = body["data"]
    assert (body["type"], data["sequence"], data["change"]) == ("consent.granted", 2, "extended")
    assert (data["previous_scopes"], data["scopes"]) == (["comfort.read"], ["comfort.read", "energy.read"])


def test_revocation(place):
    grant = place.approve("comfort.read")
    place.revoke(grant, Actor(ActorType.OPERATOR, "ops"), reason_code="admin", reason_text="Ada phoned us")
    _, body = bodies(place, grant)
    data = body["data"]
    assert (body["type"], data["status"], data["sequence"]) == ("consent.revoked", "revoked", 2)
    assert (data["scopes"], data["previous_scopes"]) == ([], ["comfort.read"])
    assert (data["initiator"], data["reason"], data["expires_at"]) == ("admin", "admin", None)
    assert "phoned" not in json.dumps(body)


def test_denial_names_the_request_and_not_the_person(place):
    (body,) = bodies(place, grant := place.deny())
    data = body["data"]
    assert (body["type"], data["status"]) == ("consent.denied", "denied")
    assert {"grant_id", "subject", "grant_url"}.isdisjoint(data)
    assert data["request_id"] == place.notices(grant)[0].notice_id
    assert (data["scopes"], data["requested_scopes"]) == ([], ["comfort.read"])


def test_denial_by_somebody_the_client_knows_names_them(place):
    grant = place.approve("comfort.read")
    place.revoke(grant, Actor(ActorType.OWNER, place.owner.owner_id))
    (body,) = bodies(place, place.deny())
    assert body["data"]["subject"] == pairwise_subject(place.keys, grant.client_id, grant.owner_id)
    assert "grant_id" not in body["data"]


def test_nothing_personal_and_nothing_blank(place):
    grant = place.approve("comfort.read")
    raw = webhook_body(place.notices(grant)[0], subject="s", issuer="https://as.example")
    for personal in (place.owner.owner_id, place.owner.email, place.owner.name):
        assert personal.encode() not in raw
    assert b'": ' not in raw
    assert b"\n" not in raw
    assert len(raw) < 20_000


def test_test_notice_echoes_its_state():
    notice = Notice("n1", NoticeKind.TEST, "", "client-1", "", (), 0, '{"state":"abc"}')
    body = json.loads(webhook_body(notice, subject="s", issuer="https://as.example"))
    assert (body["type"], body["data"]) == ("webhook.test", {"client_id": "client-1", "state": "abc"})
