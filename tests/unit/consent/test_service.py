from __future__ import annotations

import json
from dataclasses import replace

import pytest

from consentcore.consent.decision import Decision
from consentcore.consent.event_body import EXPLICIT_CONSENT
from consentcore.domain.clock import DAY, iso
from consentcore.domain.errors import InteractionGone, InvalidInput, InvalidTransition, NotFound
from consentcore.domain.event import Evidence
from consentcore.domain.event_kinds import EVENT_KINDS, SECURITY_EVENTS, EventType, NoticeKind, event_kind
from consentcore.domain.grant_states import GrantState
from consentcore.domain.parties import Actor, ActorType, Audience
from consentcore.domain.secret import CODE, digest, looks_like
from consentcore.testing import factories
from tests.support.delivery_log import find_notice
from tests.unit.consent.conftest import EVERY_SCOPE

OWNER = Actor(ActorType.OWNER, "somebody")


def body_of(event) -> dict:
    return json.loads(event.body)


def chain(scenario, grant_id):
    with scenario.storage.reading() as uow:
        return uow.ledger.of_grant(grant_id)


def notice_of(scenario, event):
    with scenario.storage.reading() as uow:
        return find_notice(uow, event.event_id)


def test_91_approve_makes_grant_event_snapshot_notice_and_code_together(scenario):
    approval = scenario.approve("sites.read", "comfort.read", resources=("site-2", "site-1"))
    grant, event = approval.grant, approval.event

    assert grant.state is GrantState.ACTIVE
    assert grant.scopes == ("comfort.read@1", "sites.read@1")
    assert grant.resources == ("site-1", "site-2")
    assert grant.expires_at == scenario.clock.now() + 200 * DAY
    assert (grant.sequence, grant.head) == (1, event.record_hash)
    assert looks_like(CODE, approval.code)
    with scenario.storage.reading() as uow:
        assert uow.grants.get(grant.grant_id) == grant
        assert list(uow.ledger.of_grant(grant.grant_id)) == [event]
        assert uow.ledger.snapshot(scenario.snapshot().snapshot_hash).content == scenario.snapshot().content
        notice = find_notice(uow, event.event_id)
    found = scenario.storage.protocol.read_code(scenario.client.client_id, digest(approval.code))
    assert found.grant == grant
    assert found.code.scopes == ("sites.read", "comfort.read")
    assert found.code.expires_at == scenario.clock.now() + 60_000
    assert notice.kind is NoticeKind.GRANTED
    assert notice.audiences == (Audience.OWNER, Audience.CLIENT)
    told = json.loads(notice.data)
    assert (told["change"], told["initiator"], told["sequence"]) == ("created", "user", 1)
    assert told["scopes"] == ["comfort.read", "sites.read"]
    assert told["expires_at"] == iso(grant.expires_at)


def test_the_body_says_who_allowed_what_to_whom_on_what_text(scenario):
    approval = scenario.approve("sites.read", "comfort.read", allow=("sites.read",))
    body = body_of(approval.event)

    assert body["consent_type"] == EXPLICIT_CONSENT
    assert body["scopes_requested"] == ["comfort.read@1", "sites.read@1"]
    assert body["scopes_granted"] == body["scopes_after"] == ["sites.read@1"]
    assert body["scopes_declined"] == ["comfort.read@1"]
    assert body["client_name"] == "CoolSite"
    assert body["purpose"] == {"text": scenario.client.purpose, "author": "client"}
    category = {"type": "sites", "scope": "sites.read@1", "necessity": "required", "sensitive": False}
    assert body["data_categories"] == [category]
    assert (body["acting_user_id"], body["authority_basis"]) == (scenario.owner.owner_id, "self")
    assert body["evidence"]["snapshot_hash"] == scenario.snapshot().snapshot_hash
    assert body["evidence"]["ip_coarse"] == "192.0.2.0/24"
    assert body["occurred_at"] == iso(scenario.clock.now())
    assert (body["state_before"], body["state_after"]) == ("", "active")
    assert scenario.owner.email not in approval.event.body


