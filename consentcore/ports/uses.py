"""When permissions were last used."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol


class UseRepository(Protocol):
    """When each grant was last used, as far as anybody told. No evidence: seconds of it may be lost.

    Purge leaves it.
    """

    def note(self, used: Mapping[str, int]) -> None:
        """Keep when grants were used, in milliseconds since the epoch, unless a later use of one is kept already.

        :param used: by grant id, whether or not there is such a grant; never more than ``atomic_batches`` says.
        """
        ...

    def last(self, grant_ids: Collection[str]) -> Mapping[str, int]:
        """When these grants were last used, without those of which nothing is known.

        :param grant_ids: at most 1000.
        """
        ...
