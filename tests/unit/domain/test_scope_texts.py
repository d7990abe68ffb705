"""Scopes say what they say in several languages."""

from __future__ import annotations

from dataclasses import asdict, replace

from consentcore.api import Catalog, Operation, Scope, ScopeTexts

PLAIN = Scope("a", "Room climate", "temperature", sensitivity="whether a room is used")
SAID = ScopeTexts("Raumklima", "Temperatur", sensitivity="ob ein Raum genutzt wird")
BOTH = Scope("a", "Room climate", "temperature", sensitivity="whether a room is used", texts={"de": SAID})

BEFORE = (
    *("scope_id", "label", "sees", "version", "type", "cannot", "example", "sensitivity", "cluster"),
    *("level", "access_max_days", "includes", "data_categories"),
)
"""Members that the facts of a scope have always had."""


def test_it_is_shown_in_the_first_language_that_it_has_else_in_its_own():
    german = BOTH.in_language(("de-AT", "de"))
    assert (german.label, german.sees, german.sensitivity) == (SAID.label, SAID.sees, SAID.sensitivity)
    assert german.reference == BOTH.reference
    assert BOTH.in_language(("DE",)) == german
    assert BOTH.in_language(("fr",)) == PLAIN
    assert PLAIN.in_language(("de",)) is PLAIN


def test_facts_of_a_scope_in_one_language_are_those_of_before():
    without = {name: getattr(PLAIN, name) for name in BEFORE}
    assert PLAIN.facts == without
    assert BOTH.in_language(("fr",)).facts == without
    said = asdict(SAID)
    del said["on_revoke"]
    assert BOTH.facts["texts"] == {"de": said}


def test_facts_name_what_is_new_where_it_says_something():
    full = replace(PLAIN, revision=2, operations=(Operation("GET", "/rooms"),), origin="a.toml:3")
    assert full.facts["revision"] == 2
    assert full.facts["operations"] == [{"method": "GET", "path": "/rooms", "summary": "", "product": ""}]
    assert "origin" not in full.facts
    assert set(full.facts) == {*BEFORE, "revision", "operations"}


def test_a_catalog_is_shown_in_a_language_under_the_same_version():
    catalog = Catalog.of([BOTH, Scope("b", "Meters", "ids")])
    german = catalog.in_language(("de",))
    assert [scope.label for scope in german.named(["a", "b", "gone"])] == ["Raumklima", "Meters", "gone"]
    assert german.version == catalog.version
    assert catalog.in_language(("de",)) is german


def test_texts_in_another_language_are_a_change_of_the_catalog():
    assert Catalog.of([BOTH]).version != Catalog.of([PLAIN]).version
