"""One table holds what is known of each kind of event, notice and state; nothing about them stands elsewhere."""

from __future__ import annotations

import ast
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

from consentcore.domain import event_kinds, grant_states
from consentcore.domain.event_kinds import (
    CHOOSABLE,
    EVENT_KINDS,
    NOTICE_KINDS,
    EventType,
    NoticeKind,
    event_kind,
    leading_to,
    notice_profile,
    requested_by,
    told_by,
)
from consentcore.domain.grant_states import ENDED, GRANT_STATES, STOOD, GrantState, state_profile
from consentcore.domain.parties import ActorType, Audience

ROOT = Path(__file__).parents[3]
TEMPLATES = Path(str(files("consentcore_templates"))) / "email"
KEYED = {"EventType", "GrantState"}


def executed(module, old: str, new: str) -> None:
    """Run a module's source with one place changed, as if somebody had edited it."""
    source = Path(module.__file__).read_text(encoding="utf-8")
    assert source.count(old) == 1
    exec(compile(source.replace(old, new), module.__file__, "exec"), {"__name__": module.__name__})


@pytest.mark.parametrize(
    ("module", "member"),
    [
        (event_kinds, '    REFRESH_REUSED = "refresh_reused"\n'),
        (event_kinds, '    EMAIL_CHANGED = "account.email_changed"\n'),
        (grant_states, '    EXPIRED = "expired"\n'),
    ],
)
def test_a_member_without_a_row_does_not_get_through_the_import(module, member):
    executed(module, member, member)
    with pytest.raises(ImportError, match="no row for MADE_UP"):
        executed(module, member, f'{member}    MADE_UP = "made_up"\n')


def test_a_row_that_lacks_something_does_not_get_through_the_import():
    with pytest.raises(TypeError, match="word"):
        executed(event_kinds, '        word=message("granted"),\n', "")


def test_two_rows_about_one_member_do_not_get_through_the_import():
    row = '    NoticeProfile(NoticeKind.TEST, (Audience.CLIENT,), status="", mail=""),\n'
    with pytest.raises(ImportError, match="two rows for TEST"):
        executed(event_kinds, row, row + row)


def test_every_actor_who_can_end_a_grant_ends_it_in_one_way():
    assert {actor: requested_by(actor).type.value for actor in ActorType} == {
        "owner": "withdrawn",
        "client": "closed",
        "operator": "revoked",
        "system": "revoked",
    }
    row = "        state_after=GrantState.CLOSED,\n        actors=(ActorType.CLIENT,),\n"
    with pytest.raises(ImportError, match="no row for CLIENT"):
        executed(event_kinds, row, "        state_after=GrantState.CLOSED,\n        actors=(),\n")


@pytest.mark.parametrize("row", EVENT_KINDS, ids=lambda row: row.type)
def test_a_kind_of_event_agrees_with_itself(row):
    assert row.follows
    assert row.actors
    assert row.word
    assert not (row.begins and len(row.follows) > 1)
    assert row.begins <= (row.state_after is not None)
    assert not row.ends or None not in row.follows
    # An attack on its tokens, or word of what became of the data, changes nothing of what is allowed.
    stays = row.security or row.type is EventType.DELETION_CONFIRMED
    assert stays == (row.state_after is None)
    assert bool(row.mail) == (row.notice is not None)
    assert not row.consenting or (row.state_after is GrantState.ACTIVE and row.actors == (ActorType.OWNER,))


@pytest.mark.parametrize("row", [row for row in EVENT_KINDS if row.ends], ids=lambda row: row.type)
def test_an_end_is_told_with_its_reason_and_is_the_one_way_to_its_state(row):
    assert row.default_reason
    assert row.notice in CHOOSABLE
    assert leading_to(row.state_after) is row


def test_several_ways_lead_to_an_active_grant():
    with pytest.raises(LookupError):
        leading_to(GrantState.ACTIVE)


