"""A log that goes on after a lawful restore: under another name, because the old one has signed what is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.consent.evidence.statements import StatementType

if TYPE_CHECKING:
    from consentcore.consent.evidence.statements import Statement
    from consentcore.tlog import TreeHead


@dataclass(frozen=True, slots=True)
class Resumption:
    """What a statement says was lost.

    :ivar kept: leaves that were left.
    :ivar lost: leaves that there had been, by the name of the log that had signed them.
    :ivar at: when it was stated, ISO.
    :ivar origin: the name under which the log goes on.
    """

    kept: int
    lost: dict[str, int]
    at: str
    reason: str
    origin: str

    def covers(self, head: TreeHead) -> bool:
        """Whether a checkpoint is one of those that were signed before."""
        return head.size <= self.lost.get(head.origin, -1)


def resumptions(statements: Iterable[Statement]) -> list[Resumption]:
    """The ranges that were lost, in the order in which that was stated."""
    found = []
    for one in statements:
        if one.type is StatementType.RESUMED:
            facts = one.facts
            lost: dict[str, int] = {}
            for had in facts["lost"]:
                lost[had["log"]] = max(had["size"], lost.get(had["log"], 0))
            found.append(
                Resumption(facts["kept"]["size"], lost, facts["at"], facts["reason"], facts["goes_on_as"])
            )
    return found


def names_of(origin: str, resumed: Sequence[Resumption]) -> list[str]:
    """The names that a log has had, the one that it signs under now last."""
    return [origin, *(one.origin for one in resumed)]


def next_name(origin: str, resumed: Sequence[Resumption]) -> str:
    """The name under which it goes on after one more restore."""
    return f"{origin}/{len(resumed) + 2}"
