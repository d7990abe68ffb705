"""What a catalog lacks so that people can judge it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import (
    Catalog,
    DetailTexts,
    DetailType,
    Operation,
    PinnedScope,
    Scope,
    ScopeStatus,
    ScopeTexts,
    ScopeType,
)
from consentcore.consent.catalog_lint import lint
from consentcore_scopes_file.catalog import FileCatalog

GERMAN = ScopeTexts(
    "Raumklima", "Temperatur in jedem Raum.", "Namen sehen.", "21 °C", "Zeigt, wer da ist.", "Klima"
)
GOOD = Scope(
    "comfort.read",
    "Room climate",
    "Temperature of each room.",
    cannot="See names.",
    example="21 °C",
    sensitivity="Shows who is there.",
    cluster="Climate",
    level=3,
    purposes=("comfort",),
    data_categories=("room temperature",),
    history_max_days=0,
    retention_max_days=30,
    product="Climate API",
    operations=(Operation("GET", "/rooms"),),
    texts={"de": GERMAN},
    origin="scopes.toml:7",
)
LOCALES = {"en": ("en",), "de": ("de",)}


def told(*scopes, pinned=(), locales=LOCALES):
    return [str(one) for one in lint(Catalog.of(scopes), locales, pinned)]


def test_sc_01_a_complete_scope_has_nothing_to_mend():
    assert told(GOOD) == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"cannot": ""}, "cannot (en): missing, expected a text"),
        ({"example": ""}, "example (en): missing, expected a text"),
        ({"sensitivity": ""}, "sensitivity (en): missing, expected a text"),
        ({"cluster": " "}, "cluster (en): missing, expected a text"),
        ({"texts": {"de": replace(GERMAN, example="")}}, "example (de): missing, expected a text"),
        ({"texts": {}}, "texts (de): missing: no words in this language"),
        ({"type": ScopeType.ACT}, "on_revoke (en): missing, expected a text"),
        ({"purposes": ()}, "purposes: missing, expected what it may be used for"),
        ({"data_categories": ()}, "data_categories: missing, expected which categories"),
        ({"history_max_days": None}, "history_max_days: missing, expected how far back"),
        ({"retention_max_days": None}, "retention_max_days: missing, expected how long"),
        ({"operations": ()}, "operations: missing, expected the calls of APIs"),
        ({"product": ""}, "product: missing, expected the API product"),
        ({"replaced_by": "nope"}, "replaced_by: there is no scope 'nope'"),
        ({"includes": ("nope",)}, "includes: there is no scope 'nope'"),
        ({"label": "x" * 61}, "label: expected 1 to 60 characters, not 61"),
        ({"sees": "x" * 201}, "sees: expected at most 200 characters, not 201"),
        ({"sees": "Temperature, humidity and more."}, "sees (en): says 'and more'"),
        ({"texts": {"de": replace(GERMAN, sees="Temperatur usw.")}}, "sees (de): says 'usw.'"),
        ({"sees": " ".join(["room"] * 31) + "."}, "sees (en): a sentence of 31 words, expected at most 30"),
        (
            {"sees": f"{' notwithstanding administrative' * 6}."},
            "sees (en): hard to read, LIX",
        ),
    ],
)
def test_sc_01_what_is_missing_too_long_empty_or_hard_to_read_is_told(change, line):
    found = told(replace(GOOD, **change))
    assert any(one.startswith(f"scopes.toml:7: scope comfort.read: {line}") for one in found), found


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("en", "improve your experience"),
        ("de-AT", "und so weiter"),
        ("fr", "améliorer votre expérience"),
        ("es", "mejorar su experiencia"),
        ("pt", "and so on"),
    ],
)
def test_sc_01_every_language_has_empty_words_of_its_own(tag, words):
    texts = {"de": GERMAN, tag: replace(GERMAN, sees=f"Data, to {words}.")}
    assert any(f"sees ({tag}): says {words!r}" in one for one in told(replace(GOOD, texts=texts)))


def test_words_that_changed_are_told_as_they_stop_the_start():
    pinned = [
        PinnedScope(
            "comfort.read",
            "1",
            1,
            '{"label":"Climate","sees":"x","type":"read","includes":[],'
            '"data_categories":["room temperature"],"history_max_days":0,"retention_max_days":30}',
            1,
        )
    ]
    (line,) = told(GOOD, pinned=pinned)
    assert line.startswith("scopes.toml:7: scope comfort.read: label, sees,")
    assert "write `revision = 2` where it means the same" in line


def test_what_is_retired_is_left_alone_and_a_draft_is_not():
    assert told(replace(GOOD, status=ScopeStatus.RETIRED, cannot="")) == []
    assert told(replace(GOOD, status=ScopeStatus.DRAFT, cannot="")) != []


def test_operations_without_words_are_told():
    catalog = replace(
        Catalog.of([GOOD]), wordless={"rooms.write": (Operation("PUT", "/rooms", "", "Climate API"),)}
    )
    (line,) = map(str, lint(catalog, LOCALES))
    assert line.startswith("scope rooms.write: Climate API knows it, and no catalog has words for it")


def test_sc_01_cp_63_the_bundled_catalog_is_complete_plain_and_in_four_languages():
    scopes = FileCatalog(None).scopes()
    assert told(*scopes, locales={tag: (tag,) for tag in ("en", "de", "fr", "es")}) == []
    assert len(scopes) == 15
    for scope in scopes:
        assert {"de", "es", "fr"} == set(scope.texts)


def test_cp_63_one_word_stands_for_one_thing():
    """The same heading for the same things, in every language."""
    for tag in ("en", "de", "fr", "es"):
        clusters: dict[str, set[str]] = {}
        for scope in FileCatalog(None).scopes():
            clusters.setdefault(scope.cluster, set()).add(scope.in_language((tag,)).cluster)
        assert all(len(said) == 1 for said in clusters.values()), tag


def test_types_of_authorization_details_are_held_to_the_same():
    said = DetailTexts("Readings", "Sees readings etc.", cannot="See more.")
    kind = DetailType("readings", said, resource_kinds=("site",), origin="a.toml")
    found = [str(one) for one in lint(Catalog.of([], [kind]), {"en": ("en",), "de": ("de",)})]
    assert found == [
        "a.toml: detail type readings: texts (de): missing: no words in this language",
        "a.toml: detail type readings: texts (en): says 'etc.', expected all of it in plain words",
    ]
    assert lint(Catalog.of([], [replace(kind, said=replace(said, sees="Readings."))]), {"en": ("en",)}) == []