def test_a_further_approval_amends_the_same_grant(scenario):
    first = scenario.approve("sites.read")
    scenario.clock.advance(DAY)
    second = scenario.approve("comfort.read")

    assert second.grant.grant_id == first.grant.grant_id
    assert second.event.type is EventType.AMENDED
    assert second.event.prev_hash == first.event.record_hash
    assert second.grant.sequence == 2
    assert second.grant.scopes == ("comfort.read@1", "sites.read@1")
    body = body_of(second.event)
    assert (body["scopes_before"], body["scopes_after"]) == (
        list(first.grant.scopes),
        list(second.grant.scopes),
    )
    told = json.loads(notice_of(scenario, second.event).data)
    assert (told["change"], told["previous_scopes"]) == ("extended", ["sites.read"])


def test_nothing_outlasts_what_somebody_said_yes_to(scenario):
    first = scenario.approve("ev.write")
    scenario.clock.advance(80 * DAY)

    kept = scenario.approve("sites.read")
    assert kept.grant.expires_at == first.grant.expires_at

    renewed = scenario.approve("sites.read", "ev.write")
    assert renewed.grant.expires_at == scenario.clock.now() + 90 * DAY
    assert json.loads(notice_of(scenario, renewed.event).data)["change"] == "renewed"


def test_staying_connected_does_not_hold_back_a_renewal(scenario):
    scenario.approve("sites.read", "offline_access")
    scenario.clock.advance(100 * DAY)
    renewed = scenario.approve("sites.read")

    assert renewed.grant.expires_at == scenario.clock.now() + 365 * DAY
    assert renewed.grant.scope_ids == ("offline_access", "sites.read")


def test_until_says_what_approve_will_do(scenario):
    first = scenario.approve("ev.write")
    scenario.clock.advance(10 * DAY)
    shown = scenario.service.until(("comfort.read",), scenario.clock.now(), first.grant)
    assert scenario.approve("comfort.read").grant.expires_at == shown
    assert scenario.service.until(("sites.read",), 0) == 365 * DAY


def test_a_scope_asked_again_and_declined_goes(scenario):
    scenario.approve("sites.read", "comfort.read")
    narrowed = scenario.approve("sites.read", "comfort.read", allow=("sites.read",))
    assert narrowed.grant.scope_ids == ("sites.read",)
    assert json.loads(notice_of(scenario, narrowed.event).data)["change"] == "narrowed"


def test_choosing_no_resources_never_widens_an_earlier_choice(scenario):
    scenario.approve("sites.read", resources=("site-1",))
    assert scenario.approve("sites.read").grant.resources == ("site-1",)
    assert scenario.approve("sites.read", resources=("site-2",)).grant.resources == ("site-2",)


@pytest.mark.parametrize(
    ("first", "second", "change"),
    [
        (("site|a",), ("site|a", "site|b"), "extended"),
        (("site|a",), ("site|b",), "extended"),
        (("site|a",), ("site|*",), "extended"),
        (("site|*",), ("site|a",), "narrowed"),
        (("site|a", "site|b"), ("site|a",), "narrowed"),
        (("site|a",), ("site|a",), "renewed"),
    ],
    ids=["one-more", "another", "all", "one-of-all", "one-less", "the-same"],
)
def test_a_change_of_what_was_chosen_is_called_what_it_is(scenario, first, second, change):
    scenario.approve("sites.read", resources=first)
    amended = scenario.approve("sites.read", resources=second)
    assert json.loads(notice_of(scenario, amended.event).data)["change"] == change


@pytest.mark.parametrize(("days", "change"), [(30, "narrowed"), (90, "renewed")])
def test_an_end_that_comes_sooner_is_less(scenario, days, change):
    scenario.service.durations = replace(scenario.service.durations, offered_days=(30, 90))
    scenario.approve("sites.read", days=90)
    scenario.clock.advance(DAY)
    amended = scenario.approve("sites.read", days=days)
    assert json.loads(notice_of(scenario, amended.event).data)["change"] == change


