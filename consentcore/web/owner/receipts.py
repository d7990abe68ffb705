"""Receipts: a page that prints as a letter, its signed copy, and a way to revoke that needs no sign-in.

Whoever has the address sees what happened, with which application, and when; what was shared, and whose it is, only the
owner who is signed in. The address does one thing: it revokes, by a form, after a page that says so.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pyramid.response import Response
from pyramid.view import view_config

from consentcore.consent.detail_words import all_in_words
from consentcore.consent.personal import disclosed, labels_in
from consentcore.consent.resource_labels import labels_of
from consentcore.consent.resource_words import counted, wholly
from consentcore.domain.authorization_detail import texts_of
from consentcore.domain.clock import from_iso
from consentcore.domain.errors import InvalidTransition
from consentcore.domain.grant_states import GrantState
from consentcore.domain.resource import is_everything
from consentcore.web.csrf import ANY_PERSON
from consentcore.web.language import prefer_locales
from consentcore.web.owner import history as story
from consentcore.web.owner.confirmation import confirmation
from consentcore.web.pages import page, without_referrer
from consentcore.web.redirects import see_other

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.consent.receipts import Receipt
    from consentcore.web.owner.confirmation import Confirmation


@view_config(route_name="receipt", request_method="GET")
def show(request: Request) -> Response:
    """The receipt, for its owner with all that it says."""
    receipt = _receipt(request)
    stands = request.runtime.receipts.stands(request.uow, receipt, request.now)
    return _private(
        page(request, "receipt.jinja2", receipt=receipt, stands=stands, **_shown(request, receipt))
    )


@view_config(route_name="receipt.signed", request_method="GET")
def signed_copy(request: Request) -> Response:
    """The signed JSON-LD, for its owner alone."""
    receipt = _receipt(request)
    if not _is_own(request, receipt):
        return _private(see_other(f"/login?next=/receipts/{receipt.name}"))
    text = request.runtime.receipts.file(request.uow, receipt, request.now)
    response = Response(text.encode(), content_type="application/ld+json", charset=None)
    response.content_disposition = f'attachment; filename="receipt-{receipt.number}.json"'
    return _private(response)


@view_config(route_name="receipt.revoke", request_method="GET")
def confirm_revoke(request: Request) -> Response:
    """Say what stops, before Proceed; changes nothing (mail scanners follow links)."""
    receipt = _receipt(request)
    if not request.runtime.receipts.stands(request.uow, receipt, request.now):
        return _private(see_other(f"/receipts/{receipt.name}"))
    return _private(_confirmation(request, receipt).show())


@view_config(route_name="receipt.revoke", request_method="POST", require_csrf=ANY_PERSON)
def revoke(request: Request) -> Response:
    """Proceed: from this commit on every token under the grant is dead. Once more it changes nothing."""
    receipt, runtime = _receipt(request), request.runtime
    how, seen = _confirmation(request, receipt).answered("link:receipt")
    with suppress(InvalidTransition):  # somebody was faster
        runtime.receipts.revoke(request.uow, receipt, runtime.service, how, request.now, snapshot=seen)
    return _private(see_other(f"/receipts/{receipt.name}"))


def _confirmation(request: Request, receipt: Receipt) -> Confirmation:
    return confirmation(
        request, "receipt_revoke.jinja2", address=receipt.name, receipt=receipt, **_shown(request, receipt)
    )


def _receipt(request: Request) -> Receipt:
    receipt: Receipt = request.runtime.receipts.find(request.uow, request.matchdict["receipt"])
    prefer_locales(request, (receipt.language,))
    return receipt


def _is_own(request: Request, receipt: Receipt) -> bool:
    return request.owner is not None and request.owner.owner_id == receipt.event.owner_id


def _shown(request: Request, receipt: Receipt) -> dict[str, Any]:
    """What a page says; of somebody else's, or of nobody's, the application and the time alone."""
    own = _is_own(request, receipt)
    values: dict[str, Any] = {
        "own": own,
        "app": receipt.body.get("client_name") or receipt.event.client_id,
        "publisher": receipt.body.get("client_publisher", ""),
        "timezone": request.owner.timezone if own else receipt.body.get("owner_timezone") or "UTC",
        "allows": receipt.body["state_after"] == GrantState.ACTIVE,
        "refused": receipt.body["state_after"] == GrantState.DENIED,
    }
    return values | (_for_owner(request, receipt) if own else {})


def _for_owner(request: Request, receipt: Receipt) -> dict[str, Any]:
    references = receipt.record["resources"] or receipt.body.get("resources_before", [])
    (line,) = story.lines(request, [receipt.event])
    validity = receipt.record["validity"]
    return {
        "sentences": line.sentences,
        "seen": line.seen,
        # Of what the directory no longer knows, the names of then.
        "labels": labels_in(disclosed(request.uow, receipt.event))
        | labels_of(request.runtime.directories, request.owner, references),
        "places": counted(references),
        "references": [one for one in references if not is_everything(one)],
        "everything": wholly(references),
        "since": from_iso(validity["from"]),
        "until": from_iso(validity["until"]),
        "details": all_in_words(_details(receipt), request.catalog),
        "purposes": [one for one in receipt.record["purposes"] if one["text"]],
        "client": request.uow.clients.get(receipt.event.client_id),
    }


def _details(receipt: Receipt) -> tuple[str, ...]:
    """What was allowed in detail; where nothing was, what was asked."""
    body = receipt.body
    return texts_of(
        body.get("authorization_details_after") or body.get("authorization_details_requested") or ()
    )


def _private(response: Response) -> Response:
    """For a page whose address is a secret: kept by nobody, listed nowhere, and named to no other site."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return without_referrer(response)
