"""Entries of types of authorization details, as a catalog has them."""

from __future__ import annotations

import tomllib

import pytest

from consentcore.api import DetailMember, DetailTexts, DetailTypeReader, MemberKind

GOOD = """
id = "payment"
version = "2"
label = "A payment"
sees = "It pays."
resources = ["site"]
[[member]]
name = "amount"
kind = "object"
required = true
label = "How much"
[[member.member]]
name = "currency"
required = true
label = "Currency"
[member.member.values]
EUR = "Euro"
[[member]]
name = "months"
kind = "number"
highest = 12
label = "Months"
"""
GERMAN = """
id = "payment"
label = "Eine Zahlung"
sees = "Sie zahlt."
[[member]]
name = "amount"
label = "Wie viel"
[[member.member]]
name = "currency"
label = "Währung"
[member.member.values]
EUR = "Euro"
[[member]]
name = "months"
label = "Monate"
"""


def reader(text, tag=""):
    return DetailTypeReader(tomllib.loads(text), "type", "file:1", tag)


def test_entry_is_read_with_members_in_members():
    found = reader(GOOD).detail_type()
    assert (found.type_id, found.version, found.resource_kinds, found.origin) == (
        "payment",
        "2",
        ("site",),
        "file:1",
    )
    assert found.members == (
        DetailMember(
            "amount",
            MemberKind.OBJECT,
            required=True,
            members=(DetailMember("currency", required=True, values=("EUR",)),),
        ),
        DetailMember("months", MemberKind.NUMBER, highest=12),
    )
    assert found.said == DetailTexts(
        "A payment",
        "It pays.",
        members={"amount": "How much", "amount.currency": "Currency", "months": "Months"},
        values={"amount.currency": {"EUR": "Euro"}},
    )


def test_other_language_says_all_that_the_type_says():
    kind = reader(GOOD).detail_type()
    german = reader(GERMAN, "de")
    said = german.texts(kind)
    assert german.problems == []
    assert said.members == {"amount": "Wie viel", "amount.currency": "Währung", "months": "Monate"}
    short = reader(GERMAN.replace('label = "Monate"', 'label = ""'), "de")
    short.texts(kind)
    assert short.problems == ["type: months: missing, expected what it is called, for people"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("resources", "resource", "type: resource: unknown, expected one of id, version"),
        ('kind = "number"', 'kind = "decimal"', "type: months.kind: expected one of text, number"),
        ("highest = 12", 'highest = "12"', "type: months.highest: expected a whole number"),
        ("required = true", 'required = "yes"', "type: amount.required: expected true or false"),
        ('label = "Months"', "label = 1", "type: months.label: expected a text"),
        ("It pays.", "It pays etc.", "type: sees: says 'etc.', expected all of it in plain words"),
        ('["site"]', '"site"', "type: resources: expected a list of texts"),
        ('id = "payment"', "", "type: id: expected 1 to 100"),
        ('name = "months"', 'name = "type"', "type: type: expected a name"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said(old, new, problem):
    found = reader(GOOD.replace(old, new, 1))
    assert found.detail_type() is None
    assert any(one.startswith(problem) for one in found.problems), found.problems


def test_member_that_is_no_table_is_said():
    found = DetailTypeReader({"id": "a", "label": "A", "sees": "S.", "member": "x"}, "type")
    assert found.detail_type() is None
    assert found.problems == ["type: member: expected tables, such as [[detail_type.member]]"]
