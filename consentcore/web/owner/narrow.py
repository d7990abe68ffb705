"""Changing what an application may use from the dashboard: only ever to less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.domain.errors import InvalidInput
from consentcore.domain.message import message
from consentcore.domain.parties import Actor, ActorType
from consentcore.web.owner import evidence, narrow_page
from consentcore.web.owner.consent_choices import Problem
from consentcore.web.owner.dashboard import own_grants
from consentcore.web.owner.resource_choice import ChoiceProblem
from consentcore.web.owner.resource_form import read_resource_form
from consentcore.web.pages import page
from consentcore.web.redirects import see_other
from consentcore.web.security import OWNER

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.web.owner.narrow_page import Left, NarrowPage
    from consentcore.web.owner.resource_form import ResourceForm

CHANGED = message(
    "This permission has changed since you opened the page. Please look again before you decide."
)


@view_config(route_name="consents.change", request_method="GET", permission=OWNER)
def show_change(request: Request) -> Response:
    """What the application may use, each with a tick to take away, and the day on which it ends."""
    grants = own_grants(request)
    grant = grants.find(request.matchdict["grant_id"])
    if not grants.standing(grant).active:
        return see_other(f"/consents/{grant.grant_id}")
    return _show(request, narrow_page.build(request, grants, grant))


@view_config(route_name="consents.change", request_method="POST", permission=OWNER)
def change(request: Request) -> Response:
    """Take away what is no longer ticked: from this commit on no token gets it."""
    grants = own_grants(request)
    grant = grants.find(request.matchdict["grant_id"])
    if not grants.standing(grant).active:
        return see_other(f"/consents/{grant.grant_id}")
    posted = read_resource_form(request.form)
    shown, left = narrow_page.build(request, grants, grant, posted), narrow_page.read(request.form)
    if request.form.one("sequence") != str(shown.sequence):
        return _show(request, shown, error=CHANGED, status=409)
    if posted.go:
        return _show(request, shown, left=left)
    problem = _narrow(request, shown, left, posted)
    if problem is not None:
        return _show(request, shown, left=left, problem=problem, status=400)
    return see_other(f"/consents/{grant.grant_id}?changed=1")


def _narrow(request: Request, shown: NarrowPage, left: Left, posted: ResourceForm) -> Problem | None:
    """Do it; what is wrong, where it cannot be done."""
    try:
        stays, labels = narrow_page.remainder(request, shown, left, posted)
        request.runtime.service.narrowing.narrow(
            request.uow,
            shown.card.grant.grant_id,
            stays,
            actor=Actor(ActorType.OWNER, request.owner.owner_id),
            evidence=evidence.collect(request, "form:change"),
            expected_sequence=shown.sequence,
            labels=labels,
        )
    except ChoiceProblem as problem:
        return Problem("resources", problem.said)
    except InvalidInput as error:
        return narrow_page.problem(shown, error)
    return None


def _show(
    request: Request,
    shown: NarrowPage,
    *,
    left: Left | None = None,
    problem: Problem | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    return page(
        request,
        "narrow.jinja2",
        status=status,
        page=shown,
        card=shown.card,
        left=left or narrow_page.whole(shown),
        problem=problem,
        error=error,
    )
