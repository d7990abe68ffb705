"""Why a move does not go on."""

from __future__ import annotations

from collections.abc import Sequence

from consentcore.domain.errors import ConsentcoreError


class MoveRefused(ConsentcoreError):
    """It was not begun, or what it did does not count.

    :ivar lines: why, one line each.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines: Sequence[str] = lines
