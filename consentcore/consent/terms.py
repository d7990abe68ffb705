"""What a grant covers after an approval: its scopes, its end, its resources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from consentcore.domain.authorization_detail import are_within
from consentcore.domain.errors import InvalidInput
from consentcore.domain.grant import Grant
from consentcore.domain.scope import Catalog, ScopeType


@dataclass(frozen=True, slots=True)
class Terms:
    """Pinned scopes and resources, both sorted, and the end in milliseconds since the epoch."""

    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    expires_at: int


def pin(catalog: Catalog, scopes: Iterable[str]) -> tuple[str, ...]:
    """Pin scope tokens to their meaning of today, sorted.

    :raises InvalidInput: when one is not in the catalog.
    """
    pinned = []
    for scope in scopes:
        if scope not in catalog:
            raise InvalidInput("scopes", f"expected scopes of the catalog, which has no {scope!r}")
        pinned.append(catalog[scope].reference)
    return tuple(sorted(pinned))


def pin_known(catalog: Catalog, scopes: Iterable[str]) -> tuple[str, ...]:
    """Like :func:`pin`, but a scope that has left the catalog meanwhile keeps its bare token and an ``@``."""
    return tuple(sorted(catalog[scope].reference if scope in catalog else f"{scope}@" for scope in scopes))


def days_of(catalog: Catalog, scopes: Sequence[str], grant_days: int) -> int:
    """How long a permission for these scope tokens lasts at most: the shortest limit of any, at most ``grant_days``.

    Scopes of type session share no data and limit nothing.
    """
    limits = [
        catalog[scope].access_max_days
        for scope in scopes
        if scope in catalog and catalog[scope].type is not ScopeType.SESSION
    ]
    return min([grant_days, *limits])


def amended(
    catalog: Catalog,
    grant: Grant,
    *,
    asked: Sequence[str],
    approved: tuple[str, ...],
    resources: tuple[str, ...],
    end: int,
    details: Sequence[str] = (),
) -> Terms:
    """Unite a standing grant with a further approval.

    Scopes that were not asked this time stay as they are; one that was asked and not approved goes.
    No resources chosen leaves the earlier choice standing: an empty list must never widen it to everything.

    :param approved: pinned references.
    :param end: when what is approved now would end by itself.
    :param details: authorization details that were asked, each as it is kept.
    """
    kept = [
        reference
        for scope, reference in zip(grant.scope_ids, grant.scopes, strict=True)
        if scope not in asked
    ]
    return Terms(
        scopes=tuple(sorted({*kept, *approved})),
        resources=tuple(sorted(set(resources))) or grant.resources,
        expires_at=amended_end(catalog, grant, asked, end, details),
    )


def amended_end(
    catalog: Catalog, grant: Grant, asked: Sequence[str], end: int, details: Sequence[str] = ()
) -> int:
    """When a standing grant ends after a further approval of the scopes ``asked``.

    A grant has one end. Scopes that stay were agreed to until the old one, those approved now until ``end``:
    while any stays that shares data, the earlier of the two counts, so that nothing outlasts what somebody
    said yes to. When all of them were asked anew, ``end`` counts, which is how a permission is renewed.
    """
    kept = (scope for scope in grant.scope_ids if scope not in asked)
    shares = any(scope not in catalog or catalog[scope].type is not ScopeType.SESSION for scope in kept)
    shares = shares or not are_within(grant.authorization_details, details)
    return min(grant.expires_at, end) if shares else end