@pytest.mark.parametrize("row", NOTICE_KINDS, ids=lambda row: row.kind)
def test_a_kind_of_notice_agrees_with_itself(row):
    kinds = told_by(row.kind)
    assert row.audiences
    assert bool(kinds) == row.kind.is_consent
    assert not (row.mail and kinds), "each kind of event has its own mail"
    assert bool(row.status) == (row.kind in CHOOSABLE)
    assert row.kind.is_account == (row.audiences == (Audience.OWNER,))
    assert notice_profile(row.kind) is row


@pytest.mark.parametrize("folder", sorted({row.mail for row in (*EVENT_KINDS, *NOTICE_KINDS)} - {""}))
def test_every_mail_has_its_three_templates(folder):
    assert {file.name for file in (TEMPLATES / folder).iterdir()} >= {"subject.txt", "body.txt", "body.html"}


def test_no_mail_has_templates_that_nobody_uses():
    used = {row.mail for row in (*EVENT_KINDS, *NOTICE_KINDS)} - {""}
    assert {folder.name for folder in TEMPLATES.iterdir() if folder.is_dir()} == used


def test_every_state_is_reached_and_says_what_it_is():
    reached = {row.state_after for row in EVENT_KINDS} - {None}
    assert reached == set(GrantState)
    assert {GrantState.ACTIVE, *ENDED} == STOOD
    assert [row.state for row in GRANT_STATES if row.ended and not row.stood] == []
    assert not state_profile(GrantState.ACTIVE).ended
    assert all(row.word for row in GRANT_STATES)
    assert event_kind(EventType.DENIED).begins
    assert not state_profile(GrantState.DENIED).stood


def described(name: str) -> list[list[str]]:
    """Every list of values in the API's description that holds this one."""
    text = json.loads((ROOT / "consentcore/web/api/openapi.json").read_text(encoding="utf-8"))
    found: list[list[str]] = []

    def walk(node: object) -> None:
        if isinstance(node, dict):
            if name in node.get("enum", ()):
                found.append(node["enum"])
            node = list(node.values())
        if isinstance(node, list):
            for one in node:
                walk(one)

    walk(text)
    return found


def test_the_description_of_the_api_has_every_type_and_every_state():
    types = [kind.value for kind in CHOOSABLE]
    lists = described("consent.granted")
    assert [one for one in lists if len(one) > 1]
    for one in lists:
        assert sorted(set(one) - {NoticeKind.TEST.value}) == sorted(types) or len(one) == 1
    assert sorted(STOOD) in [sorted(one) for one in described("withdrawn")]


def test_the_papers_name_every_kind():
    evidence = (ROOT / "docs/evidence.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+)`", evidence))
    assert {row.type.value for row in EVENT_KINDS} <= named
    webhooks = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))
    assert [kind for kind in CHOOSABLE if f"`{kind.value}`" not in webhooks] == []


def keyed_by_kind(tree: ast.AST) -> list[int]:
    """Lines with a dictionary whose keys are kinds of events or states of grants."""
    found = []
    for node in ast.walk(tree):
        keys = (
            node.keys if isinstance(node, ast.Dict) else [node.key] if isinstance(node, ast.DictComp) else []
        )
        names = {
            key.value.id for key in keys if isinstance(key, ast.Attribute) and isinstance(key.value, ast.Name)
        }
        hint = (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id in {"dict", "Mapping", "MutableMapping", "defaultdict"}
            and bool(KEYED & {name.id for name in ast.walk(node.slice) if isinstance(name, ast.Name)})
        )
        if names & KEYED or hint:
            found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    "text", ["{EventType.GRANTED: 1}", "x: dict[GrantState, str]", "x: Mapping[EventType | None, int] = {}"]
)
def test_what_the_next_test_looks_for_is_found(text):
    assert keyed_by_kind(ast.parse(text)) == [1]


def test_no_dictionary_about_kinds_or_states_stands_elsewhere():
    found = {
        str(path.relative_to(ROOT)): lines
        for folder in ("consentcore", "plugins")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (lines := keyed_by_kind(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert found == {}
