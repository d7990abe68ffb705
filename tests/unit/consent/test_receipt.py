"""Receipts are checked with their text and the public keys alone."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from copy import deepcopy

import pytest

from consentcore.api import DAY, Actor, ActorType, EventType
from consentcore.consent.receipt import BadReceipt, check, key_set, receipt_document, signed
from consentcore.consent.receipt_json_ld import from_json_ld, json_ld
from consentcore.consent.receipt_record import MANDATORY, missing, record_of
from consentcore.keys import EvidenceSigner
from consentcore.keys.ring import Keys, MasterKey
from consentcore.testing.factories import NOW

OLD, NEW = MasterKey("a1", b"o" * 32), MasterKey("b2", b"n" * 32, used_from=NOW - DAY)


@pytest.fixture
def signer() -> EvidenceSigner:
    return EvidenceSigner(Keys([OLD]))


def chain(scenario, grant) -> list:
    with scenario.storage.reading() as uow:
        return list(uow.ledger.of_grant(grant.grant_id))


@pytest.fixture
def document(scenario) -> dict:
    scenario.allow("comfort.read")
    events = chain(scenario, scenario.allow("comfort.read", "energy.read"))
    return receipt_document(
        events,
        subject="pairwise-name",
        number="4F1C-09AB-77E2",
        issuer="https://consent.example",
        scopes=scenario.catalog.as_of(("comfort.read@1",)),
    )


def every_chain(scenario) -> list[list]:
    """Of a grant in each state that the ledger knows, at each of its events."""
    found = [chain(scenario, scenario.deny().grant)]
    for actor in (ActorType.OWNER, ActorType.CLIENT, ActorType.OPERATOR):
        grant = scenario.allow("comfort.read")
        scenario.allow("comfort.read", "sites.read")
        scenario.revoke(grant.grant_id, Actor(actor, "x"))
        found.append(chain(scenario, grant))
    grant = scenario.allow("ev.write")
    scenario.clock.advance(366 * DAY)
    with scenario.storage.transaction() as uow:
        scenario.service.expire(uow, grant.grant_id)
    return [*found, chain(scenario, grant)]


def test_cr_11_record_to_json_ld_and_back_keeps_every_member(scenario):
    seen = set()
    for events in every_chain(scenario):
        for end in range(1, len(events) + 1):
            record = record_of(events[:end], "pairwise-name")
            assert missing(record) == []
            assert set(MANDATORY) <= record.keys()
            there = json.loads(json.dumps(json_ld(record)))
            assert from_json_ld(there) == record
            seen.add(events[end - 1].type)
    assert seen == {
        EventType.GRANTED,
        EventType.AMENDED,
        EventType.DENIED,
        EventType.WITHDRAWN,
        EventType.CLOSED,
        EventType.REVOKED,
        EventType.EXPIRED,
    }


@pytest.mark.parametrize("name", MANDATORY)
def test_cr_11_a_record_without_a_mandatory_member_is_named(scenario, name):
    record = record_of(chain(scenario, scenario.allow("comfort.read")), "pairwise-name")
    del record[name]
    assert missing(record) == [name]


def test_cr_11_statuses_are_those_of_dpv_and_say_who_and_when_and_by_what(scenario):
    grant = scenario.allow("comfort.read")
    scenario.allow("comfort.read", "sites.read")
    scenario.revoke(grant.grant_id, Actor(ActorType.OWNER, grant.owner_id))
    statuses = json_ld(record_of(chain(scenario, grant), "p"))["dpv:hasConsentStatus"]
    assert [one["@type"] for one in statuses] == [
        "dpv:ConsentGiven",
        "dpv:RenewedConsentGiven",
        "dpv:ConsentWithdrawn",
    ]
    assert {one["dpv:isIndicatedBy"] for one in statuses} == {"dpv:DataSubject"}
    assert all(one["dpv:isIndicatedAtTime"].endswith("Z") for one in statuses)


def test_a_signed_receipt_is_good(document, signer):
    found = check(signed(document, signer, NOW), key_set(signer))
    assert found.document == document
    assert (found.key_id, found.signed_at) == ("a1", NOW // 1000 * 1000)
    assert found.confirmation_number == "4F1C-09AB-77E2"
    assert found.record["pii_principal_id"] == "pairwise-name"


def test_a_receipt_carries_the_checkpoint_that_it_was_given(scenario, signer):
    events = chain(scenario, scenario.allow("comfort.read"))
    note = "consent.example\n1\nAAAA\n\n— consent.example AAAA\n"
    made = receipt_document(events, subject="p", number="N", issuer="https://i", checkpoint=note)
    assert check(signed(made, signer, NOW), key_set(signer)).checkpoint == note


def test_the_same_events_give_the_same_receipt(scenario, signer):
    events = chain(scenario, scenario.allow("comfort.read"))
    texts = {
        signed(receipt_document(events, subject="p", number="N", issuer="https://i"), signer, NOW)
        for _ in range(2)
    }
    assert len(texts) == 1


def paths(value, at=()):
    """Every place in a document."""
    yield at
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from paths(inner, (*at, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from paths(inner, (*at, place))


def test_nothing_in_it_can_be_changed(document, signer):
    text, keys = signed(document, signer, NOW), key_set(signer)
    places = [path for path in paths(document) if path]
    assert len(places) > 60
    for path in places:
        changed = json.loads(text)
        inner = changed["receipt"]
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = "changed"
        with pytest.raises(BadReceipt):
            check(json.dumps(changed), keys)


def test_nothing_can_be_added_or_left_out(document, signer):
    keys = key_set(signer)
    for change in (
        lambda file: file["receipt"].update({"cc:more": 1}),
        lambda file: file["receipt"].pop("cc:leaf"),
        lambda file: file.update({"more": 1}),
        lambda file: file.pop("signature"),
    ):
        file = json.loads(signed(document, signer, NOW))
        change(file)
        with pytest.raises(BadReceipt):
            check(json.dumps(file), keys)


def test_a_name_that_stands_twice_is_refused(document, signer):
    text = signed(document, signer, NOW)
    with pytest.raises(BadReceipt, match="stands once"):
        check(text.replace('"cc:leaf":', '"cc:leaf": "other", "cc:leaf":'), key_set(signer))


def test_a_key_of_somebody_else_is_refused(document, signer):
    stranger = EvidenceSigner(Keys([MasterKey("a1", b"x" * 32)]))
    with pytest.raises(BadReceipt, match="changed, or signed by another key"):
        check(signed(document, stranger, NOW), key_set(signer))
    with pytest.raises(BadReceipt, match="no key a1"):
        check(signed(document, signer, NOW), {"keys": []})


@pytest.mark.parametrize(
    "change", [{"alg": "none"}, {"typ": "JWT"}, {"crit": ["exp"]}, {"jwk": {}}, {"iat": "1"}]
)
def test_a_header_that_means_something_else_is_refused(document, signer, change):
    file = json.loads(signed(document, signer, NOW))
    first, _, last = file["signature"].partition("..")
    header = json.loads(urlsafe_b64decode(first + "=="))
    file["signature"] = (
        urlsafe_b64encode(json.dumps({**header, **change}).encode()).decode().rstrip("=") + f"..{last}"
    )
    with pytest.raises(BadReceipt):
        check(json.dumps(file), key_set(signer))


def test_a_key_proves_only_what_was_signed_while_it_was_in_use(document):
    rotated = EvidenceSigner(Keys([NEW, OLD]))
    keys = key_set(rotated)
    old = EvidenceSigner(Keys([OLD]))
    assert check(signed(document, old, NOW - 2 * DAY), keys).key_id == "a1"
    with pytest.raises(BadReceipt, match="no longer in use"):
        check(signed(document, old, NOW), keys)
    with pytest.raises(BadReceipt, match="not in use yet"):
        check(signed(document, EvidenceSigner(Keys([MasterKey("b2", b"n" * 32)])), NOW - 2 * DAY), keys)


def test_a_revoked_key_proves_nothing(document):
    revoked = MasterKey("a1", b"o" * 32, revoked_at=NOW)
    with pytest.raises(BadReceipt, match="revoked"):
        check(
            signed(document, EvidenceSigner(Keys([OLD])), NOW - DAY), key_set(EvidenceSigner(Keys([revoked])))
        )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "[" * 100_000,
        '{"receipt": {}, "signature": ""}',
        '{"receipt": {}, "signature": ".."}',
        '{"receipt": {"a": 1e999}, "signature": "a..b"}',
        '{"receipt": {"a": "\\ud800"}, "signature": "a..b"}',
        '{"receipt": [], "signature": "a..b"}',
        '{"receipt": {}, "signature": 7}',
        "x" * 2_000_001,
    ],
)
def test_what_is_no_receipt_is_refused_and_nothing_else_happens(signer, text):
    with pytest.raises(BadReceipt):
        check(text, key_set(signer))


def test_a_signed_document_without_a_record_is_refused(document, signer):
    for change in (
        lambda one: one.update({"dpv:hasRecordOfActivity": []}),
        lambda one: one["dpv:hasRecordOfActivity"][0].pop("dpv:hasNotice"),
        lambda one: one["dpv:hasRecordOfActivity"][0].update({"dpv:hasDataController": []}),
        lambda one: one.pop("cc:confirmationNumber"),
    ):
        changed = deepcopy(document)
        change(changed)
        with pytest.raises(BadReceipt):
            check(signed(changed, signer, NOW), key_set(signer))
