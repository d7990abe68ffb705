"""The limits of types of authorization details."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import DetailMember, DetailTexts, DetailType, MemberKind, detail_type_faults

SAID = DetailTexts("Label", "Sees it.", members={"a": "A"}, values={"a": {"x": "X"}})
GOOD = DetailType("t", SAID, (DetailMember("a", values=("x",)),))
OBJECT = MemberKind.OBJECT


def member(**fields):
    return replace(GOOD, members=(replace(GOOD.members[0], **fields),))


def nested(depth):
    found = DetailMember("a")
    for _ in range(depth):
        found = DetailMember("a", OBJECT, members=(found,))
    return replace(GOOD, members=(found,))


def test_type_within_the_limits_has_no_fault():
    assert list(detail_type_faults(GOOD)) == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (replace(GOOD, type_id=""), "type_id"),
        (replace(GOOD, type_id="a b"), "type_id"),
        (replace(GOOD, version="1@"), "version"),
        (replace(GOOD, resource_kinds=("Site",)), "resource_kinds"),
        (replace(GOOD, said=replace(SAID, label="")), "label"),
        (replace(GOOD, said=replace(SAID, sees="x" * 201)), "sees"),
        (replace(GOOD, said=replace(SAID, members={})), "a"),
        (replace(GOOD, said=replace(SAID, members={"a": "x" * 101})), "a"),
        (replace(GOOD, said=replace(SAID, values={})), "a"),
        (replace(GOOD, said=replace(SAID, values={"a": {"x": "X", "y": "Y"}})), "a"),
        (replace(GOOD, said=replace(SAID, members={"a": "A", "b": "B"})), "b"),
        (replace(GOOD, texts={"de": DetailTexts("L", "S.")}), "a"),
        (member(name="type"), "type"),
        (member(name="resources"), "resources"),
        (member(name="a b"), "a b"),
        (member(kind="text"), "a"),
        (member(kind=MemberKind.NUMBER), "a"),
        (member(kind=OBJECT, values=()), "a"),
        (member(values=("x", "x")), "a"),
        (member(longest=501), "a"),
        (member(most=0), "a"),
        (member(lowest=2, highest=1), "a"),
        (replace(GOOD, members=GOOD.members * 2), "a"),
        (replace(GOOD, members=tuple(DetailMember(f"m{n}") for n in range(21))), "members"),
        (nested(3), "members"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_beyond_a_limit_is_named(kind, name):
    assert name in {fault.name for fault in detail_type_faults(kind)}
