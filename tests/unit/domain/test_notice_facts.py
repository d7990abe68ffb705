"""What a notice says is written and read in one place, today's and that of every release before."""

from __future__ import annotations

import ast
import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice_facts import (
    AccountFacts,
    ConsentFacts,
    EndpointFacts,
    EndpointTestFacts,
    LinkFacts,
    NoticeFactsError,
    facts_of,
    members_of,
    says_no_more,
)
from consentcore.testing import factories

ROOT = Path(__file__).parents[3]
OLD = ROOT / "tests/upgrade/from_26e6d57/consentcore.sqlite"
LATER = {"recorded_at", "reason_text"}
"""Members that came after the release whose database that is."""

WRITTEN_THEN = {
    "consent.granted",
    "consent.denied",
    "consent.revoked",
    "consent.expired",
    "webhook.test",
    "webhook.endpoint_failing",
    "webhook.endpoint_disabled",
}

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
SCOPES = st.lists(TEXTS, max_size=3).map(tuple)
FACTS = st.one_of(
    st.builds(
        ConsentFacts,
        event_type=TEXTS,
        sequence=st.integers(0, 2**53 - 1),
        scopes=SCOPES,
        previous_scopes=SCOPES,
        reason=TEXTS,
        client_name=TEXTS,
        had_grant_before=st.booleans(),
        test=st.booleans(),
    ),
    st.builds(EndpointFacts, endpoint_id=TEXTS, reason=TEXTS),
    st.builds(EndpointTestFacts, endpoint_id=TEXTS, state=TEXTS),
    st.builds(
        AccountFacts, link=st.none() | st.builds(LinkFacts, purpose=TEXTS, ticket_id=TEXTS, key_id=TEXTS)
    ),
)


def notice(kind: NoticeKind, data: str):
    return replace(factories.notice(factories.grant("owner", "client")), kind=kind, data=data)


@given(FACTS)
def test_facts_are_canonical_json_and_come_back_as_they_were(facts):
    text = facts.to_json()
    assert text == rfc8785.dumps(json.loads(text)).decode()
    assert type(facts).from_json(text) == facts


def test_the_stored_form_stays_as_it_is():
    assert (
        ConsentFacts(scopes=("sites.read",), client_name="Ünï").to_json()
        == '{"change":"","client_name":"Ünï","event_type":"","expires_at":"","had_grant_before":false,'
        '"initiator":"","previous_scopes":[],"reason":"","reason_text":"","recorded_at":"","requested_scopes":[],'
        '"scopes":["sites.read"],"sequence":0,"state":""}'
    )
    assert '"test":true' in ConsentFacts(test=True).to_json()
    assert EndpointTestFacts("ep_1", "abc").to_json() == '{"endpoint_id":"ep_1","state":"abc"}'
    assert EndpointTestFacts(state="abc").to_json() == '{"state":"abc"}'
    assert EndpointFacts("ep_1").to_json() == (
        '{"endpoint_host":"","endpoint_id":"ep_1","failing_since":"","reason":""}'
    )
    assert AccountFacts().to_json() == "{}"
    assert AccountFacts(LinkFacts("email_old", "1", "k1")).to_json() == (
        '{"link":{"key_id":"k1","purpose":"email_old","ticket_id":"1"}}'
    )


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_what_an_older_or_newer_release_wrote_can_be_read(kind):
    assert facts_of(notice(kind, "{}")) == type(facts_of(notice(kind, "{}")))()
    assert facts_of(notice(kind, '{"of_tomorrow":{"a":[1]}}')) == facts_of(notice(kind, "{}"))


def test_every_notice_of_the_first_release_can_be_read():
    with sqlite3.connect(f"file:{OLD}?mode=ro", uri=True) as database:
        rows = database.execute("select kind, data from notice").fetchall()
    assert {kind for kind, _ in rows} >= WRITTEN_THEN
    for kind, data in rows:
        facts = facts_of(notice(NoticeKind(kind), data))
        now, then = json.loads(facts.to_json()), json.loads(data)
        assert {name: value for name, value in now.items() if name not in LATER or name in then} == then


