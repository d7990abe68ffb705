"""The scope catalog as a page and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from consentcore.domain.scope import TEXT_FIELDS, Scope, ScopeType
from consentcore.hosts import origin_of
from consentcore.web.routes import metadata_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyramid.request import Request

    from consentcore.domain.scope import Catalog
    from consentcore.i18n import Language, Languages


@dataclass(frozen=True)
class CatalogPage:
    """What the page shows, in its language.

    :ivar reads: scopes to see data, by cluster, both in the order of the catalog.
    :ivar acts: scopes to do something.
    :ivar sessions: scopes about the access itself, such as ``offline_access``.
    :ivar authorize_url: the authorization endpoint.
    :ivar metadata_url: the metadata document (RFC 8414).
    :ivar example: a value of the parameter ``scope``, as it stands in a query.
    """

    reads: dict[str, list[Scope]]
    acts: list[Scope]
    sessions: list[Scope]
    authorize_url: str
    metadata_url: str
    example: str


def build(request: Request) -> CatalogPage:
    """Gather what the page shows; nothing of it comes from the storage, and only its language from the request."""
    scopes, settings = list(request.catalog), request.runtime.settings
    reads: dict[str, list[Scope]] = {}
    for scope in scopes:
        if scope.type is ScopeType.READ:
            reads.setdefault(scope.cluster, []).append(scope)
    return CatalogPage(
        reads=reads,
        acts=[scope for scope in scopes if scope.type is ScopeType.ACT],
        sessions=[scope for scope in scopes if scope.type is ScopeType.SESSION],
        authorize_url=settings.endpoint_url("authorize"),
        metadata_url=origin_of(settings.issuer) + metadata_path(settings.issuer),
        example=quote(" ".join([scope.scope_id for scope in scopes][:2])),
    )


def catalog_document(catalog: Catalog, languages: Languages) -> dict[str, object]:
    """Everything of the catalog, for JSON.

    :param languages: those that ``texts`` of a scope has members of: what the pages say in each.
    """
    offered = list(_all(languages))
    return {
        "catalog_version": catalog.version,
        "default_locale": languages.default.tag,
        "locales": [language.tag for language in offered],
        "scopes": [_described(scope, offered) for scope in catalog],
    }


def _all(languages: Languages) -> Iterator[Language]:
    for tag in languages.offered:
        found = languages.lookup((tag,))
        if found is not None:
            yield found


def _described(scope: Scope, languages: list[Language]) -> dict[str, object]:
    said = {language.tag: asdict(scope.in_language(language.ranges)) for language in languages}
    return {
        "id": scope.scope_id,
        "version": scope.version,
        "type": scope.type,
        "level": scope.level,
        "access_max_days": scope.access_max_days,
        "includes": scope.includes,
        "data_categories": scope.data_categories,
        "texts": {tag: {name: facts[name] for name in TEXT_FIELDS} for tag, facts in said.items()},
    }
