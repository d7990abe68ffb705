"""A page about the past shows the words of the past."""

from __future__ import annotations

from dataclasses import replace

from consentcore.api import Catalog, Scope, ScopeStatus, ScopeTexts

FIRST = Scope(
    "comfort.read", "Room climate", "Temperature.", texts={"de": ScopeTexts("Raumklima", "Temperatur.")}
)
MENDED = replace(FIRST, label="Climate of rooms", revision=2)
WIDER = Scope("comfort.read", "Climate and air", "Temperature and CO2.", version="2")


def catalog(*scopes, past=()):
    found = Catalog.of(scopes)
    found.past.put(past)
    return found


def labels(found):
    return [scope.label for scope in found]


def test_cr_09_words_of_a_version_stay_those_that_were_agreed_to():
    today = catalog(WIDER, past=[("comfort.read@1", 1, 1000, FIRST)])
    assert labels(today.as_of(["comfort.read@1"])) == ["Room climate"]
    assert labels(today.as_of(["comfort.read@2"])) == ["Climate and air"]
    german = today.in_language(("de",))
    assert labels(german.as_of(["comfort.read@1"])) == ["Raumklima"]


def test_wording_is_that_of_the_moment_or_of_the_revision_that_is_named():
    past = [("comfort.read@1", 1, 1000, FIRST), ("comfort.read@1", 2, 2000, MENDED)]
    today = catalog(MENDED, past=past)
    one = ["comfort.read@1"]
    assert labels(today.as_of(one)) == ["Climate of rooms"]
    assert labels(today.as_of(one, at=1999)) == ["Room climate"]
    assert labels(today.as_of(one, at=2000)) == ["Climate of rooms"]
    assert labels(today.as_of(one, at=1)) == ["Room climate"]
    assert labels(today.as_of(one, at=5000, revisions={"comfort.read@1": 1})) == ["Room climate"]
    assert today.revisions_of(one) == {"comfort.read@1": 2}


def test_a_version_from_before_words_were_pinned_has_its_name_and_nothing_else():
    (found,) = catalog(WIDER).as_of(["comfort.read@1"], at=1)
    assert (found.label, found.sees, found.reference) == ("Climate and air", "", "comfort.read@1")
    (gone,) = catalog(WIDER).as_of(["left.read@3"])
    assert (gone.label, gone.reference) == ("left.read", "left.read@3")


def test_words_that_another_process_has_pinned_are_read_when_they_are_asked_for():
    today, asked = catalog(FIRST), []

    def load():
        asked.append(1)
        return [("comfort.read@2", 1, 2000, WIDER)]

    today.past.read_with(load)
    assert labels(today.as_of(["comfort.read@1"])) == ["Room climate"]
    assert asked == []
    assert labels(today.as_of(["comfort.read@2"])) == ["Climate and air"]
    assert labels(today.as_of(["comfort.read@2"])) == ["Climate and air"]
    assert asked == [1]


def test_drafts_and_what_is_retired_cannot_be_asked_for_and_keep_their_words():
    draft = replace(FIRST, scope_id="a", status=ScopeStatus.DRAFT)
    retired = replace(FIRST, scope_id="b", label="Old climate", status=ScopeStatus.RETIRED)
    old = replace(FIRST, scope_id="c", status=ScopeStatus.DEPRECATED)
    today = Catalog.of([draft, retired, old])
    assert list(today.scopes) == ["c"]
    assert "a" not in today
    assert labels(today.as_of(["b@1"])) == ["Old climate"]
    assert labels(today.named(["b"])) == ["Old climate"]