def test_members_are_those_that_were_written():
    data = '{"scopes":["sites.read"],"reason":"","of_tomorrow":1}'
    assert members_of(notice(NoticeKind.GRANTED, data)) == {"scopes": ("sites.read",), "reason": ""}
    assert members_of(notice(NoticeKind.TEST, '{"state":"abc"}')) == {"state": "abc"}
    with pytest.raises(NoticeFactsError):
        members_of(notice(NoticeKind.GRANTED, '{"reason":1}'))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (NoticeKind.GRANTED, "no JSON"),
        (NoticeKind.GRANTED, "[]"),
        (NoticeKind.GRANTED, '{"sequence":"1"}'),
        (NoticeKind.GRANTED, '{"sequence":true}'),
        (NoticeKind.GRANTED, '{"scopes":"sites.read"}'),
        (NoticeKind.GRANTED, '{"scopes":[1]}'),
        (NoticeKind.GRANTED, '{"reason":null}'),
        (NoticeKind.ENDPOINT_FAILING, '{"reason":1}'),
        (NoticeKind.TEST, '{"state":{}}'),
        (NoticeKind.EMAIL_CHANGE, '{"link":[]}'),
        (NoticeKind.EMAIL_CHANGE, '{"link":{"key_id":1}}'),
    ],
)
def test_what_is_of_another_type_is_an_error(kind, data):
    with pytest.raises(NoticeFactsError):
        facts_of(notice(kind, data))


def test_a_notice_says_no_more_than_another_when_all_of_it_is_there():
    def says(data: str, wanted: str = '{"reason":"x","sequence":1}', **more) -> bool:
        return says_no_more(notice(NoticeKind.GRANTED, data), notice(NoticeKind.GRANTED, wanted), **more)

    assert says("{}")
    assert says('{"sequence":1}')
    assert says('{"reason":"x","sequence":1}')
    assert not says('{"sequence":2}')
    assert not says('{"of_tomorrow":null}')
    assert says('{"of_tomorrow":null}', besides={"of_tomorrow"})
    for broken in ("no JSON", "[]", "null"):
        with pytest.raises(NoticeFactsError):
            says(broken)
        with pytest.raises(NoticeFactsError):
            says("{}", broken)


OF_THE_LOG = {
    "consentcore/consent/evidence/lease.py": ["json.loads(kept.data)"],
    "consentcore/keys/record_notes.py": ["json.loads(kept.data)"],
    "consentcore/moving/importing.py": ["json.loads(found.data)"],
}
"""What is read there is the data of an object of the log (``LogObject``), and of no notice."""


def written_elsewhere(tree: ast.AST) -> list[str]:
    """Calls that write or read a notice's data as JSON."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in {"loads", "read_json"} and _reads_data(node):
            found.append(ast.unparse(node))
        if called == "Notice" and any(
            one.arg == "data" and not _is_written(one.value) for one in node.keywords
        ):
            found.append(ast.unparse(node))
    return found


def _reads_data(call: ast.Call) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == "data" for one in call.args for node in ast.walk(one)
    )


def _is_written(value: ast.expr) -> bool:
    """By ``to_json``, or by a storage from a row."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Attribute) and value.func.attr == "to_json"
    return isinstance(value, ast.Subscript)


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("json.loads(notice.data)['a']", True),
        ("json.loads(envelope.notice.data)", True),
        ("Notice(kind=k, data=json.dumps(x))", True),
        ("Notice(kind=k, data='{}')", True),
        ("Notice(kind=k, data=facts.to_json())", False),
        ("Notice(kind=k, data=row[7])", False),
        ("json.loads(event.body)", False),
    ],
)
def test_what_the_next_test_looks_for_is_found(text, bad):
    assert bool(written_elsewhere(ast.parse(text))) is bad


def test_nobody_else_writes_or_reads_the_data_of_a_notice():
    found = {
        str(path.relative_to(ROOT)): lines
        for folder in ("consentcore", "plugins")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.name != "notice_facts.py"
        and (lines := written_elsewhere(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert found == OF_THE_LOG
