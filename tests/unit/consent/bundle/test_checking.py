"""A bundle holds with nothing but public keys, and everything that anybody does to it is found."""

from __future__ import annotations

import io
import json

import pytest

from consentcore.consent.bundle.checking import check_bundle
from consentcore.consent.bundle.lines import lines_of
from consentcore.consent.bundle.trust import read_keys
from consentcore.consent.bundle.writing import Selection
from consentcore.consent.evidence.signer import LogSigner
from consentcore.keys import Keys, MasterKey
from consentcore.testing.factories import NOW
from consentcore.tlog import VerifierKey
from tests.support.bundles import (
    TAMPERINGS,
    UNTOUCHED_END,
    chain_of,
    lived,
    parsed,
    places,
    sealed,
    text_of,
)
from tests.unit.consent.conftest import begin


@pytest.fixture(scope="module")
def village():
    return lived(begin())


@pytest.fixture(scope="module")
def good(village):
    return village.bundle()


def check(bundle, keys=None):
    return check_bundle(lines_of(io.BytesIO(bundle)), read_keys(keys) if keys else None)


def signer(village):
    return LogSigner(village.scenario.keys, "auth.example/2")


def test_rt_07_an_auditor_gets_the_whole_log_and_checks_it_with_public_keys_alone(village, good):
    report = check(good, village.keys)
    assert report.fault is None
    assert (report.ok, report.complete, report.with_own_keys) == (True, True, False)
    assert (report.grants, report.events, report.statements, report.size) == (4, 6, 2, 8)
    assert (report.log, report.issuer, report.forgotten) == ("auth.example/2", "https://auth.example", 1)


def test_a_bundle_that_vouches_for_itself_says_so(good):
    report = check(good)
    assert report.ok
    assert report.with_own_keys


def test_rt_13_every_later_bundle_shows_what_was_lost(good):
    (lost,) = check(good).lost
    assert (lost["from"], lost["before"], lost["reason"]) == (3, 4, "the disk died")


def test_keys_of_somebody_else_have_signed_nothing(good):
    other = LogSigner(Keys([MasterKey("x", b"x" * 32, used_from=NOW)]), "auth.example/2")
    fault = check(good, str(other.key("x"))).fault
    assert (fault.line, fault.text) == (1, "it is signed by none of the keys that may sign it")


def test_a_verifier_key_on_a_line_is_enough(village, good):
    key = signer(village).key("new1")
    assert check(good, f"{key}\n").ok
    # The log has changed its name; the key is the same.
    assert check(good, str(VerifierKey("auth.example", key.public))).ok


@pytest.mark.parametrize("reseals", [False, True], ids=["by anybody", "by who has the signing key"])
@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_was_done_to_it_is_found(village, good, name, reseals):
    lines = parsed(good)
    TAMPERINGS[name](lines)
    if reseals and name not in UNTOUCHED_END:
        lines = sealed(lines, signer(village))
    report = check(text_of(lines), village.keys if name != "revoked_key" else None)
    assert not report.ok, name


def test_the_first_bad_event_is_named(good):
    lines = parsed(good)
    at = chain_of(lines, 2)[1]
    body = json.loads(lines[at]["event"]["body"])
    TAMPERINGS["edited_event"](lines[at - 1 :])
    lines = parsed(good)
    lines[at]["event"]["body"] = lines[at]["event"]["body"].replace('"sequence":2', '"sequence":2 ')
    fault = check(text_of(lines)).fault
    assert (fault.line, fault.event_id, fault.sequence) == (at + 1, body["event_id"], 2)
    assert fault.grant_id == body["grant_id"]
    assert "does not lead from leaf" in fault.text


def test_one_byte_of_any_line_is_noticed(good):
    for number, line in enumerate(good.splitlines(keepends=True)):
        start = good.index(line) + len(line) // 2
        changed = good[:start] + bytes([good[start] ^ 1]) + good[start + 1 :]
        assert not check(changed).ok, number


@pytest.mark.parametrize(
    "junk", [b"", b"\n", b"{}\n", b'{"bundle":1}\n', b'{"bundle":', b"\xff\xfe\n", b"[" * 5000]
)
def test_junk_is_no_bundle(junk):
    assert not check(junk).ok


class TestParts:
    def test_rt_07_an_application_gets_its_own_grants(self, village):
        report = check(village.bundle(Selection(client_id="shiftplan")), village.keys)
        assert report.ok
        assert (report.grants, report.events, report.complete) == (1, 2, False)

    def test_one_grant(self, village):
        with village.scenario.storage.reading() as uow:
            (grant,) = uow.grants.all(client_id="shiftplan")
        report = check(village.bundle(Selection(grant_id=grant.grant_id)), village.keys)
        assert (report.ok, report.grants, report.events) == (True, 1, 2)

    def test_one_owner(self, village):
        owner_id = village.scenario.owner.owner_id
        report = check(village.bundle(Selection(owner_id=owner_id)), village.keys)
        assert (report.ok, report.grants, report.events) == (True, 3, 5)

    def test_a_time_brings_whole_chains(self, village):
        now = village.scenario.clock.now()
        report = check(village.bundle(Selection(since=now)), village.keys)
        assert (report.ok, report.events) == (True, 6)
        assert check(village.bundle(Selection(since=now + 1)), village.keys).events == 0
        assert check(village.bundle(Selection(until=now)), village.keys).events == 2

    def test_one_that_claims_to_be_complete_is_found(self, village):
        lines = parsed(village.bundle(Selection(client_id="shiftplan")))
        lines[0]["bundle"]["complete"] = True
        report = check(text_of(sealed(lines, signer(village))), village.keys)
        assert report.fault.text == "it claims to be complete and is not"


def test_personal_values_can_stay_at_home(village):
    bundle = village.bundle(personal=False)
    report = check(bundle, village.keys)
    assert report.ok
    assert not report.personal
    assert b"ada@example" not in bundle
    assert places(parsed(bundle), "disclosure") == []


def test_it_proves_to_continue_a_checkpoint_that_somebody_kept(village):
    kept = village.shelf.kept[0].note
    report = check(village.bundle(continues=[kept]), village.keys)
    assert report.ok
    assert report.continues == [1]
