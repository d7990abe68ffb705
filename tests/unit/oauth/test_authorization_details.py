"""The parameter ``authorization_details`` (RFC 9396): refusals of section 5, bounds, and section 12."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import quote

import pytest

from consentcore.api import DetailMember, DetailTexts, DetailType, MemberKind
from consentcore.domain.authorization_detail import AuthorizationDetail, read
from consentcore.oauth.authorization_details import _STRING_OR_BRACKET, assigned, at_locations
from consentcore.oauth.messages import Pending, Redirect
from consentcore.testing import factories

MONEY = DetailMember(
    "amount",
    MemberKind.OBJECT,
    members=(DetailMember("currency", required=True, values=("EUR", "USD")), DetailMember("value")),
)
MEMBERS = (
    DetailMember("actions", MemberKind.LIST, required=True, values=("read", "download")),
    DetailMember("note", longest=10),
    DetailMember("months", MemberKind.NUMBER, highest=36),
    DetailMember("once", MemberKind.FLAG),
    DetailMember("locations", MemberKind.LIST, most=3),
    MONEY,
)
NAMES = ("actions", "note", "months", "once", "locations", "amount", "amount.currency", "amount.value")
WORDS = DetailTexts(
    "Readings",
    "Readings of meters.",
    members={name: name.title() for name in NAMES},
    values={
        "actions": {"read": "Read", "download": "Download"},
        "amount.currency": {"EUR": "Euro", "USD": "Dollar"},
    },
)
READINGS = DetailType("readings", WORDS, MEMBERS, resource_kinds=("site",))
OTHER = replace(READINGS, type_id="other")
PLAIN = {"type": "readings", "actions": ["read"]}


@pytest.fixture
def scenario(scenario):
    scenario.catalog = replace(scenario.catalog, detail_types={"readings": READINGS, "other": OTHER})
    scenario.client = scenario.update_client(scenario.client, authorization_details_types=("readings",))
    scenario.server = scenario.make_server()
    return scenario


def ask(scenario, value, **parameters):
    text = value if isinstance(value, str) else json.dumps(value)
    return scenario.authorize(
        client_id="app",
        response_type="code",
        redirect_uri=factories.REDIRECT_URI,
        authorization_details=text,
        **parameters,
    )


def refused(scenario, value):
    """What is said of a refusal; everything that is refused has the one error."""
    answer = ask(scenario, value)
    assert isinstance(answer, Redirect)
    said = scenario.answered(answer)
    assert said["error"] == "invalid_authorization_details"
    return said["error_description"].removeprefix("authorization_details")


def test_details_are_kept_as_they_were_asked_with_version_and_kinds_of_the_type(scenario):
    asked = {
        **PLAIN,
        "note": "Zoë",
        "amount": {"currency": "EUR", "value": "1.50"},
        "months": 3,
        "once": True,
    }
    pending = ask(scenario, [asked, PLAIN, PLAIN])
    assert isinstance(pending, Pending)
    found = [read(one) for one in pending.request.authorization_details]
    assert [one.members for one in found] == [asked, PLAIN]
    assert {(one.version, one.kinds) for one in found} == {("1", ("site",))}


def test_rfc9396_3_1_details_without_scope_ask_for_no_scope(scenario):
    assert ask(scenario, [PLAIN]).request.scopes == ()
    one = factories.SCOPES[0]
    assert ask(scenario, [PLAIN], scope=one).request.scopes == (one,)
    assert scenario.authorize(
        client_id="app", response_type="code", redirect_uri=factories.REDIRECT_URI
    ).request.scopes


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({"type": "payments"}, "[0].type: expected one that the server metadata lists"),
        ({"type": "other", "actions": ["read"]}, "[0].type: expected one that this client is registered for"),
        ({"actions": ["read"]}, "[0].type: expected a text"),
        ({"type": 7}, "[0].type: expected a text"),
        ({"type": ""}, "[0].type: expected a text"),
        ({"type": "readings"}, "[0].actions: missing"),
        ({**PLAIN, "colour": 1}, "[0].colour: unknown, expected one of actions, note"),
        ({**PLAIN, "<b>\n": 1}, "[0] a member: unknown"),
        ({**PLAIN, "actions": "read"}, "[0].actions: expected a list of 1 to 20 texts"),
        ({**PLAIN, "actions": []}, "[0].actions: expected a list of 1 to 20 texts"),
        ({**PLAIN, "actions": ["read", "read"]}, "[0].actions: expected each text once"),
        ({**PLAIN, "actions": ["write"]}, "[0].actions: expected one of read, download"),
        ({**PLAIN, "actions": [["read"]]}, "[0].actions: expected one of read, download"),
        ({**PLAIN, "actions": {"read": 1}}, "[0].actions: expected a list"),
        ({**PLAIN, "actions": None}, "[0].actions: expected a list"),
        ({**PLAIN, "note": "12345678901"}, "[0].note: expected a text of 1 to 10 characters"),
        ({**PLAIN, "note": ""}, "[0].note: expected a text of 1 to 10 characters"),
        ({**PLAIN, "note": "a\nb"}, "[0].note: expected a text that can be read"),
        ({**PLAIN, "note": "a\u202eb"}, "[0].note: expected a text that can be read"),
        ({**PLAIN, "note": "\ud800"}, "[0].note: expected a text that can be read"),
        ({**PLAIN, "note": "  "}, "[0].note: expected a text that can be read"),
        ({**PLAIN, "months": "3"}, "[0].months: expected a whole number, 0 to 36"),
        ({**PLAIN, "months": 37}, "[0].months: expected a whole number, 0 to 36"),
        ({**PLAIN, "months": True}, "[0].months: expected a whole number, 0 to 36"),
        ({**PLAIN, "once": 1}, "[0].once: expected true or false"),
        ({**PLAIN, "amount": "1 EUR"}, "[0].amount: expected an object"),
        ({**PLAIN, "amount": {}}, "[0].amount.currency: missing"),
        ({**PLAIN, "amount": {"currency": "CHF"}}, "[0].amount.currency: expected one of EUR, USD"),
        ({**PLAIN, "amount": {"currency": "EUR", "x": 1}}, "[0].amount.x: unknown"),
        ({**PLAIN, "locations": ["a", "b", "c", "d"]}, "[0].locations: expected a list of 1 to 3 texts"),
        ({**PLAIN, "resources": []}, "[0].resources: expected none, the data owner chooses them"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_rfc9396_5_detail_that_is_not_as_its_type_says_is_refused_with_its_member(scenario, detail, said):
    assert refused(scenario, [detail]).startswith(said)
    assert refused(scenario, [PLAIN, detail]).startswith(said.replace("[0]", "[1]", 1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", ": expected a JSON array of objects"),
        ('"readings"', ": expected a JSON array of objects"),
        ("[", ": expected a JSON array of objects"),
        ("nonsense", ": expected a JSON array of objects"),
        ("[]", ": expected 1 to 10 objects"),
        ("[1]", "[0]: expected an object"),
        ('[{"type":"readings","type":"other"}]', ": expected each member of an object once"),
        ('[{"type":"readings","months":1.5}]', ": expected whole numbers, or a text for what has a fraction"),
        ('[{"type":"readings","months":1e3}]', ": expected whole numbers, or a text for what has a fraction"),
        ('[{"type":"readings","months":NaN}]', ": expected whole numbers, or a text for what has a fraction"),
        ('[{"type":"readings","months":' + "9" * 17 + "}]", ": expected whole numbers up to 16 digits"),
        ('[{"a":[[[[[]]]]]}]', ": expected at most 6 arrays and objects in each other"),
        ("[" * 4000, ": expected at most 6 arrays and objects in each other"),
        ('[{"note":"' + "x" * 8192 + '"}]', ": expected a JSON array of objects, of at most 8192 characters"),
        ("[{\x00}]", ": expected a JSON array of objects"),
    ],
    ids=lambda value: value[:30].replace("\x00", "NUL"),
)
def test_rfc9396_5_what_is_no_list_of_objects_within_bounds_is_refused(scenario, text, said):
    assert refused(scenario, text).startswith(said)


def test_brackets_in_texts_are_no_depth_and_blanks_between_are_none(scenario):
    text = json.dumps([{**PLAIN, "note": '[[[{{"\\['}], indent="\t").replace("\n", "\r\n")
    assert isinstance(ask(scenario, text), Pending)


def test_so_many_objects_and_members_are_taken_and_one_more_is_not(scenario):
    ten = [{**PLAIN, "months": number} for number in range(10)]
    assert len(ask(scenario, ten).request.authorization_details) == 10
    assert refused(scenario, [*ten, PLAIN]) == ": expected 1 to 10 objects"
    assert refused(scenario, [{str(number): 1 for number in range(51)}]).startswith(
        ": expected at most 50 members"
    )


def test_depth_is_looked_at_before_anything_is_parsed(scenario, monkeypatch):
    monkeypatch.setattr("consentcore.oauth.authorization_details.json.loads", None)
    assert refused(scenario, "[" * 7).startswith(": expected at most 6")


@pytest.mark.parametrize("end", ["", "\\"])
def test_text_without_an_end_is_looked_at_once(scenario, end):
    """From each quotation mark in it anew, it would take a time that grows with the square of its length."""
    text = '"' + '\\"' * 4094 + end
    assert len(list(_STRING_OR_BRACKET.finditer(text))) == 1
    assert refused(scenario, text) == ": expected a JSON array of objects, of at most 8192 characters"
    assert len(list(_STRING_OR_BRACKET.finditer("[" + text + "]}"))) == 2


def test_parameter_may_come_once(scenario):
    answer = scenario.authorize(
        ("authorization_details", json.dumps([PLAIN])),
        ("authorization_details", json.dumps([PLAIN])),
        client_id="app",
        response_type="code",
        redirect_uri=factories.REDIRECT_URI,
    )
    assert scenario.answered(answer)["error"] == "invalid_request"


def test_refusal_of_a_pushed_request_says_the_same_and_stores_nothing(scenario):
    body = {
        "response_type": "code",
        "redirect_uri": factories.REDIRECT_URI,
        "authorization_details": json.dumps([{**PLAIN, "colour": 1}]),
    }
    answer = scenario.post("par", body)
    assert (answer.status, answer.error) == (400, "invalid_authorization_details")
    assert answer.json["error_description"].startswith("authorization_details[0].colour: unknown")


def test_metadata_lists_the_types_and_nothing_where_there_are_none(scenario):
    assert scenario.server.metadata()["authorization_details_types_supported"] == ["other", "readings"]
    bare = scenario.make_server(catalog=replace(scenario.catalog, detail_types={}))
    assert "authorization_details_types_supported" not in bare.metadata()


def kept(members, **fields):
    return AuthorizationDetail({"type": "readings", **members}, kinds=("site",), **fields).text


def granting(*texts, resources=("site|a", "site|b")):
    return replace(factories.grant("o", "app"), authorization_details=texts, resources=resources)


def test_token_gets_what_code_or_refresh_token_stand_for_as_far_as_the_grant_covers_it():
    one, other = kept({"actions": ["read"]}), kept({"actions": ["download"]})
    assert assigned(None, (one, other), granting(one, other)) == (one, other)
    assert assigned(None, (one, other), granting(other)) == (other,)
    assert assigned(None, (one,), granting(kept({"actions": ["read"]}, version="2"))) == ()
    assert assigned(None, (), granting(one)) == ()


def test_rfc9396_2_2_detail_for_other_locations_than_the_audience_is_not_in_the_token():
    here, there = (kept({"locations": [f"https://{name}.example"]}) for name in ("here", "there"))
    anywhere = kept({"actions": ["read"]})
    texts = (here, there, anywhere)
    assert at_locations(texts, ("https://here.example",)) == (here, anywhere)
    assert at_locations(texts, ()) == texts
    assert assigned(None, texts, granting(*texts), ("https://there.example",)) == (there, anywhere)


def test_rfc9396_12_texts_are_compared_sign_by_sign_without_normalization(scenario):
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    held = kept({"note": composed})
    same = json.dumps([{"type": "readings", "note": composed}])
    assert assigned(same, (held,), granting(held)) == (held,)
    for other in (decomposed, composed.upper(), f"{composed} ", quote(composed)):
        with pytest.raises(Exception, match="note"):
            assigned(json.dumps([{"type": "readings", "note": other}]), (held,), granting(held))
