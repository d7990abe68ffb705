"""The limits of a type of authorization details: one place for whoever reads a catalog, the conformance kit and
``scopes lint``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from consentcore.domain.authorization_detail import RESOURCES
from consentcore.domain.detail_type import GREATEST, DetailMember, DetailTexts, DetailType, MemberKind, paths
from consentcore.domain.resource import KIND
from consentcore.domain.scope_rules import VERSION, Fault

TYPE_ID = re.compile(r"[\x21\x23-\x3f\x41-\x5b\x5d-\x7e]{1,100}")
"""What a type may be called: a word, or a URI (RFC 9396 section 2.1)."""
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
"""What a member may be called."""
LONGEST: Mapping[str, int] = {"label": 60, "sees": 200, "cannot": 200, "sensitivity": 200}
"""Characters of each text."""
LONGEST_WORDS = 100
"""Characters of what a member is called, and of what a value means."""
MOST_MEMBERS = 20
"""Of one object."""
MOST_VALUES = 50
DEEPEST_MEMBER = 3
"""Objects in each other."""
_TAKEN = frozenset({"type", RESOURCES})


def detail_type_faults(kind: DetailType) -> Iterator[Fault]:
    """Every limit that a type exceeds.

    :raises TypeError, AttributeError: when it is none.
    """
    if not TYPE_ID.fullmatch(kind.type_id):
        yield Fault(
            "type_id", "expected 1 to 100 printable ASCII characters without blanks, quotes, @ and \\"
        )
    if not VERSION.fullmatch(kind.version):
        yield Fault("version", 'expected a text of 1 to 20 letters, digits, dots, _ and -, such as "2"')
    yield from _member_faults(kind.members, "", 1)
    for one in kind.resource_kinds:
        if not KIND.fullmatch(one):
            yield Fault("resource_kinds", f"expected kinds such as site, meter or device, not {one!r}")
    yield from _text_faults(kind, kind.said, "")
    for tag, said in kind.texts.items():
        yield from _text_faults(kind, said, tag)


def _member_faults(members: Iterable[DetailMember], before: str, depth: int) -> Iterator[Fault]:
    known = tuple(members)
    if len(known) > MOST_MEMBERS or depth > DEEPEST_MEMBER:
        yield Fault(
            "members", f"expected at most {MOST_MEMBERS} of an object, {DEEPEST_MEMBER} objects in each other"
        )
        return
    names = [one.name for one in known]
    for one in known:
        path = f"{before}{one.name}"
        if not NAME.fullmatch(one.name) or (not before and one.name in _TAKEN):
            yield Fault(path, "expected a name of letters, digits, _ and -, other than type and resources")
        if names.count(one.name) > 1:
            yield Fault(path, "defined more than once")
        yield from (Fault(path, problem) for problem in _wrong_member(one))
        yield from _member_faults(one.members, f"{path}.", depth + 1)


def _wrong_member(one: DetailMember) -> Iterator[str]:
    kind: object = one.kind
    if not isinstance(kind, MemberKind):
        yield f"expected a MemberKind, not {kind!r}"
    if bool(one.members) != (kind is MemberKind.OBJECT):
        yield "expected members of an object, and of nothing else"
    if one.values and kind not in {MemberKind.TEXT, MemberKind.LIST}:
        yield "expected values of a text or a list only"
    if len(one.values) > MOST_VALUES or len(set(one.values)) != len(one.values) or not all(one.values):
        yield f"expected at most {MOST_VALUES} values, each once, none of them empty"
    if not 1 <= one.longest <= 500 or not 1 <= one.most <= 50:
        yield "expected texts of 1 to 500 characters, and lists of 1 to 50"
    if not -GREATEST <= one.lowest <= one.highest <= GREATEST:
        yield f"expected a lowest and a highest number up to {GREATEST}"


def _text_faults(kind: DetailType, said: DetailTexts, tag: str) -> Iterator[Fault]:
    for name, most in LONGEST.items():
        text = getattr(said, name)
        if name in {"label", "sees"} and not text.strip():
            yield Fault(name, "missing, expected a text", tag)
        if len(text) > most:
            yield Fault(name, f"expected at most {most} characters, not {len(text)}", tag)
    known = dict(paths(kind.members))
    for path, member in known.items():
        if not said.members.get(path, "").strip():
            yield Fault(path, "missing, expected what it is called, for people", tag)
        yield from _value_faults(path, member, said, tag)
    for path in {*said.members, *said.values} - known.keys():
        yield Fault(path, "words for a member that the type does not have", tag)


def _value_faults(path: str, member: DetailMember, said: DetailTexts, tag: str) -> Iterator[Fault]:
    meanings = said.values.get(path, {})
    wordless = [one for one in member.values if not meanings.get(one, "").strip()]
    if wordless:
        yield Fault(path, f"missing, expected words for {', '.join(wordless)}", tag)
    if set(meanings) - set(member.values):
        yield Fault(path, "words for a value that the member does not have", tag)
    for text in (said.members.get(path, ""), *meanings.values()):
        if len(text) > LONGEST_WORDS:
            yield Fault(path, f"expected at most {LONGEST_WORDS} characters, not {len(text)}", tag)
