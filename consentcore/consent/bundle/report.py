"""What a check has found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that does not hold.

    :ivar line: of the file, from 1.
    :ivar event_id: the event that it is about; "" where it is about none.
    :ivar grant_id: the grant; "" likewise.
    :ivar sequence: number of the event within its chain; None likewise.
    """

    line: int
    text: str
    event_id: str = ""
    grant_id: str = ""
    sequence: int | None = None


@dataclass(slots=True)
class BundleReport:
    """What a bundle says, as far as it was read; all of it counts only where there is no fault.

    :ivar with_own_keys: nobody has said which keys to trust, so the bundle vouches for itself.
    :ivar size: leaves of the log that the checkpoint covers.
    :ivar complete: whether it claims to be the whole log, which then was checked.
    :ivar personal: whether it has personal values.
    :ivar withheld: pages that were left out because they hold personal text.
    :ivar forgotten: values and pages in whose place tombstones stand.
    :ivar first_at: when the earliest event in it was recorded, ISO; "" where there is none.
    :ivar cosigned: witnesses whose keys were given, with the time of each, in seconds since the epoch.
    :ivar lost: ranges of the log that it says were lost.
    :ivar continues: sizes of earlier checkpoints that it is proved to continue.
    """

    with_own_keys: bool = False
    fault: Fault | None = None
    issuer: str = ""
    log: str = ""
    made_at: str = ""
    size: int = 0
    complete: bool = False
    personal: bool = True
    selection: dict[str, Any] = field(default_factory=dict)
    grants: int = 0
    events: int = 0
    statements: int = 0
    withheld: int = 0
    forgotten: int = 0
    first_at: str = ""
    last_at: str = ""
    cosigned: dict[str, int] = field(default_factory=dict)
    lost: list[dict[str, Any]] = field(default_factory=list)
    continues: list[int] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return self.fault is None
