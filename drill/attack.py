"""What an attack is, who makes it, and what has to find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from drill.stage import Stage


class Who(StrEnum):
    """What somebody has got hold of."""

    DATABASE = "database"
    BACKUP = "database, old backup"
    NO_ANCHOR = "database, old backup; no anchor configured"
    ANCHOR = "database, old backup, one of two anchors"
    ANCHORS = "database, old backup, every anchor"
    LEAKED = "database, a key revoked by `keys rotate --now`"
    KEY = "database, the key in use"


class By(StrEnum):
    """What finds an attack."""

    REFUSED = "does not work"
    VERIFY = "`audit verify`"
    WORKER = "the worker signs nothing more"


NOTHING: frozenset[By] = frozenset()
ANCHORED = {Who.NO_ANCHOR: "none", Who.ANCHOR: "file and witness"}


@dataclass(frozen=True)
class Attack:
    """One thing that somebody does to an installation.

    :ivar what: in words, as the table in the documentation has it.
    :ivar does: does it.
    :ivar found: by what. Empty: it cannot be found, and ``why`` says why.
    :ivar says: words that verification has to use.
    :ivar works: whether what it was for comes true afterwards; None where nobody is let in and nobody is told.
    """

    what: str
    who: Who
    does: Callable[[Stage], object]
    found: frozenset[By]
    says: str = ""
    works: Callable[[Stage], bool] | None = None
    why: str = ""

    @property
    def anchored(self) -> str:
        """Where the installation is anchored."""
        return ANCHORED.get(self.who, "file")


def sql(script: str) -> Callable[[Stage], object]:
    """An attack that is SQL."""
    return lambda stage: stage.sql(script)
