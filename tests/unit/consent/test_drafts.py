"""What a decision says, and the grant as it shall be after it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.consent import drafts
from consentcore.domain.clock import DAY
from consentcore.domain.errors import InvalidInput
from consentcore.domain.event import Evidence
from consentcore.domain.event_kinds import EventType
from consentcore.domain.parties import Actor, ActorType
from consentcore.testing import factories

NOW = 1_000_000
EVIDENCE = Evidence("button:approve")


@pytest.fixture
def interaction(scenario):
    request = factories.request(scenario.client.client_id, scopes=("sites.read", "comfort.read"))
    return factories.interaction(scenario.client.client_id, request=request)


def approval(scenario, interaction, *allowed: str):
    return drafts.approval(scenario.catalog, interaction, "owner-1", allowed, EVIDENCE)


def test_a_yes_names_what_was_asked_allowed_and_refused(scenario, interaction):
    action = approval(scenario, interaction, "sites.read")
    assert (action.type, action.actor) == (EventType.GRANTED, Actor(ActorType.OWNER, "owner-1"))
    assert action.evidence is EVIDENCE
    assert action.requested == ("comfort.read@1", "sites.read@1")
    assert (action.granted, action.declined) == (("sites.read@1",), ("comfort.read@1",))


def test_what_the_catalog_does_not_have_cannot_be_allowed(scenario, interaction):
    with pytest.raises(InvalidInput):
        approval(scenario, interaction, "roof.read")


def test_a_new_grant_has_what_was_allowed_and_nothing_before_that(scenario, interaction):
    nothing = drafts.without_permission("owner-1", "client-1", NOW)
    assert (nothing.scopes, nothing.expires_at, nothing.sequence) == ((), NOW, 0)
    assert nothing.grant_id != drafts.without_permission("owner-1", "client-1", NOW).grant_id

    action = approval(scenario, interaction, "sites.read")
    grant = drafts.begun(nothing, action, ("b", "a", "b"), end=NOW + DAY, replaces="old")
    assert grant == replace(
        nothing,
        scopes=("sites.read@1",),
        resources=("a", "b"),
        expires_at=NOW + DAY,
        replaces="old",
        declined=("comfort.read@1",),
    )


def test_a_further_approval_keeps_what_was_not_asked_and_what_was_chosen(scenario, interaction):
    current = factories.grant(
        "owner-1", "client-1", scopes=("energy.read@1", "sites.read@1"), resources=("a",), expires_at=NOW
    )
    action = approval(scenario, interaction, "comfort.read")
    after = drafts.amended(scenario.catalog, current, interaction.request.scopes, action, (), end=NOW + DAY)
    assert after == replace(current, scopes=("comfort.read@1", "energy.read@1"), declined=("sites.read@1",))
