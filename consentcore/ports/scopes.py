"""The scope catalog port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.scope import Scope


class ScopeCatalog(Protocol):
    """Says what can be shared. Read once at start; ids are unique over all catalogs."""

    def scopes(self) -> Sequence[Scope]:
        """Every scope, in the order in which pages list them."""
        ...
