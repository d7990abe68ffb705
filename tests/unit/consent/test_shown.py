from __future__ import annotations

import json

import pytest

from consentcore.consent.forgetting import make_tombstone
from consentcore.consent.shown import freeze, replay
from consentcore.consent.snapshot import hash_of

PAGE = """<html><head><title>Ada Lovelace</title></head><body><h1>Ada Lovelace</h1>
<p aria-label="of ada@example.org">Rue de Lyon 3, Adastraße {sd:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA}</p>
<input type="checkbox" name="resource" value="site-1"> <bdi>Rue de Lyon 3</bdi></body></html>"""
PERSONAL = ["Ada Lovelace", "ada@example.org", "Rue de Lyon 3", "Ada", "", "  "]


@pytest.fixture
def kept(scenario):
    shown = freeze(PAGE, {"locale": "en"}, PERSONAL, 5)
    with scenario.storage.transaction() as uow:
        uow.ledger.put_snapshot(shown)
        uow.ledger.put_disclosures(shown.disclosures)
    return shown


def find(scenario, shown):
    with scenario.storage.reading() as uow:
        return replay(uow.ledger, shown.snapshot_hash)


def test_rt_05_no_personal_value_stands_in_the_snapshot(kept):
    for value in ("Lovelace", "ada@example.org", "Lyon"):
        assert value not in kept.content
    assert "Adastraße" in kept.content
    assert len(kept.disclosures) == 3
    assert kept.snapshot_hash == hash_of(kept.content)


def test_it_comes_back_whole_while_it_is_known(scenario, kept):
    found = find(scenario, kept)
    assert found.intact
    assert not found.erased
    assert found.strings("[erased]") == [
        "Ada Lovelace",
        "Ada Lovelace",
        "of ada@example.org",
        "Rue de Lyon 3, Adastraße {sd:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA}",
        "Rue de Lyon 3",
    ]
    assert "<bdi>Rue de Lyon 3</bdi>" in found.inert("[erased]")
    assert found.controls == [{"type": "checkbox", "name": "resource", "value": "site-1", "on": False}]


def test_rt_05_what_was_forgotten_says_so_where_it_stood_and_the_hash_still_fits(scenario, kept):
    gone = [make_tombstone(scenario.keys, one.digest, 9, "erasure") for one in kept.disclosures]
    with scenario.storage.transaction() as uow:
        uow.ledger.forget(gone)
    found = find(scenario, kept)
    assert found.intact
    assert found.erased
    assert found.strings("[erased]")[0] == "[erased]"
    assert "<bdi>[erased]</bdi>" in found.inert("[erased]")


def test_a_snapshot_of_an_older_release_is_shown_too(scenario):
    from consentcore.consent.snapshot import make_snapshot

    old = make_snapshot({"html": "<h1>May <bdi>CoolSite</bdi> …?</h1>", "buttons": ["Approve"]}, 5)
    with scenario.storage.transaction() as uow:
        uow.ledger.put_snapshot(old)
    found = find(scenario, old)
    assert found.strings("x") == ["May", "CoolSite", "…?"]
    assert found.inert("x") == "<h2>May <bdi>CoolSite</bdi> …?</h2>"
    assert found.controls == []


def test_what_was_changed_is_not_intact(scenario, kept):
    from dataclasses import replace

    snapshots = scenario.storage._engine.committed.snapshots
    row = snapshots.get(kept.snapshot_hash)
    snapshots.put(kept.snapshot_hash, replace(row, content=json.dumps({"html": "<p>other</p>"})))
    assert not find(scenario, kept).intact


def test_what_is_gone_is_not_there(scenario):
    with scenario.storage.reading() as uow:
        assert replay(uow.ledger, "sha256:00") is None
