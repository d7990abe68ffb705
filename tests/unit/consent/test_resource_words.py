"""What was chosen, counted by kind and in the language of who reads it."""

from __future__ import annotations

import pytest

from consentcore.consent.resource_words import counted, listed, wholly
from consentcore.domain.message import message
from consentcore.i18n import Catalogs, Language

MIXED = ("device|pump", "site|lyon", "site|store")


def said(tag: str, text: str) -> str:
    return Language(tag, Catalogs()).translate(text)


@pytest.mark.parametrize(
    ("references", "text"),
    [
        ((), ""),
        (("old", "site|lyon"), "2 sites"),
        (MIXED, "2 sites and 1 device"),
        (("site|*", "meter|a", "meter|b", "device|*"), "all your sites, all your devices and 2 meters"),
        (("pool|a", "charger|*"), "everything of kind charger and 1 × pool"),
    ],
)
def test_everything_is_counted_by_its_kind_sites_first(references, text):
    assert counted(references) == text


@pytest.mark.parametrize(
    ("tag", "two", "three"),
    [
        ("de", "2 Standorte und 1 Gerät", "2 Standorte, 1 Gerät und 1 Zähler"),
        ("fr", "2 sites et 1 appareil", "2 sites, 1 appareil et 1 compteur"),
        ("es", "2 instalaciones y 1 dispositivo", "2 instalaciones, 1 dispositivo y 1 contador"),
    ],
)
def test_each_part_of_a_list_is_translated_and_not_the_last_alone(tag, two, three):
    assert said(tag, counted(MIXED)) == two
    assert said(tag, counted((*MIXED, "meter|a"))) == three


def test_names_that_are_no_messages_stay_as_they_are():
    assert listed(["a"]) == "a"
    assert said("de", listed(["a", "b", message("Where")])) == "a, b und Wo"


def test_everything_for_ever_names_the_kind_that_was_chosen():
    assert wholly(("meter|*", "site|*", "device|pump")) == [
        "all your sites, also those that you add later",
        "all your meters, also those that you add later",
    ]
    assert wholly(("device|*", "charger|*")) == [
        "everything of kind charger, also what you add later",
        "all your devices, also those that you add later",
    ]
    assert wholly(MIXED) == []
