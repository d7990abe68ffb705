"""What a scope catalog must do: inherit :class:`ScopeCatalogConformance` and override ``catalog``."""

from __future__ import annotations

import re

import pytest

from consentcore.api import OFFLINE_ACCESS, Catalog, ScopeCatalog, ScopeType

TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,100}")
"""A scope token (RFC 6749 section 3.3), of a length that fits a URL."""


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
        assert [scope_id for scope_id in ids if not TOKEN.fullmatch(scope_id)] == []
        assert len(set(ids)) == len(ids)

    def test_references_lead_back_to_the_id(self, catalog: ScopeCatalog) -> None:
        for scope in catalog.scopes():
            assert scope.version
            assert not re.search(r"[\s@]", scope.version)
            assert scope.reference.rpartition("@") == (scope.scope_id, "@", scope.version)

    def test_every_scope_says_in_words_what_it_is(self, catalog: ScopeCatalog) -> None:
        for scope in catalog.scopes():
            assert 1 <= len(scope.label) <= 60, scope.scope_id
            assert scope.sees.strip(), scope.scope_id

    def test_figures_are_in_their_bounds(self, catalog: ScopeCatalog) -> None:
        for scope in catalog.scopes():
            assert 1 <= scope.level <= 4, scope.scope_id
            assert scope.access_max_days >= 1, scope.scope_id
            assert isinstance(scope.type, ScopeType), scope.scope_id

    def test_inclusion_has_no_circle(self, catalog: ScopeCatalog) -> None:
        includes = {scope.scope_id: scope.includes for scope in catalog.scopes()}

        def below(scope_id: str, path: tuple[str, ...]) -> None:
            assert scope_id not in path, f"{' includes '.join((*path, scope_id))}"
            for included in includes.get(scope_id, ()):
                below(included, (*path, scope_id))

        for scope_id in includes:
            below(scope_id, ())

    def test_offline_access_is_about_the_session(self, catalog: ScopeCatalog) -> None:
        found = {scope.type for scope in catalog.scopes() if scope.scope_id == OFFLINE_ACCESS}
        assert found <= {ScopeType.SESSION}

    def test_reading_it_twice_gives_the_same(self, catalog: ScopeCatalog) -> None:
        first, second = list(catalog.scopes()), list(catalog.scopes())
        assert first == second
        assert Catalog.of(first).version == Catalog.of(second).version
