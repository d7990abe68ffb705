"""Types of authorization details (RFC 9396 section 2.1): what an object may say, and the words for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from consentcore.domain.text import is_visible, refused, unencodable

GREATEST = 2**53 - 1
"""Beyond it two readers of JSON may read two numbers (RFC 8259 section 6)."""


class MemberKind(StrEnum):
    """What a member of a detail holds: one text, a whole number, true or false, a list of texts, or an object."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    LIST = "list"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class DetailMember:
    """A member that an object of a type may have.

    :ivar required: whether it has to be there.
    :ivar values: of a text, or of each in a list: all that there are; empty for any text.
    :ivar longest: characters of a text, or of each in a list, where there are no ``values``.
    :ivar most: texts in a list.
    :ivar lowest: of a number.
    :ivar highest: of a number.
    :ivar members: of an object.
    """

    name: str
    kind: MemberKind = MemberKind.TEXT
    required: bool = False
    values: tuple[str, ...] = ()
    longest: int = 200
    most: int = 20
    lowest: int = 0
    highest: int = GREATEST
    members: tuple[DetailMember, ...] = ()


@dataclass(frozen=True, slots=True)
class DetailTexts:
    """What a type says in one language.

    :ivar label: what pages call it, at most 60 characters.
    :ivar sees: what the application can see or do, at most 200, and so are the following.
    :ivar cannot: what it cannot.
    :ivar sensitivity: what a reader could infer.
    :ivar members: what each member is called, by its path: ``datatypes``, ``amount.currency``.
    :ivar values: what each value of a member means, by its path.
    """

    label: str
    sees: str
    cannot: str = ""
    sensitivity: str = ""
    members: Mapping[str, str] = field(default_factory=dict, hash=False)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class DetailType:
    """A type of authorization details that applications may ask for. Immutable: a changed meaning is a new ``version``,
    and is asked again.

    :ivar type_id: the value of the member ``type``.
    :ivar said: its words, in the language ``locale``.
    :ivar members: all that an object may have besides ``type``.
    :ivar resource_kinds: kinds of resources, such as ``site``, of which an owner has to choose at least one; the
        granted detail names them in ``resources``, which no authorization request may have. Empty where there is
        nothing to choose.
    :ivar texts: its words in other languages, by tag (RFC 5646).
    :ivar origin: the file and line of its entry, for messages; no part of what it says.
    """

    type_id: str
    said: DetailTexts
    members: tuple[DetailMember, ...] = ()
    version: str = "1"
    resource_kinds: tuple[str, ...] = ()
    texts: Mapping[str, DetailTexts] = field(default_factory=dict, hash=False)
    locale: str = "en"
    origin: str = field(default="", compare=False)

    def in_language(self, ranges: Sequence[str]) -> DetailType:
        """The type as people read it, in the first of these languages that it has texts for, else in its own.

        :param ranges: tags of RFC 5646, such as ``pt-BR``, ``pt``.
        """
        texts = {tag.lower(): (tag, said) for tag, said in self.texts.items()}
        found = next((texts[tag.lower()] for tag in ranges if tag.lower() in texts), None)
        if found is None:
            return replace(self, texts={}) if self.texts else self
        return replace(self, said=found[1], locale=found[0], texts={})

    @property
    def facts(self) -> dict[str, Any]:
        """Everything of it, for JSON."""
        return {
            "type_id": self.type_id,
            "version": self.version,
            "locale": self.locale,
            **asdict(self.said),
            "schema": [asdict(one) for one in self.members],
            "resource_kinds": list(self.resource_kinds),
            "texts": {tag: asdict(said) for tag, said in self.texts.items()},
        }


def problems(kind: DetailType, value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with an object of a type (RFC 9396 section 5): path of the member, and what was expected.

    A name that is no member of the type comes as it was asked: whoever repeats it looks at it first.
    """
    rest = {name: one for name, one in value.items() if name != "type"}
    yield from _wrong_members(kind.members, rest, "")


def _wrong_members(
    known: Iterable[DetailMember], value: Mapping[str, Any], before: str
) -> Iterator[tuple[str, str]]:
    by_name = {one.name: one for one in known}
    names = ", ".join(by_name) or "none"
    yield from (
        (f"{before}{name}", f"unknown, expected one of {names}") for name in value if name not in by_name
    )
    for name, member in by_name.items():
        path = f"{before}{name}"
        if name in value:
            yield from _wrong_value(member, value[name], path)
        elif member.required:
            yield path, "missing"


def _wrong_value(member: DetailMember, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if member.kind is MemberKind.OBJECT:
        if isinstance(value, dict):
            yield from _wrong_members(member.members, value, f"{path}.")
        else:
            yield path, "expected an object"
        return
    wrong = _WRONG[member.kind](member, value)
    if wrong:
        yield path, wrong


def _wrong_number(member: DetailMember, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and member.lowest <= value <= member.highest:
        return ""
    return f"expected a whole number, {member.lowest} to {member.highest}"


def _wrong_flag(_member: DetailMember, value: Any) -> str:
    return "" if isinstance(value, bool) else "expected true or false"


def _wrong_text(member: DetailMember, value: Any) -> str:
    if member.values:
        known = isinstance(value, str) and value in member.values
        return "" if known else f"expected one of {', '.join(member.values)}"
    if not isinstance(value, str) or not 1 <= len(value) <= member.longest:
        return f"expected a text of 1 to {member.longest} characters"
    if refused(value) or unencodable(value) or not is_visible(value):
        return "expected a text that can be read, on one line, without control characters"
    return ""


def _wrong_list(member: DetailMember, value: Any) -> str:
    if not isinstance(value, list) or not 1 <= len(value) <= member.most:
        return f"expected a list of 1 to {member.most} texts"
    for one in value:
        wrong = _wrong_text(member, one)
        if wrong:
            return f"{wrong}, each in a list"
    return "" if len(set(value)) == len(value) else "expected each text once"


_WRONG = {
    MemberKind.NUMBER: _wrong_number,
    MemberKind.FLAG: _wrong_flag,
    MemberKind.TEXT: _wrong_text,
    MemberKind.LIST: _wrong_list,
}


def paths(members: Iterable[DetailMember], before: str = "") -> Iterator[tuple[str, DetailMember]]:
    """Every member with its path, those of objects after the object."""
    for one in members:
        yield f"{before}{one.name}", one
        yield from paths(one.members, f"{before}{one.name}.")
