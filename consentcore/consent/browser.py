"""By what a browser is known again."""

from __future__ import annotations

from typing import Protocol


class BrowserMarks(Protocol):
    """The marks of a browser, whoever is signed in."""

    @property
    def mark(self) -> bytes:
        """What that is stored under that belongs to this browser; made now if it has none."""
        ...

    @property
    def keeps_cookies(self) -> bool:
        """Whether the browser has brought a cookie that it got from us."""
        ...

    def has(self, mark: bytes) -> bool:
        """Whether ``mark`` is of this browser."""
        ...
