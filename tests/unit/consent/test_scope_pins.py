"""The catalog is held to what it said before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import (
    Catalog,
    ConfigurationError,
    Scope,
    ScopeStatus,
    ScopeTexts,
    ScopeType,
    StorageError,
)
from consentcore.consent.ledger import seal_of
from consentcore.consent.scope_pins import ScopePins
from consentcore.keys.sealed_storage import SealedStorage
from consentcore.testing import ManualClock, fixed_keys, memory_storage
from consentcore.testing.threads import together

KEYS = fixed_keys()
COMFORT = Scope(
    "comfort.read",
    "Room climate",
    "Temperature.",
    data_categories=("room temperature",),
    history_max_days=30,
    resource_kinds=("site",),
    texts={"de": ScopeTexts("Raumklima", "Temperatur.")},
    origin="scopes.toml:7",
)


@pytest.fixture
def storage():
    made = SealedStorage(memory_storage(), KEYS, seal_of)
    yield made
    made.close()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def pins(storage, clock):
    """Make the pins of a process whose catalog has these scopes."""

    def make(*scopes):
        catalog = Catalog.of(scopes)
        made = ScopePins(storage, KEYS, clock, catalog)
        catalog.past.read_with(made.earlier)
        made.catalog = catalog
        return made

    return make


def refused(pins):
    with pytest.raises(ConfigurationError) as caught:
        pins.pin()
    (line,) = caught.value.problems
    return line


def test_words_are_pinned_at_the_first_start_and_nothing_happens_at_the_next(pins, storage):
    (line,) = pins(COMFORT).pin()
    assert line.startswith("pinned the words of 1 scopes as they are today; what was shown before")
    assert pins(COMFORT).pin() == []
    with storage.reading() as uow:
        (found,) = uow.pinned_scopes.all()
    assert (found.reference, found.revision) == ("comfort.read@1", 1)
    assert "Temperatur." in found.content


def test_words_that_somebody_changed_in_the_store_are_neither_shown_nor_compared_nor_pinned_again(
    storage, pins
):
    pins(COMFORT).pin()
    bare = storage.bare
    with bare.reading() as uow:
        (kept,) = uow.pinned_scopes.all()
    forged = replace(
        kept, revision=2, content=kept.content.replace("Temperature.", "Nothing."), seal=kept.seal
    )
    with bare.transaction() as uow:
        uow.pinned_scopes.add(forged)
    again = pins(COMFORT, replace(COMFORT, scope_id="alarms.read", revision=2))
    assert again.pin() == ["pinned the words of alarms.read@1 revision 2"]
    assert again.catalog.past.at("comfort.read@1").sees == "Temperature."
    assert pins(replace(COMFORT, revision=2)).pin() == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"sees": "Temperature and air."}, "sees"),
        ({"label": "Climate"}, "label"),
        ({"texts": {"de": ScopeTexts("Raumklima", "Wärme.")}}, "texts.de.sees"),
        ({"texts": {}}, "texts.de"),
        ({"texts": {**COMFORT.texts, "fr": ScopeTexts("Climat", "La température.")}}, "texts.fr"),
        ({"data_categories": ()}, "data_categories"),
        ({"history_max_days": 0}, "history_max_days"),
    ],
)
def test_words_that_changed_under_neither_are_refused_with_the_line_to_write(pins, change, named):
    pins(COMFORT).pin()
    changed = replace(COMFORT, **change)
    assert refused(pins(changed)) == (
        f"scopes.toml:7: scope comfort.read: {named}: changed under the same version and revision; write "
        '`revision = 2` where it means the same, or `version = "2"`, and everybody who has agreed is asked again'
    )
    (told,) = pins(replace(changed, revision=2)).pin()
    assert told == "pinned the words of comfort.read@1 revision 2"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"data_categories": ("room temperature", "presence")}, "data_categories"),
        ({"includes": ("alarms.read",)}, "includes"),
        ({"type": ScopeType.ACT}, "type"),
        ({"history_max_days": 31}, "history_max_days"),
        ({"history_max_days": None}, "history_max_days"),
        ({"resource_kinds": ()}, "resource_kinds"),
    ],
)
def test_cr_09_a_meaning_that_grows_needs_a_new_version(pins, change, named):
    pins(COMFORT).pin()
    grown = replace(COMFORT, revision=2, **change)
    assert refused(pins(grown)) == (
        f"scopes.toml:7: scope comfort.read: {named}: more than version 1 said; write "
        '`version = "2"`, and everybody who has agreed is asked again'
    )
    assert pins(replace(grown, version="2", revision=1)).pin() == [
        "pinned the words of comfort.read@2 revision 1"
    ]


def test_what_is_about_the_api_and_not_about_the_person_may_change(pins):
    pins(COMFORT).pin()
    changed = replace(COMFORT, product="Rooms", purposes=("comfort",), status=ScopeStatus.DEPRECATED, level=2)
    assert pins(changed).pin() == []


def test_a_draft_is_not_pinned(pins, storage):
    assert pins(replace(COMFORT, status=ScopeStatus.DRAFT)).pin() == []
    with storage.reading() as uow:
        assert list(uow.pinned_scopes.all()) == []


def test_a_process_with_the_catalog_of_before_goes_on_and_a_gap_is_refused(pins):
    pins(replace(COMFORT, revision=3)).pin()
    newer = replace(COMFORT, revision=5, label="Climate")
    pins(newer).pin()
    assert pins(replace(COMFORT, revision=3)).pin() == []
    assert refused(pins(replace(COMFORT, revision=4, label="Air"))) == (
        "scopes.toml:7: scope comfort.read: revision 5 of its words is in force already; write `revision = 6`"
    )


def test_a_version_that_is_no_number_is_followed_by_one(pins):
    pins(replace(COMFORT, version="2026-11")).pin()
    assert '`version = "2026-11.1"`' in refused(pins(replace(COMFORT, version="2026-11", type=ScopeType.ACT)))


def test_a_page_finds_words_that_only_another_process_knows(pins, clock):
    old = pins(COMFORT)
    old.pin()
    clock.advance(1000)
    pins(replace(COMFORT, version="2", label="Climate and air")).pin()
    (found,) = old.catalog.in_language(("de",)).as_of(["comfort.read@2"])
    assert (found.label, found.version) == ("Raumklima", "2")


def test_processes_that_start_at_once_pin_once(pins, storage):
    entries = [replace(COMFORT, scope_id=f"scope.{number}") for number in range(45)]
    together(4, lambda _: pins(*entries).pin())
    with storage.reading() as uow:
        assert len(uow.pinned_scopes.all()) == 45


def test_of_two_that_start_at_once_with_different_words_one_is_refused(pins):
    made = [pins(replace(COMFORT, label=label)) for label in ("One", "Two")]

    def start(number):
        try:
            made[number].pin()
        except ConfigurationError:
            return "refused"
        return "started"

    assert sorted(together(2, start)) == ["refused", "started"]


def test_a_storage_that_does_not_answer_is_asked_again(pins, storage, monkeypatch):
    pins(COMFORT).pin()
    changed = pins(replace(COMFORT, label="Climate"))
    reading = storage.reading

    def fail():
        raise StorageError("it is away")

    monkeypatch.setattr(storage, "reading", fail)
    assert changed.problems() == ["the words of scopes cannot be compared with those of before: it is away"]
    monkeypatch.setattr(storage, "reading", reading)
    (problem,) = changed.problems()
    assert "label: changed under the same version" in problem
