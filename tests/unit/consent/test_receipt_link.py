"""Addresses of receipts are made and read with the key ring alone."""

from __future__ import annotations

import uuid

import pytest

from consentcore.api import NotFound
from consentcore.consent.receipt_link import LENGTH, ReceiptLinks
from consentcore.keys.ring import Keys, MasterKey

OLD, NEW = ("a1", b"o" * 32), ("b2", b"n" * 32)
EVENT = "4f1c09ab-77e2-4c3d-8a51-0d4cf0a1b2c3"


def links(*master_keys) -> ReceiptLinks:
    return ReceiptLinks(Keys([*master_keys]), "https://consent.example/")


def test_nt_21_an_address_is_read_back_by_who_has_the_keys_and_by_nobody_else():
    name = links(OLD).name(EVENT)
    assert links(OLD).event_id(name) == EVENT
    assert links(OLD).url(EVENT) == f"https://consent.example/receipts/{name}"
    with pytest.raises(NotFound):
        links(NEW).event_id(name)


def test_nt_21_the_same_event_has_the_same_address_and_another_one_an_unlike_one():
    known = links(OLD)
    assert known.name(EVENT) == known.name(EVENT)
    assert len(known.name(EVENT)) == LENGTH
    names = {known.name(str(uuid.UUID(int=n))) for n in range(200)}
    assert len({name[:6] for name in names}) == 200


def test_nt_21_an_address_outlives_rotation_and_not_a_leaked_key():
    name = links(OLD).name(EVENT)
    assert links(NEW, OLD).event_id(name) == EVENT
    assert links(NEW, OLD).name(EVENT) != name
    leaked = MasterKey(*OLD, revoked_at=1)
    with pytest.raises(NotFound):
        links(NEW, leaked).event_id(name)


@pytest.mark.parametrize("name", ["", "x", "é" * LENGTH, "=" * LENGTH, "A" * LENGTH, "A" * 10_000, EVENT])
def test_nt_21_what_nobody_made_is_not_found(name):
    with pytest.raises(NotFound):
        links(OLD).event_id(name)


def test_nt_21_no_bit_of_an_address_can_be_changed():
    known = links(OLD)
    name = known.name(EVENT)
    for place in range(LENGTH):
        for letter in "AZaz09-_":
            changed = name[:place] + letter + name[place + 1 :]
            if changed != name:
                try:
                    assert known.event_id(changed) == EVENT, "the unused bits of the last letter"
                except NotFound:
                    continue
                assert place == LENGTH - 1


def test_what_is_no_event_has_no_address():
    assert links(OLD).url("grant-1") == ""
