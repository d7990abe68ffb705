"""Looking for permissions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.consent.detail_words import DetailWords
from consentcore.consent.grant_list import Listed, Order, Wanted, covers, found
from consentcore.domain.scope import Scope
from consentcore.testing import factories
from consentcore.testing.factories import NOW

CLIMATE = Scope("comfort.read", "Room climate", "", cluster="Indoor climate")
SITES = Scope("sites.read", "Your sites", "", cluster="Your sites and equipment")
LYON, STORE = "site|lyon", "site|store"


def one(name: str, *scopes: Scope, publisher: str = "", used_at=None, **fields) -> Listed:
    client = factories.client(name=name, publisher=publisher)
    references = tuple(scope.reference for scope in scopes)
    grant = factories.grant("owner", client.client_id, scopes=references, **fields)
    return Listed(grant, client, scopes, used_at)


COOL = one("CoolSite", CLIMATE, publisher="Frostline SAS", resources=(LYON,), used_at=NOW, expires_at=NOW + 3)
PLAN = one("ShiftPlan EV", SITES, resources=("site|*",), expires_at=NOW + 1)
GONE = replace(one("…", CLIMATE, used_at=NOW + 1, expires_at=NOW + 2), client=None)
ALL = [COOL, PLAN, GONE]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ALL),
        ("coolsite", [COOL]),
        ("FROST", [COOL]),
        ("room CLIMATE", [COOL, GONE]),
        ("climate frostline", [COOL]),
        ("equipment", [PLAN]),
        ("nobody", []),
    ],
)
def test_db_12_every_word_has_to_stand_in_the_names(text, names):
    assert found(ALL, Wanted(text=text)) == names


def test_db_12_what_was_allowed_in_detail_is_found_too():
    words = DetailWords("meter_readings", "Readings of your meters", "", "", "", ())
    meters = replace(one("MeterApp"), details=(words,))
    assert found([*ALL, meters], Wanted(text="readings meters")) == [meters]
    assert found([*ALL, meters], Wanted(data="meter_readings")) == [meters]
    assert meters.data == {"meter_readings": "Readings of your meters"}
    assert COOL.data == {"comfort.read": "Room climate"}


def test_db_12_by_the_data():
    assert found(ALL, Wanted(data="comfort.read")) == [COOL, GONE]
    assert found(ALL, Wanted(data="comfort.read", text="cool")) == [COOL]
    assert found(ALL, Wanted(data="bills.read")) == []


def test_db_12_who_sees_my_lyon_office():
    assert found(ALL, Wanted(places=frozenset({LYON}))) == [COOL, PLAN], "whoever sees all sees this one"
    assert found(ALL, Wanted(places=frozenset({STORE}))) == [PLAN]
    assert found(ALL, Wanted(places=frozenset())) == [], "no site is called like this"


def test_a_choice_of_everything_covers_each_place_and_nothing_covers_none():
    assert covers(["site|*"], frozenset({LYON}))
    assert not covers(["site|*"], frozenset())
    assert not covers([], frozenset({LYON}))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.LATEST, ALL),
        (Order.NAME, [GONE, COOL, PLAN]),
        (Order.ENDS, [PLAN, GONE, COOL]),
        (Order.USED, [GONE, COOL, PLAN]),
    ],
)
def test_db_12_in_the_order_that_is_wanted(order, expected):
    assert found(ALL, Wanted(order=order)) == expected
