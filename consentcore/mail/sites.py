"""Where a permission counts, as a mail says it: by name while they are few, else by number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

NAMED = 5
"""So many are named; of more a mail says how many they are."""
ALL = "*"
"""The id of everything that an owner has, also later."""

Labels = Callable[[str, Sequence[str]], Mapping[str, str]]
"""Names of resources, for an owner's id and theirs; those that have none now are left out."""


@dataclass(frozen=True, slots=True)
class Sites:
    """Some of an owner's resources.

    :ivar names: of each, in the order of the alphabet; empty where they are many, or one has no name.
    :ivar everything: all that the owner has, also later.
    """

    count: int
    names: tuple[str, ...] = ()
    everything: bool = False


def named_sites(ids: Sequence[str], labels: Mapping[str, str]) -> Sites:
    """What a mail says of these resources."""
    if ALL in ids:
        return Sites(len(ids), everything=True)
    names = [labels[one] for one in ids if one in labels]
    if len(ids) > NAMED or len(names) < len(ids):
        return Sites(len(ids))
    return Sites(len(ids), tuple(sorted(names, key=str.casefold)))
