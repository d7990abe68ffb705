"""Where a permission counts, as a mail says it: by name while they are few, else by number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consentcore.consent.resource_words import counted, wholly
from consentcore.domain.resource import is_everything

if TYPE_CHECKING:
    from consentcore.domain.message import Message

NAMED = 5
"""So many are named; of more a mail says how many they are."""

Labels = Callable[[str, Sequence[str]], Mapping[str, str]]
"""Names of resources, for an owner's id and what a grant keeps of each; those that have none now are left out."""


@dataclass(frozen=True, slots=True)
class Sites:
    """Some of an owner's resources.

    :ivar count: of those that were chosen one by one.
    :ivar names: of each, in the order of the alphabet; empty where they are many, or one has no name.
    :ivar everything: all that the owner has of a kind, also later.
    :ivar references: as a grant keeps them.
    """

    count: int
    names: tuple[str, ...] = ()
    everything: bool = False
    references: Sequence[str] = field(default=(), compare=False, repr=False)

    @property
    def any(self) -> bool:
        """Whether there is something to say."""
        return self.everything or self.count > 0

    @property
    def counted(self) -> str:
        """How many were chosen one by one, of each kind."""
        return counted(one for one in self.references if not is_everything(one))

    @property
    def wholly(self) -> list[Message]:
        """Of what everything was chosen, each kind in a line of its own."""
        return wholly(self.references)


def named_sites(references: Sequence[str], labels: Mapping[str, str]) -> Sites:
    """What a mail says of these resources.

    :param references: as a grant keeps them, see :mod:`consentcore.domain.resource`.
    """
    single = [one for one in references if not is_everything(one)]
    names = [labels[one] for one in single if one in labels]
    everything = len(single) < len(references)
    if len(single) > NAMED or len(names) < len(single):
        return Sites(len(single), everything=everything, references=references)
    return Sites(len(single), tuple(sorted(names, key=str.casefold)), everything, references)
