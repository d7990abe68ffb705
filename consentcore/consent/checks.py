"""What has to hold before an answer is recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from consentcore.consent.offers import check_allowed
from consentcore.consent.snapshot import hash_of
from consentcore.domain.authorization_detail import read
from consentcore.domain.client import Client
from consentcore.domain.errors import ClientSuspended, InteractionGone, InvalidInput
from consentcore.domain.event import Evidence, NoticeSnapshot
from consentcore.domain.interaction import Interaction
from consentcore.domain.scope import Catalog


def check_asked(interaction: Interaction, client: Client) -> None:
    """Refuse an answer to somebody who did not ask, or may not ask any more.

    :raises InteractionGone: when the request is another client's or the client is disabled.
    :raises ClientSuspended: when the client is suspended.
    """
    if client.suspended is not None:
        raise ClientSuspended
    if client.client_id != interaction.request.client_id or not client.enabled:
        raise InteractionGone


def check_approval(interaction: Interaction, client: Client, scopes: Iterable[str], catalog: Catalog) -> None:
    """Refuse to allow more than was asked, registered or exists, and less than the application can do with.

    :raises InvalidInput: naming the scopes in question.
    """
    allowed = set(scopes)
    _within(allowed, set(interaction.request.scopes), "only scopes that were asked")
    _within(allowed, set(client.scopes), "only scopes that the application is registered for")
    _within(allowed, set(catalog.scopes), "only scopes of the catalog")
    details = interaction.request.authorization_details
    _check_details(details, client, catalog)
    check_allowed(catalog, client, interaction.request.scopes, allowed, others=bool(details))


def _check_details(details: Iterable[str], client: Client, catalog: Catalog) -> None:
    """Each is of a type that the application is registered for, and means what it meant when it was asked."""
    for one in map(read, details):
        known = catalog.detail_types.get(one.type)
        if one.type not in client.authorization_details_types or known is None:
            raise InvalidInput(
                "authorization_details", f"expected only types of the application, not {one.type}"
            )
        if known.version != one.version:
            raise InvalidInput("authorization_details", f"expected {one.type} as the catalog has it now")


def naming(evidence: Evidence, snapshot: NoticeSnapshot) -> Evidence:
    """Let the evidence name what was shown.

    :raises InvalidInput: when it names something else, or the snapshot is not what its hash says.
    """
    if evidence.snapshot_hash not in {"", snapshot.snapshot_hash}:
        raise InvalidInput("snapshot_hash", "expected that of the page that was answered")
    if hash_of(snapshot.content) != snapshot.snapshot_hash:
        raise InvalidInput("snapshot_hash", "expected the hash of the content")
    return replace(evidence, snapshot_hash=snapshot.snapshot_hash)


def _within(scopes: set[str], limit: set[str], expected: str) -> None:
    beyond = sorted(scopes - limit)
    if beyond:
        raise InvalidInput("scopes", f"expected {expected}, not {', '.join(beyond)}")
