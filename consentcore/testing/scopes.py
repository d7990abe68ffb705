"""What a scope catalog must do: inherit :class:`ScopeCatalogConformance` and override ``catalog``."""

from __future__ import annotations

import re

import pytest

from consentcore.api import (
    OFFLINE_ACCESS,
    Catalog,
    ScopeCatalog,
    ScopeType,
    circle,
    detail_type_faults,
    faults,
)
from consentcore.domain.scope import TEXT_FIELDS


class ScopeCatalogConformance:
    """Every promise of :mod:`consentcore.ports.scopes` and of :class:`consentcore.api.Scope`."""

    @pytest.fixture
    def catalog(self) -> ScopeCatalog:
        """Give the catalog, filled as an operator would have it."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'catalog'")

    def test_has_scopes(self, catalog: ScopeCatalog) -> None:
        assert len(catalog.scopes()) > 0

    def test_ids_are_scope_tokens_and_distinct(self, catalog: ScopeCatalog) -> None:
        ids = [scope.scope_id for scope in catalog.scopes()]
        assert _faults(catalog, {"scope_id", "version"}) == []
        assert len(set(ids)) == len(ids)

    def test_every_scope_says_in_words_what_it_is(self, catalog: ScopeCatalog) -> None:
        assert _faults(catalog, set(TEXT_FIELDS)) == []

    def test_figures_are_in_their_bounds(self, catalog: ScopeCatalog) -> None:
        assert _faults(catalog) == []

    def test_references_lead_back_to_the_id(self, catalog: ScopeCatalog) -> None:
        for scope in catalog.scopes():
            assert scope.version
            assert not re.search(r"[\s@]", scope.version)
            assert scope.reference.rpartition("@") == (scope.scope_id, "@", scope.version)

    def test_inclusion_has_no_circle(self, catalog: ScopeCatalog) -> None:
        assert circle({scope.scope_id: scope.includes for scope in catalog.scopes()}) == ""

    def test_types_of_authorization_details_are_in_their_bounds(self, catalog: ScopeCatalog) -> None:
        known = getattr(catalog, "detail_types", None)
        types = list(known()) if known is not None else []
        assert [f"{one.type_id}: {fault}" for one in types for fault in detail_type_faults(one)] == []
        assert len({one.type_id for one in types}) == len(types)

    def test_operations_are_calls_of_http(self, catalog: ScopeCatalog) -> None:
        known = getattr(catalog, "operations", None)
        calls = [one for scope in catalog.scopes() for one in scope.operations]
        calls += [one for calls in known().values() for one in calls] if known is not None else []
        assert [one for one in calls if not re.fullmatch("[A-Z]+", one.method) or one.path[:1] != "/"] == []

    def test_offline_access_is_about_the_session(self, catalog: ScopeCatalog) -> None:
        found = {scope.type for scope in catalog.scopes() if scope.scope_id == OFFLINE_ACCESS}
        assert found <= {ScopeType.SESSION}

    def test_reading_it_twice_gives_the_same(self, catalog: ScopeCatalog) -> None:
        first, second = list(catalog.scopes()), list(catalog.scopes())
        assert first == second
        assert Catalog.of(first).version == Catalog.of(second).version


def _faults(catalog: ScopeCatalog, names: set[str] | None = None) -> list[str]:
    """What is beyond the limits that the product has too, of these members or of all."""
    return [
        f"{scope.scope_id}: {fault}"
        for scope in catalog.scopes()
        for fault in faults(scope)
        if names is None or fault.name in names
    ]
