"""Authorization details in words."""

from __future__ import annotations

from consentcore.api import Catalog, DetailMember, DetailTexts, DetailType, MemberKind
from consentcore.consent.detail_words import NO, YES, DetailRow, in_words, standing_of, staying
from consentcore.domain.authorization_detail import AuthorizationDetail

SAID = DetailTexts(
    "Payment",
    "It pays.",
    members={"a": "What", "o": "Sum", "o.c": "Currency", "f": "Once", "n": "Months", "t": "Note"},
    values={"a": {"x": "The X"}, "o.c": {"EUR": "Euro"}},
)
KIND = DetailType(
    "pay",
    SAID,
    (
        DetailMember("a", MemberKind.LIST, values=("x",)),
        DetailMember("o", MemberKind.OBJECT, members=(DetailMember("c", values=("EUR",)),)),
        DetailMember("f", MemberKind.FLAG),
        DetailMember("n", MemberKind.NUMBER),
        DetailMember("t"),
    ),
    texts={"de": DetailTexts("Zahlung", "Sie zahlt.", members=dict(SAID.members), values=SAID.values)},
)
CATALOG = Catalog.of([], [KIND])


def text(members, **fields):
    return AuthorizationDetail({"type": "pay", **members}, **fields).text


def test_members_are_said_in_the_words_and_the_order_of_the_type():
    found = in_words(text({"t": "mine", "n": 3, "f": True, "o": {"c": "EUR"}, "a": ["x"]}), CATALOG)
    assert (found.label, found.sees) == ("Payment", "It pays.")
    assert found.rows == (
        DetailRow("What", ("The X",)),
        DetailRow("Sum", rows=(DetailRow("Currency", ("Euro",)),)),
        DetailRow("Once", (YES,)),
        DetailRow("Months", ("3",)),
        DetailRow("Note", ("mine",), quoted=True),
    )
    assert in_words(text({"f": False}), CATALOG).rows == (DetailRow("Once", (NO,)),)


def test_words_are_those_of_the_reader():
    found = in_words(text({}), CATALOG.in_language(("de",)))
    assert (found.label, found.locale) == ("Zahlung", "de")


def test_what_the_catalog_does_not_know_is_said_as_it_is():
    unsaid = (DetailRow("new", ("1",), quoted=True),)
    assert in_words(text({"new": 1}), CATALOG).rows == unsaid
    later = in_words(text({"a": ["x"]}, version="2"), CATALOG)
    assert (later.label, later.sees) == ("Payment", "")
    assert later.rows == (DetailRow("a", ("x",), quoted=True),)
    gone = in_words(text({"o": {"c": "EUR"}}), Catalog.of([]))
    assert (gone.label, gone.rows) == (
        "pay",
        (DetailRow("o", rows=(DetailRow("c", ("EUR",), quoted=True),)),),
    )


def test_standing_says_what_is_new_and_what_means_something_else():
    one, more, other = text({"a": ["x"]}), text({"a": ["x", "y"]}), text({"n": 1})
    assert standing_of(one, None) == ""
    assert standing_of(one, [more]) == "unchanged"
    assert standing_of(more, [one]) == "changed"
    assert standing_of(text({"a": ["x"]}, version="2"), [one]) == "changed"
    assert standing_of(other, [one]) == "new"
    assert staying([more], [one, other]) == (other,)


def test_what_is_wider_than_what_is_asked_stays_and_is_said():
    one, more, both = text({"a": ["x"]}), text({"a": ["x", "y"]}), text({"a": ["x"], "n": 1})
    assert staying([one], [more, both]) == (more, both)
    assert staying([both], [more, one]) == (more, one)
    assert staying([one, more], [more, one]) == ()
