"""Tables with one row for each member of an enumeration; one without a row does not get through the import."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from enum import StrEnum

Member = TypeVar("Member", bound="StrEnum")
Row = TypeVar("Row")


def by_member(
    name: str, members: Iterable[Member], rows: Iterable[Row], member_of: Callable[[Row], Member]
) -> Mapping[Member, Row]:
    """Return the rows of a table by what they are about.

    :param name: of the table, for the message.
    :param members: all that there are.
    :param member_of: what a row is about.
    :raises ImportError: when a member has no row, or two.
    """
    found: dict[Member, Row] = {}
    for row in rows:
        member = member_of(row)
        if member in found:
            raise ImportError(f"{name} has two rows for {member.name}")
        found[member] = row
    missing = [member.name for member in members if member not in found]
    if missing:
        raise ImportError(f"{name} has no row for {', '.join(missing)}")
    return found
