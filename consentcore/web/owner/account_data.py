"""Everything that is kept of a person, to take home; and the way to have it deleted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pyramid.response import Response
from pyramid.view import view_config

from consentcore.consent.detail_words import in_words, summary
from consentcore.consent.owner_documents import consents_json_ld, history_csv
from consentcore.consent.resource_labels import labels_of
from consentcore.domain.clock import iso
from consentcore.domain.errors import NotFound
from consentcore.domain.message import message
from consentcore.hooks.discretion import account_mailers
from consentcore.operators.person_export import export_person
from consentcore.owners.deletion_requests import DeletionRequests
from consentcore.web.owner import history as story
from consentcore.web.owner.account_pages import too_often
from consentcore.web.pages import page
from consentcore.web.redirects import see_other
from consentcore.web.security import OWNER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pyramid.request import Request

PRINTED = 1000
"""So many events, the newest, stand on the page that prints; the files have all of them."""
ASKED = message("You asked for this today already, and we have your request.")


@view_config(route_name="account.data", request_method="GET", permission=OWNER)
def show(request: Request) -> Response:
    """What there is to take home, and how to have it deleted."""
    return page(
        request, "account_data.jinja2", can_ask=_can_ask(request), asked=request.query.one("done") == "asked"
    )


@view_config(route_name="account.data.json", request_method="GET", permission=OWNER)
def everything(request: Request) -> Response:
    """Account, sign-ins and consents with their evidence, as JSON."""
    runtime, owner_id = request.runtime, request.owner.owner_id
    found = export_person(runtime.storage, owner_id, request.now, runtime.looks.at(owner_id))
    text = json.dumps(found, ensure_ascii=False, indent=1)
    return _file(request, text, "application/json", "everything", "json")


@view_config(route_name="account.data.jsonld", request_method="GET", permission=OWNER)
def consents(request: Request) -> Response:
    """The records of consents alone, as JSON-LD."""
    found = consents_json_ld(request.uow, request.runtime.keys, request.owner.owner_id)
    text = json.dumps(found, ensure_ascii=False, indent=1)
    return _file(request, text, "application/ld+json", "consents", "jsonld")


@view_config(route_name="account.data.csv", request_method="GET", permission=OWNER)
def table(request: Request) -> Response:
    """What happened, as a table."""
    text = history_csv(
        request.uow,
        request.owner.owner_id,
        scope=_scope_names(request),
        detail=_detail_words(request),
        sites=_site_names(request),
    )
    # With a byte order mark: what opens tables mostly takes UTF-8 for something else without one.
    return _file(request, f"\ufeff{text}", "text/csv; charset=UTF-8", "history", "csv")


@view_config(route_name="account.data.print", request_method="GET", permission=OWNER)
def printed(request: Request) -> Response:
    """The same as a letter."""
    events = list(request.uow.ledger.of_owner(request.owner.owner_id, limit=PRINTED + 1))
    months = story.by_month(request, story.lines(request, events[:PRINTED]))
    return page(request, "account_print.jinja2", months=months, more=len(events) > PRINTED, at=request.now)


@view_config(route_name="account.data.deletion", request_method="POST", permission=OWNER)
def ask_deletion(request: Request) -> Response:
    """Tell the operator, and the owner that it was told; not found where nobody can be told."""
    if not _can_ask(request):
        raise NotFound("page", request.path)
    runtime = request.runtime
    requests = DeletionRequests.of(runtime.storage, runtime.clock)
    asked = requests.ask(request.uow, request.owner.owner_id)
    return see_other("/account/data?done=asked") if asked else too_often(request, 86400, ASKED)


def _can_ask(request: Request) -> bool:
    """Whether there is somebody who can be told: an address of the operator, and a mailer."""
    runtime = request.runtime
    return bool(runtime.settings.operator.email and account_mailers(runtime.registry))


def _scope_names(request: Request) -> Callable[[str], str]:
    def name(reference: str) -> str:
        (scope,) = request.catalog.as_of([reference])
        return str(scope.label)

    return name


def _detail_words(request: Request) -> Callable[[str], str]:
    def said(text: str) -> str:
        words = in_words(text, request.catalog)
        more = summary(words, request.language.translate)
        return f"{words.label} ({more})" if more else words.label

    return said


def _site_names(request: Request) -> Callable[[Collection[str]], Mapping[str, str]]:
    return lambda references: labels_of(request.runtime.directories, request.owner, references)


def _file(request: Request, text: str, content_type: str, name: str, suffix: str) -> Response:
    response = Response(text.encode("utf-8", "replace"))
    response.headers["Content-Type"] = content_type
    response.headers["Cache-Control"] = "no-store"
    response.content_disposition = f'attachment; filename="{name}-{iso(request.now)[:10]}.{suffix}"'
    return response