def test_an_overdue_grant_expires_before_a_new_one_replaces_it(scenario):
    old = scenario.approve("ev.write").grant
    scenario.clock.advance(90 * DAY)
    new = scenario.approve("ev.write").grant

    assert new.grant_id != old.grant_id
    assert new.replaces == old.grant_id
    assert [event.type for event in chain(scenario, old.grant_id)] == [EventType.GRANTED, EventType.EXPIRED]
    assert [event.type for event in chain(scenario, new.grant_id)] == [EventType.GRANTED]


def test_a_new_grant_names_the_one_that_ended_last(scenario):
    old = scenario.approve("sites.read").grant
    scenario.revoke(old.grant_id, OWNER)
    scenario.deny("sites.read")
    assert scenario.approve("sites.read").grant.replaces == old.grant_id


@pytest.mark.parametrize("allow", [(), ("comfort.read",), ("sites.read", "nonsense")])
def test_more_or_less_than_asked_is_refused_and_leaves_the_request_pending(scenario, allow):
    interaction = scenario.ask("sites.read")
    with pytest.raises(InvalidInput, match="scopes"), scenario.storage.transaction() as uow:
        scenario.service.approve(
            uow,
            interaction=interaction,
            client=scenario.client,
            owner=scenario.owner,
            decision=Decision(allow),
            evidence=Evidence("button:approve"),
            snapshot=scenario.snapshot(),
        )
    with scenario.storage.reading() as uow:
        assert uow.interactions.get(interaction.interaction_hash) == interaction
        assert not uow.grants.all()


def test_a_scope_that_the_client_lost_meanwhile_is_refused(scenario):
    narrow = replace(scenario.client, scopes=("sites.read",))
    with pytest.raises(InvalidInput, match="registered"):
        scenario.approve("sites.read", "comfort.read", client=narrow)


def test_68_an_answer_counts_once(scenario):
    interaction = scenario.ask("sites.read")
    given = {
        "interaction": interaction,
        "client": scenario.client,
        "owner": scenario.owner,
        "evidence": Evidence("button:deny"),
        "snapshot": scenario.snapshot(),
    }
    with scenario.storage.transaction() as uow:
        scenario.service.deny(uow, **given)
    with pytest.raises(InteractionGone), scenario.storage.transaction() as uow:
        scenario.service.approve(uow, decision=Decision(("sites.read",)), **given)
    with pytest.raises(InteractionGone), scenario.storage.transaction() as uow:
        scenario.service.deny(uow, **given)
    with scenario.storage.reading() as uow:
        assert [grant.state for grant in uow.grants.all()] == [GrantState.DENIED]


def answer_late(scenario, interaction):
    scenario.clock.advance(600_000)
    return {}


def answer_as_stranger(scenario, interaction):
    return {"owner": factories.owner()}


def answer_to_other_client(scenario, interaction):
    return {"client": scenario.add_client(scopes=EVERY_SCOPE)}


def answer_to_disabled_client(scenario, interaction):
    return {"client": scenario.update_client(scenario.client, enabled=False)}


@pytest.mark.parametrize(
    "arrange", [answer_late, answer_as_stranger, answer_to_other_client, answer_to_disabled_client]
)
def test_a_request_is_answered_in_time_by_its_owner_for_its_client(scenario, arrange):
    interaction = scenario.ask("sites.read")
    given = {"client": scenario.client, "owner": scenario.owner, **arrange(scenario, interaction)}
    with pytest.raises(InteractionGone), scenario.storage.transaction() as uow:
        scenario.service.approve(
            uow,
            interaction=interaction,
            decision=Decision(("sites.read",)),
            evidence=Evidence("button:approve"),
            snapshot=scenario.snapshot(),
            **given,
        )


def test_evidence_about_another_page_is_refused(scenario):
    interaction = scenario.ask("sites.read")
    with pytest.raises(InvalidInput, match="snapshot"), scenario.storage.transaction() as uow:
        scenario.service.deny(
            uow,
            interaction=interaction,
            client=scenario.client,
            owner=scenario.owner,
            evidence=Evidence("button:deny", snapshot_hash="sha256:0"),
            snapshot=scenario.snapshot(),
        )


