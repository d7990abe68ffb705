"""The scope catalog as a page and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from consentcore.domain.scope import TEXT_FIELDS, Operation, Scope, ScopeStatus, ScopeType
from consentcore.hosts import origin_of
from consentcore.web.routes import metadata_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyramid.request import Request

    from consentcore.domain.scope import Catalog
    from consentcore.i18n import Language, Languages

_FIGURES = ("level", "history_max_days", "access_max_days", "retention_max_days")
_LISTS = ("purposes", "includes", "data_categories", "resource_kinds")


@dataclass(frozen=True)
class Offer:
    """One scope beside what it opens.

    :ivar operations: by API product, this page's product first; "" where none is named.
    :ivar query: it as the parameter ``scope`` of a query.
    :ivar summaries_in: the language of what the operations are for, which nobody translates (RFC 5646).
    """

    scope: Scope
    operations: dict[str, list[Operation]]
    query: str
    summaries_in: str


@dataclass(frozen=True)
class Product:
    """An API product and the scopes that are documented with it.

    :ivar name: "" for those that no product is named for.
    """

    name: str
    offers: list[Offer] = field(default_factory=list)


@dataclass(frozen=True)
class CatalogPage:
    """What the page shows, in its language.

    :ivar products: in the order in which the catalog first names them; without one last.
    :ivar sessions: scopes about the access itself, such as ``offline_access``.
    :ivar retired: scopes that cannot be asked for any more.
    :ivar authorize_url: the authorization endpoint.
    :ivar metadata_url: the metadata document (RFC 8414).
    :ivar example: a value of the parameter ``scope``, as it stands in a query.
    """

    products: list[Product]
    sessions: list[Offer]
    retired: list[Scope]
    authorize_url: str
    metadata_url: str
    example: str


def build(request: Request) -> CatalogPage:
    """Gather what the page shows; nothing of it comes from the storage, and only its language from the request."""
    catalog, original, settings = request.catalog, request.runtime.catalog, request.runtime.settings

    def offer(scope: Scope) -> Offer:
        return _offer(scope, original[scope.scope_id].locale)

    scopes = list(catalog)
    products: dict[str, Product] = {}
    for scope in (one for one in scopes if one.type is not ScopeType.SESSION):
        name = next(iter(scope.products), "")
        products.setdefault(name, Product(name)).offers.append(offer(scope))
    unnamed = products.pop("", None)
    return CatalogPage(
        products=[*products.values(), *([unnamed] if unnamed else [])],
        sessions=[offer(scope) for scope in scopes if scope.type is ScopeType.SESSION],
        retired=_retired(catalog),
        authorize_url=settings.endpoint_url("authorize"),
        metadata_url=origin_of(settings.issuer) + metadata_path(settings.issuer),
        example=quote(" ".join([scope.scope_id for scope in scopes][:2])),
    )


def _offer(scope: Scope, summaries_in: str) -> Offer:
    operations: dict[str, list[Operation]] = {name: [] for name in scope.products}
    for one in scope.operations:
        operations.setdefault(one.product, []).append(one)
    opens = {name: found for name, found in operations.items() if found}
    return Offer(scope, opens, quote(scope.scope_id), summaries_in)


def _retired(catalog: Catalog) -> list[Scope]:
    return [scope for scope in catalog.unasked.values() if scope.status is ScopeStatus.RETIRED]


def catalog_document(catalog: Catalog, languages: Languages) -> dict[str, object]:
    """Everything of the catalog, for JSON; no drafts.

    :param languages: those that ``texts`` of a scope has members of: what the pages say in each.
    """
    offered = list(_all(languages))
    return {
        "catalog_version": catalog.version,
        "default_locale": languages.default.tag,
        "locales": [language.tag for language in offered],
        "scopes": [_described(scope, offered) for scope in catalog],
        "retired": [_named(scope) for scope in _retired(catalog)],
    }


def _all(languages: Languages) -> Iterator[Language]:
    for tag in languages.offered:
        found = languages.lookup((tag,))
        if found is not None:
            yield found


def _named(scope: Scope) -> dict[str, object]:
    return {"id": scope.scope_id, "version": scope.version, "replaced_by": scope.replaced_by or None}


def _described(scope: Scope, languages: list[Language]) -> dict[str, object]:
    said = {language.tag: scope.in_language(language.ranges) for language in languages}
    return {
        "id": scope.scope_id,
        "version": scope.version,
        "revision": scope.revision,
        "status": scope.status,
        "replaced_by": scope.replaced_by or None,
        "type": scope.type,
        "necessity": scope.necessity,
        "products": scope.products,
        **{name: getattr(scope, name) for name in (*_FIGURES, *_LISTS)},
        "operations": [asdict(one) for one in scope.operations],
        # In which language each is, where the catalog has none of its own for one.
        "texts": {
            tag: {**{name: getattr(one, name) for name in TEXT_FIELDS}, "locale": one.locale}
            for tag, one in said.items()
        },
    }
