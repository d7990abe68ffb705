"""What may be taken away from a permission, cell by cell, and what would be more than stands."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest

from consentcore.consent.narrowing import NothingLeft, NothingNarrower, Remainder, narrowed
from consentcore.consent.verify import verify_all
from consentcore.domain.clock import DAY, HOUR, iso
from consentcore.domain.errors import InvalidInput, InvalidTransition, NotFound, StorageConflict
from consentcore.domain.event import Evidence
from consentcore.domain.notice_facts import ConsentFacts
from consentcore.domain.parties import Actor, ActorType
from consentcore.domain.scope import Catalog, Scope, ScopeType
from consentcore.testing import factories
from consentcore.testing.factories import NOW

CATALOG = Catalog.of(
    [
        Scope("sites", "Sites", "Names.", resource_kinds=("site",)),
        Scope("meters", "Meters", "Meters.", resource_kinds=("meter",)),
        Scope("act", "Act", "Acts.", type=ScopeType.ACT),
        Scope("offline_access", "Away", "Away.", type=ScopeType.SESSION),
    ]
)
GRANT = factories.grant(
    "owner-1",
    "client-1",
    scopes=("act@1", "meters@1", "offline_access@1", "sites@1"),
    resources=("meter|*", "site|a", "site|b"),
)
WHOLE = Remainder.whole(GRANT)


def left(**changes) -> Remainder:
    return replace(WHOLE, **changes)


@pytest.mark.parametrize(
    ("changes", "became"),
    [
        ({"scopes": ("sites", "meters")}, {"scopes": ("meters@1", "sites@1")}),
        ({"scopes": ("act",)}, {"scopes": ("act@1",)}),
        ({"resources": ("meter|*", "site|a")}, {"resources": ("meter|*", "site|a")}),
        ({"resources": ("meter|7", "site|b")}, {"resources": ("meter|7", "site|b")}),
        ({"resources": ("meter|*", "meter|7", "site|b")}, {"resources": ("meter|*", "site|b")}),
        (
            {"scopes": ("sites",), "resources": ("site|a",)},
            {"scopes": ("sites@1",), "resources": ("site|a",)},
        ),
        ({"scopes": ("act",), "resources": ()}, {"scopes": ("act@1",), "resources": ()}),
        ({"expires_at": NOW + DAY}, {"expires_at": NOW + DAY}),
        ({"expires_at": GRANT.expires_at - 1}, {"expires_at": GRANT.expires_at - 1}),
    ],
)
def test_cr_05_less_of_each_kind_needs_no_new_consent(changes, became):
    after = narrowed(CATALOG, GRANT, left(**changes), NOW)
    taken = sorted(set(GRANT.scopes) - set(became.get("scopes", GRANT.scopes)))
    assert after == replace(GRANT, **became, declined=tuple(taken))


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("scopes", {"scopes": ("sites", "alarms")}),
        ("scopes", {"scopes": ("sites@2",)}),
        ("scopes", {"scopes": ("",)}),
        ("resources", {"resources": ("meter|*", "site|a", "site|c")}),
        ("resources", {"resources": ("meter|*", "site|*")}),
        ("resources", {"resources": ("*",)}),
        ("resources", {"resources": ("device|7", "site|a")}),
        ("resources", {"resources": ("device|*", "site|a")}),
        ("resources", {"resources": ("a", "b")}),
        ("expires_at", {"expires_at": GRANT.expires_at + 1}),
        ("expires_at", {"expires_at": NOW + DAY - 1}),
        ("expires_at", {"expires_at": NOW}),
        ("expires_at", {"expires_at": 0}),
    ],
)
def test_db_21_cr_05_more_than_stands_is_refused_by_its_field(field, changes):
    with pytest.raises(InvalidInput) as caught:
        narrowed(CATALOG, GRANT, left(**changes), NOW)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("scopes", {"scopes": ()}),
        ("scopes", {"scopes": ("offline_access",)}),
        ("resources", {"resources": ()}),
        ("resources", {"resources": ("meter|*",)}),
        ("resources", {"scopes": ("sites",), "resources": ("meter|*",)}),
    ],
)
def test_what_would_leave_nothing_is_no_narrowing(field, changes):
    with pytest.raises(NothingLeft) as caught:
        narrowed(CATALOG, GRANT, left(**changes), NOW)
    assert caught.value.field == field


def test_what_stands_is_no_narrowing():
    with pytest.raises(NothingNarrower):
        narrowed(CATALOG, GRANT, WHOLE, NOW)


@pytest.mark.parametrize(
    ("held", "chosen", "fine"),
    [
        (("*",), ("site|a",), True),
        (("*",), ("a",), True),
        (("a", "b"), ("a",), True),
        (("a", "b"), ("*",), False),
        (("a",), ("site|a",), False),
        ((), ("site|a",), False),
    ],
)
def test_cr_05_what_older_releases_stored_is_narrowed_too(held, chosen, fine):
    bare = Catalog.of([Scope("sites", "Sites", "Names.")])
    grant = replace(GRANT, scopes=("sites@1",), resources=held)
    wanted = Remainder(("sites",), chosen, grant.expires_at)
    if fine:
        assert narrowed(bare, grant, wanted, NOW).resources == chosen
    else:
        with pytest.raises(InvalidInput):
            narrowed(bare, grant, wanted, NOW)


def owner_of(scenario) -> Actor:
    return Actor(ActorType.OWNER, scenario.owner.owner_id)


def narrow(scenario, grant, actor=None, *, sequence=None, **changes):
    wanted = replace(Remainder.whole(grant), **changes)
    with scenario.storage.transaction() as uow:
        return scenario.service.narrowing.narrow(
            uow,
            grant.grant_id,
            wanted,
            actor=actor or owner_of(scenario),
            evidence=Evidence("form:change"),
            expected_sequence=sequence,
        )


def test_cr_02_db_21_narrowing_is_one_event_with_before_and_after_and_a_notice(scenario):
    grant = scenario.approve("sites.read", "comfort.read", resources=("a", "b")).grant
    scenario.clock.advance(HOUR)
    end = scenario.clock.now() + 30 * DAY
    change = narrow(scenario, grant, scopes=("sites.read",), resources=("a",), expires_at=end)
    body = json.loads(change.event.body)
    assert (body["type"], body["sequence"], body["state_before"], body["state_after"]) == (
        "narrowed",
        2,
        "active",
        "active",
    )
    assert (body["scopes_before"], body["scopes_after"]) == (
        ["comfort.read@1", "sites.read@1"],
        ["sites.read@1"],
    )
    assert (body["resources_before"], body["resources_after"]) == (["a", "b"], ["a"])
    assert body["validity_before"]["until"] == iso(grant.expires_at)
    assert body["validity"]["until"] == iso(end)
    assert body["evidence"]["reason_code"] == "owner_request"
    assert "consent_type" not in body
    with scenario.storage.reading() as uow:
        assert uow.grants.get(grant.grant_id) == change.grant
        (notice,) = uow.notices.several([change.event.event_id]).values()
    facts = ConsentFacts.from_json(notice.data)
    assert (facts.event_type, facts.change, facts.initiator) == ("narrowed", "narrowed", "user")
    assert (facts.previous_expires_at, facts.expires_at) == (iso(grant.expires_at), iso(end))
    assert not verify_all(scenario.storage, scenario.keys).problems


def test_cr_05_an_application_narrows_its_own_grant_and_no_other(scenario):
    grant = scenario.approve("sites.read", "comfort.read").grant
    with pytest.raises(NotFound):
        narrow(scenario, grant, Actor(ActorType.CLIENT, "another"), scopes=("sites.read",))
    with pytest.raises(NotFound):
        narrow(scenario, grant, Actor(ActorType.OWNER, "another"), scopes=("sites.read",))
    change = narrow(
        scenario, grant, Actor(ActorType.CLIENT, scenario.client.client_id), scopes=("sites.read",)
    )
    assert (change.event.type.value, change.grant.scope_ids) == ("reduced", ("sites.read",))
    assert json.loads(change.event.body)["evidence"]["reason_code"] == "client_request"


def test_what_has_ended_or_changed_since_it_was_seen_is_not_narrowed(scenario):
    grant = scenario.approve("sites.read", "comfort.read").grant
    scenario.approve("sites.read", "energy.read")
    with pytest.raises(InvalidTransition):
        narrow(scenario, grant, scopes=("sites.read",), sequence=grant.sequence)
    scenario.clock.advance(400 * DAY)
    with pytest.raises(InvalidTransition):
        narrow(scenario, grant, scopes=("sites.read",))


def test_cr_05_narrowing_and_approving_at_once_lose_neither(scenario):
    """Whoever is second sees the other's grant; a conflict is run again, as every caller does."""
    grant = scenario.approve("sites.read", "comfort.read").grant
    start, failed = threading.Barrier(2), []

    def run(act):
        start.wait()
        for _ in range(50):
            try:
                act()
            except StorageConflict:
                continue
            except Exception as error:  # noqa: BLE001 - said by the test
                failed.append(error)
            return

    def take_away():
        with scenario.storage.transaction() as uow:
            now = uow.grants.get(grant.grant_id, lock=True)
            wanted = replace(
                Remainder.whole(now), scopes=tuple(one for one in now.scope_ids if one != "comfort.read")
            )
            scenario.service.narrowing.narrow(
                uow, grant.grant_id, wanted, actor=owner_of(scenario), evidence=Evidence("form:change")
            )

    acts = (take_away, lambda: scenario.approve("energy.read"))
    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []
    with scenario.storage.reading() as uow:
        found = uow.grants.get(grant.grant_id)
        kinds = [event.type.value for event in uow.ledger.of_grant(grant.grant_id)]
    assert found.scope_ids == ("energy.read", "sites.read")
    assert sorted(kinds) == ["amended", "granted", "narrowed"]
    assert not verify_all(scenario.storage, scenario.keys).problems
