"""Authorization details in words: what pages, mails and receipts say of one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consentcore.domain.authorization_detail import AuthorizationDetail, first_beyond, is_within, read
from consentcore.domain.message import Message, message
from consentcore.domain.text import one_line

if TYPE_CHECKING:
    from consentcore.domain.detail_type import DetailTexts
    from consentcore.domain.scope import Catalog

YES, NO = message("Yes"), message("No")


@dataclass(frozen=True)
class DetailRow:
    """One member.

    :ivar label: what it is called.
    :ivar values: what it says, in the words of the catalog, or else in those of the application.
    :ivar quoted: whether they are the application's own words.
    :ivar rows: of an object: its members.
    """

    label: str
    values: tuple[str | Message, ...] = ()
    quoted: bool = False
    rows: tuple[DetailRow, ...] = ()


@dataclass(frozen=True)
class DetailWords:
    """One detail as people read it.

    :ivar type_id: its type, as applications call it.
    :ivar sees: "" where the catalog does not say any more what it means, and so are the following.
    :ivar locale: the language of the catalog's words (RFC 5646).
    :ivar standing: on an amendment "new", "unchanged" or "changed"; else "".
    """

    type_id: str
    label: str
    sees: str
    cannot: str
    sensitivity: str
    rows: tuple[DetailRow, ...]
    locale: str = "en"
    standing: str = ""


def in_words(text: str, catalog: Catalog, standing: str = "") -> DetailWords:
    """A detail, in the words of the catalog where it still means by its type what it meant then.

    :param text: as it is kept.
    :param catalog: in the language of who reads it.
    """
    detail = read(text)
    kind = catalog.detail_types.get(detail.type)
    if kind is None or kind.version != detail.version:
        label = kind.said.label if kind else detail.type
        return DetailWords(detail.type, label, "", "", "", tuple(_raw(detail.members)), standing=standing)
    said, names = kind.said, [one.name for one in kind.members]
    unsaid = {name: value for name, value in detail.members.items() if name not in names}
    return DetailWords(
        type_id=detail.type,
        label=said.label,
        sees=said.sees,
        cannot=said.cannot,
        sensitivity=said.sensitivity,
        rows=(*_rows(detail.members, names, said, ""), *_raw(unsaid)),
        locale=kind.locale,
        standing=standing,
    )


def all_in_words(texts: Iterable[str], catalog: Catalog) -> tuple[DetailWords, ...]:
    """Several, see :func:`in_words`."""
    return tuple(in_words(one, catalog) for one in texts)


def summary(words: DetailWords, translate: Callable[[str], str]) -> str:
    """What a detail says besides what it is called, on one line.

    :param translate: makes a text of a message.
    """
    return "; ".join(_said(row, translate) for row in words.rows)


def _said(row: DetailRow, translate: Callable[[str], str]) -> str:
    inner = [_said(one, translate) for one in row.rows]
    said = ", ".join(inner or [translate(one) for one in row.values])
    return translate(message("%(label)s: %(said)s", label=row.label, said=said))


def standing_of(text: str, granted: Iterable[str] | None) -> str:
    """How a detail that is asked stands to what was granted: "unchanged" where it is within one of them, "changed"
    where one of them means something else now, or is part of it; else "new".

    :param granted: None where nothing stands; the answer is "" then.
    """
    if granted is None:
        return ""
    asked, held = read(text), [read(one) for one in granted]
    if any(is_within(asked, one) for one in held):
        return "unchanged"
    return "changed" if any(_concerns(asked, one) for one in held) else "new"


def staying(asked: Iterable[str], granted: Iterable[str]) -> tuple[str, ...]:
    """Those granted details that stay beside what is asked: all that are not wholly part of it, however much they have
    in common (see :func:`~consentcore.domain.authorization_detail.united`)."""
    wanted = [read(one) for one in asked]
    return tuple(one for one in granted if all(first_beyond(read(one), new) for new in wanted))


def _concerns(asked: AuthorizationDetail, held: AuthorizationDetail) -> bool:
    return not first_beyond(held, asked) or not first_beyond(asked, held)


def _rows(
    members: Mapping[str, Any], names: Iterable[str], said: DetailTexts, before: str
) -> list[DetailRow]:
    """Members in the order of the type."""
    found = []
    for name in (one for one in names if one in members):
        path, value = f"{before}{name}", members[name]
        label = said.members[path]
        if isinstance(value, dict):
            found.append(DetailRow(label, rows=tuple(_rows(value, value, said, f"{path}."))))
            continue
        meanings = said.values.get(path)
        values = value if isinstance(value, list) else [value]
        words = tuple(meanings[one] if meanings else _plain(one) for one in values)
        found.append(DetailRow(label, words, quoted=not meanings and isinstance(values[0], str)))
    return found


def _raw(members: Mapping[str, Any]) -> list[DetailRow]:
    """Members by their own names, where the catalog has no words for them."""
    found = []
    for name, value in members.items():
        if name == "type":
            continue
        if isinstance(value, dict):
            found.append(DetailRow(name, rows=tuple(_raw(value))))
        else:
            values = value if isinstance(value, list) else [value]
            found.append(DetailRow(name, tuple(map(_plain, values)), quoted=True))
    return found


def _plain(value: Any) -> str | Message:
    if isinstance(value, bool):
        return YES if value else NO
    return one_line(value) if isinstance(value, str) else json.dumps(value)