def test_a_denial_is_a_grant_of_its_own_and_leaves_a_standing_one(scenario):
    standing = scenario.approve("sites.read").grant
    denied = scenario.deny("comfort.read")

    assert denied.grant.state is GrantState.DENIED
    assert denied.grant.scopes == ()
    body = body_of(denied.event)
    assert body["scopes_declined"] == body["scopes_requested"] == ["comfort.read@1"]
    assert "consent_type" not in body
    notice = notice_of(scenario, denied.event)
    assert notice.kind is NoticeKind.DENIED
    assert json.loads(notice.data)["had_grant_before"] is True
    with scenario.storage.reading() as uow:
        assert uow.grants.get(standing.grant_id) == standing


def test_a_first_denial_says_that_nothing_stood_before(scenario):
    assert (
        json.loads(notice_of(scenario, scenario.deny("sites.read").event).data)["had_grant_before"] is False
    )


@pytest.mark.parametrize(
    ("actor", "event_type", "initiator"),
    [
        (ActorType.OWNER, EventType.WITHDRAWN, "user"),
        (ActorType.CLIENT, EventType.CLOSED, "client"),
        (ActorType.OPERATOR, EventType.REVOKED, "admin"),
        (ActorType.SYSTEM, EventType.REVOKED, "system"),
    ],
)
def test_revoke_is_named_after_who_did_it(scenario, actor, event_type, initiator):
    approval = scenario.approve("sites.read")
    change = scenario.revoke(approval.grant.grant_id, Actor(actor, "x"))

    assert change.event.type is event_type
    assert change.grant.state is event_kind(event_type).state_after
    assert change.grant.scopes == approval.grant.scopes
    notice = notice_of(scenario, change.event)
    assert notice.kind is NoticeKind.REVOKED
    told = json.loads(notice.data)
    assert (told["initiator"], told["scopes"], told["previous_scopes"]) == (initiator, [], ["sites.read"])
    code = scenario.storage.protocol.consume_code(
        factories.redemption(
            factories.code(change.grant, code_hash=digest(approval.code)), now=scenario.clock.now()
        )
    )
    assert type(code).__name__ == "Unknown"


def test_somebody_elses_grant_is_not_found(scenario):
    grant_id = scenario.approve("sites.read").grant.grant_id
    for wrong in ({"owner_id": "other"}, {"client_id": "other"}):
        with pytest.raises(NotFound):
            scenario.revoke(grant_id, OWNER, **wrong)
    with pytest.raises(NotFound):
        scenario.revoke("nonsense", OWNER)
    scenario.revoke(grant_id, OWNER, owner_id=scenario.owner.owner_id, client_id=scenario.client.client_id)


def test_an_ended_grant_is_never_ended_again(scenario):
    grant_id = scenario.approve("sites.read").grant.grant_id
    scenario.revoke(grant_id, OWNER)
    with pytest.raises(InvalidTransition):
        scenario.revoke(grant_id, OWNER)
    assert len(chain(scenario, grant_id)) == 2


def test_a_grant_whose_time_is_over_cannot_be_withdrawn(scenario):
    grant_id = scenario.approve("ev.write").grant.grant_id
    scenario.clock.advance(90 * DAY)
    with pytest.raises(InvalidTransition, match="expired"):
        scenario.revoke(grant_id, OWNER)


def test_a_reason_is_bounded(scenario):
    grant_id = scenario.approve("sites.read").grant.grant_id
    with pytest.raises(InvalidInput, match="reason"):
        scenario.revoke(grant_id, OWNER, evidence=Evidence("admin", reason_text="x" * 1001))


def test_text_that_no_store_could_keep_is_refused(scenario):
    grant_id = scenario.approve("sites.read").grant.grant_id
    with pytest.raises(InvalidInput, match="Unicode"):
        scenario.revoke(grant_id, OWNER, evidence=Evidence("admin", reason_text="\ud800"))


