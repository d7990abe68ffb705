"""The scope catalog port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.detail_type import DetailType
    from consentcore.domain.scope import Operation, Scope


class ScopeCatalog(Protocol):
    """Says what can be shared. Read once at start; ids are unique over all catalogs."""

    def scopes(self) -> Sequence[Scope]:
        """Every scope, in the order in which pages list them."""
        ...


class DetailTypesSource(Protocol):
    """What a catalog may know besides: types of authorization details (RFC 9396).

    A catalog that has this method is asked for it once, after ``scopes``; types are unique over all catalogs.
    """

    def detail_types(self) -> Sequence[DetailType]:
        """Every type that applications may ask for."""
        ...


class OperationsSource(Protocol):
    """What a catalog may know besides: calls of APIs that scopes open, whoever has the words for people.

    A catalog that has this method is asked for it once, after ``scopes``.
    """

    def operations(self) -> Mapping[str, Sequence[Operation]]:
        """Calls by scope id. Of ids without words in any catalog nothing is offered: ``scopes lint`` names them."""
        ...
