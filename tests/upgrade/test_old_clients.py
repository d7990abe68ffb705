"""Keeping an application out, on what commit 26e6d57 left."""

from __future__ import annotations

import json

from consentcore.api import GrantState
from consentcore.consent.personal import disclosed_by
from consentcore.domain.clock import iso
from consentcore.domain.grant import standing
from consentcore.worker.worker import Worker
from tests.support.client_keys import EC
from tests.support.platform import introspect, refresh


def test_application_of_then_is_suspended_and_resumed(upgraded):
    found = upgraded.facts["tokens"]["opaque"]
    done = upgraded.cli("client", "suspend", "coolsite", "--reason", "sold data")
    platform = upgraded.platform
    assert done.code == 0
    assert introspect(platform, found["access_token"]) == {"active": False}
    assert refresh(platform, found["refresh_token"]).json["error"] == "unauthorized_client"
    assert upgraded.cli("client", "resume", "coolsite").code == 0
    assert introspect(platform, found["access_token"])["active"] is True


def test_consents_of_then_end_with_actor_and_reason_on_every_storage(upgraded):
    platform, runtime = upgraded.platform, upgraded.platform.runtime
    with runtime.storage.reading() as uow:
        stood = [grant.grant_id for grant in uow.grants.all(client_id="coolsite", states=[GrantState.ACTIVE])]
    assert stood
    runtime.client_access.disable("coolsite", by="ops", reason="sold data")
    Worker(runtime).run_once()
    with runtime.storage.reading() as uow:
        events = [uow.ledger.of_grant(grant_id)[-1] for grant_id in stood]
        beside = disclosed_by(uow, events)
    ends = [(json.loads(event.body), beside[event.event_id]) for event in events]
    revoked = [one for one in ends if one[0]["type"] == "revoked"]
    assert revoked
    for body, personal in revoked:
        assert body["actor"]["type"] == "operator"
        assert personal == {"operator": "ops", "reason_text": "sold data"}
        assert "ops" not in body["actor"]["id"]
        assert body["effective_at"] == iso(platform.runtime.clock.now())
    assert {body["type"] for body, _ in ends} <= {"revoked", "expired"}
    assert upgraded.cli("audit", "verify").code == 0


def test_grants_of_an_application_that_was_disabled_then_have_ended(upgraded):
    """Nobody noted when that was: they are told as ended, and the event names the system."""
    runtime, grant_id = upgraded.platform.runtime, upgraded.facts["grants"]["of a disabled client"]
    with runtime.storage.reading() as uow:
        grant = uow.grants.get(grant_id)
        found = standing(grant, runtime.clock.now(), uow.clients.get(grant.client_id))
    assert (found.state, found.recorded) == (GrantState.REVOKED, False)
    Worker(runtime).run_once()
    with runtime.storage.reading() as uow:
        assert json.loads(uow.ledger.of_grant(grant_id)[-1].body)["actor"]["type"] == "system"


def test_applications_of_then_keep_the_audience_of_their_assertions_and_new_ones_name_the_issuer(upgraded):
    cli = upgraded.cli

    def audience_of(client_id):
        return cli("client", "show", client_id, "--json").json["assertion_audience"]

    assert audience_of("coolsite") == "endpoint"
    keys = json.dumps({"keys": [EC.as_dict(private=False)]})
    facts = ("--redirect-uri", "https://new.example/cb", "--scope", "sites.read")
    signing = ("--auth-method", "private_key_jwt", "--jwks", keys)
    made = cli("client", "create", "--name", "New", "--client-id", "new", *facts, *signing)
    assert made.code == 0, made.err
    assert audience_of("new") == "issuer"
    changed = cli("client", "update", "coolsite", "--assertion-audience", "issuer")
    assert (changed.code, audience_of("coolsite")) == (0, "issuer")