def test_expire_waits_for_the_time_and_happens_once(scenario):
    grant_id = scenario.approve("ev.write").grant.grant_id

    def expire():
        with scenario.storage.transaction() as uow:
            return scenario.service.expire(uow, grant_id)

    scenario.clock.advance(90 * DAY - 1)
    assert expire() is None
    scenario.clock.advance(1)
    change = expire()
    assert change.grant.state is GrantState.EXPIRED
    assert notice_of(scenario, change.event).kind is NoticeKind.EXPIRED
    assert expire() is None


@pytest.mark.parametrize("event_type", sorted(SECURITY_EVENTS))
def test_a_compromise_kills_the_family_and_keeps_the_grant(scenario, event_type):
    approval = scenario.approve("sites.read")
    code = scenario.storage.protocol.read_code(scenario.client.client_id, digest(approval.code)).code

    def report():
        with scenario.storage.transaction() as uow:
            return scenario.service.compromised(
                uow, family_id=code.family_id, grant_id=approval.grant.grant_id, event_type=event_type
            )

    scenario.clock.advance(1000)
    change = report()
    assert change.grant.state is GrantState.ACTIVE
    assert change.grant.changed_at == approval.grant.changed_at
    assert (change.grant.sequence, change.grant.head) == (2, change.event.record_hash)
    assert body_of(change.event)["family_id"] == code.family_id
    notice = notice_of(scenario, change.event)
    assert (notice.kind, notice.audiences) == (NoticeKind.SECURITY, (Audience.OPERATOR,))
    assert report() is None
    assert len(chain(scenario, approval.grant.grant_id)) == 2


def test_only_security_events_are_a_compromise(scenario):
    with pytest.raises(InvalidInput, match="event_type"), scenario.storage.transaction() as uow:
        scenario.service.compromised(uow, family_id="f", grant_id="g", event_type=EventType.GRANTED)


@pytest.mark.parametrize("state", GrantState)
@pytest.mark.parametrize("actor", ActorType)
def test_64_final_states_stay_final(scenario, state, actor):
    grant = factories.grant(scenario.owner.owner_id, scenario.client.client_id, state=state)
    with scenario.storage.transaction() as uow:
        uow.grants.add(grant)  # a row without a chain, which would say what it is
    if state is GrantState.ACTIVE:
        assert scenario.revoke(grant.grant_id, Actor(actor)).grant.state is not GrantState.ACTIVE
    else:
        with pytest.raises(InvalidTransition):
            scenario.revoke(grant.grant_id, Actor(actor))


def test_the_table_of_transitions_names_what_may_happen():
    endings = {EventType.WITHDRAWN, EventType.CLOSED, EventType.REVOKED, EventType.EXPIRED}
    allowed = {
        state: {row.type for row in EVENT_KINDS if state in row.follows} for state in (None, *GrantState)
    }
    assert allowed[None] == {EventType.GRANTED, EventType.DENIED, EventType.ABANDONED}
    changes = {EventType.AMENDED, EventType.NARROWED, EventType.REDUCED}
    assert allowed[GrantState.ACTIVE] == endings | SECURITY_EVENTS | changes
    for final in (GrantState.WITHDRAWN, GrantState.CLOSED, GrantState.REVOKED, GrantState.EXPIRED):
        assert allowed[final] == SECURITY_EVENTS | {EventType.DELETION_CONFIRMED}
    assert not allowed[GrantState.DENIED]
    assert not allowed[GrantState.ABANDONED]


def crash_after_approve(scenario, interaction):
    with scenario.storage.transaction() as uow:
        scenario.service.approve(
            uow,
            interaction=interaction,
            client=scenario.client,
            owner=scenario.owner,
            decision=Decision(("sites.read",)),
            evidence=Evidence("button:approve"),
            snapshot=scenario.snapshot(),
        )
        raise RuntimeError("crash")


def test_91_a_failed_transaction_leaves_nothing(scenario):
    interaction = scenario.ask("sites.read")
    with pytest.raises(RuntimeError, match="crash"):
        crash_after_approve(scenario, interaction)
    with scenario.storage.reading() as uow:
        assert not uow.grants.all()
        assert uow.ledger.snapshot(scenario.snapshot().snapshot_hash) is None
        assert uow.interactions.get(interaction.interaction_hash) == interaction
