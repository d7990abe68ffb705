"""Authorization details as they are kept, told, and compared (RFC 9396 sections 6.1, 7 and 9)."""

from __future__ import annotations

import pytest

from consentcore.api import InvalidInput
from consentcore.domain.authorization_detail import (
    AuthorizationDetail,
    are_within,
    effective,
    facts_of,
    first_beyond,
    kinds_of,
    read,
    texts_of,
    told,
    types_of,
    united,
)

BASE = {"type": "t", "actions": ["a", "b"], "amount": {"currency": "EUR", "codes": ["x", "y"]}, "n": 1}


def detail(members=BASE, **fields):
    return AuthorizationDetail(dict(members), **fields)


def text(members=BASE, **fields):
    return detail(members, **fields).text


def test_kept_text_is_read_again_as_it_was():
    for one in (
        detail(kinds=("device", "site"), version="7"),
        detail(resources=("site|a",), kinds=("site",)),
        detail({"type": "t", "note": "Zoë 💡"}),
    ):
        assert read(one.text) == one
    assert texts_of(facts_of([text()])) == (text(),)


def test_order_of_members_makes_no_other_detail():
    assert text({"type": "t", "a": 1, "b": 2}) == text({"b": 2, "a": 1, "type": "t"})


@pytest.mark.parametrize(
    ("changed", "member"),
    [
        ({}, ""),
        ({"actions": ["b"]}, ""),
        ({"amount": {"currency": "EUR", "codes": ["y"]}}, ""),
        ({"actions": ["a", "c"]}, "actions"),
        ({"actions": []}, "actions"),
        ({"actions": "a"}, "actions"),
        ({"n": 2}, "n"),
        ({"n": True}, "n"),
        ({"n": "1"}, "n"),
        ({"amount": {"currency": "USD", "codes": ["x"]}}, "amount.currency"),
        ({"amount": {"codes": ["x"]}}, "amount.currency"),
        ({"amount": {"currency": "EUR", "codes": ["z"]}}, "amount.codes"),
        ({"amount": "EUR"}, "amount"),
        ({"more": 1}, "more"),
        ({"type": "u"}, "type"),
    ],
)
def test_only_a_shorter_list_is_less(changed, member):
    assert first_beyond(detail({**BASE, **changed}), detail()) == member


def test_member_that_is_absent_is_neither_more_nor_less():
    shorter = {name: value for name, value in BASE.items() if name != "n"}
    assert first_beyond(detail(shorter), detail()) == "n"
    assert first_beyond(detail(), detail(shorter)) == "n"


def test_other_version_of_a_type_was_never_granted():
    assert not are_within([text(version="2")], [text(version="1")])
    assert effective((text(version="1"),), (text(version="2"),)) == ()


def test_resources_that_a_token_was_narrowed_to_are_within_those_before():
    narrow, wide = detail(resources=("site|a",)), detail(resources=("site|a", "site|b"))
    assert first_beyond(narrow, wide) == ""
    assert first_beyond(wide, narrow) == "resources"
    assert first_beyond(detail(), narrow) == "resources"
    assert first_beyond(narrow, detail()) == ""
    assert first_beyond(narrow, detail(resources=("site|*",))) == ""


def test_what_is_told_names_what_is_chosen_now():
    kept = [text({"type": "t"}, kinds=("site",)), text({"type": "u"})]
    assert told(kept, ("device|d", "site|b", "site|a")) == [
        {"type": "t", "resources": [{"type": "site", "identifiers": ["a", "b"]}]},
        {"type": "u"},
    ]
    assert told(kept[:1], ("site|*",)) == [
        {"type": "t", "resources": [{"type": "site", "identifiers": ["*"]}]}
    ]
    assert told(kept[:1], ()) == [{"type": "t", "resources": []}]


def test_narrowed_token_is_told_no_more_than_is_still_chosen():
    kept = [text({"type": "t"}, kinds=("site",), resources=("site|a", "site|b"))]
    assert told(kept, ("site|b", "site|c")) == [
        {"type": "t", "resources": [{"type": "site", "identifiers": ["b"]}]}
    ]
    assert told(kept, ("site|*",))[0]["resources"] == [{"type": "site", "identifiers": ["a", "b"]}]


def test_details_of_a_token_are_what_the_grant_still_covers():
    one, other = text({"type": "t", "a": ["x"]}), text({"type": "t", "a": ["y"]})
    assert effective((one, other), (text({"type": "t", "a": ["x", "z"]}),)) == (one,)
    assert effective((one,), (one,)) == (one,)
    assert effective((), (one,)) == ()


def test_further_approval_keeps_what_was_not_asked_and_each_detail_once():
    small, wide = text({"type": "t", "a": ["x"]}), text({"type": "t", "a": ["x", "y"]})
    other = text({"type": "u"})
    assert united((small, other), (wide,)) == (other, wide)
    assert united((wide, other), (small,)) == (wide, other)
    assert united((), (small, small)) == (small,)
    assert united((small,), (text({"type": "t", "a": ["x"]}, version="2"),)) == (
        text({"type": "t", "a": ["x"]}, version="2"),
    )


def test_permission_keeps_so_many_details_and_one_more_is_refused():
    many = tuple(text({"type": "t", "n": number}) for number in range(50))
    assert united(many, many) == many
    with pytest.raises(InvalidInput, match="authorization_details: expected at most 50 in one permission"):
        united(many, (text({"type": "t", "n": 50}),))


def test_kinds_and_types_are_said_once_each():
    kept = [text(kinds=("site",)), text(kinds=("device", "site")), text({"type": "u"})]
    assert (kinds_of(kept), types_of(kept)) == (("device", "site"), ("t", "u"))
