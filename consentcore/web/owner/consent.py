"""The consent page: Approve and Deny."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, NamedTuple

from pyramid.view import view_config

from consentcore.consent.answering import APPROVE, DENY
from consentcore.consent.grant_actions import GrantActionRefused, check_action
from consentcore.consent.pending import Gone, asking
from consentcore.domain.errors import InvalidInput
from consentcore.domain.message import message
from consentcore.domain.text import isolated
from consentcore.web.csrf import ANY_PERSON
from consentcore.web.owner import consent_choices, consent_page, evidence, frozen_page, shown_page
from consentcore.web.owner.interactions import (
    may_answer,
    pending_interaction,
    refused_url,
    sign_in_url,
    still_pending,
    take_over,
    url_for,
)
from consentcore.web.owner.resource_choice import ChoiceProblem
from consentcore.web.owner.resource_form import ResourceForm, read_resource_form
from consentcore.web.pages import page, page_of
from consentcore.web.redirects import see_other
from consentcore.web.session import Sender
from consentcore.web.tweens import leads_away

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.consent.decision import Decision
    from consentcore.domain.client import Client
    from consentcore.domain.event import Evidence
    from consentcore.domain.interaction import Interaction
    from consentcore.domain.message import Message
    from consentcore.domain.owner import Owner
    from consentcore.web.owner.consent_choices import Chosen, Problem

CHANGED = message(
    "The text of this page has changed since you opened it. Please read it again before you decide."
)


class ConsentRequestView(NamedTuple):
    """One request as this browser sees it."""

    interaction_id: str
    interaction: Interaction
    client: Client
    page: consent_page.ConsentPage
    shown: shown_page.Shown
    posted: ResourceForm | None = None


def _telling_the_application(view: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """A view that leads back to the application what only the application can mend."""

    @wraps(view)
    def told(request: Request) -> Response:
        try:
            return view(request)
        except GrantActionRefused as refused:
            if refused.interaction is None:  # somebody was faster, and the answer was taken already
                raise
            return see_other(refused_url(request, refused))

    return told


@view_config(route_name="consent", request_method="GET")
@_telling_the_application
def show_consent(request: Request) -> Response:
    """Say who asks for what."""
    interaction_id = request.query.one("i")
    interaction = pending_interaction(request, interaction_id)
    if not may_answer(request, interaction):
        return see_other(sign_in_url(request, interaction_id, interaction))
    return _show(request, _load(request, interaction_id, take_over(request, interaction)))


@view_config(route_name="consent", request_method="POST", require_csrf=ANY_PERSON)
@_telling_the_application
def decide(request: Request) -> Response:
    """Take the answer; without a clear one nothing happens."""
    interaction_id, decision = request.form.one("i"), request.form.one("decision")
    try:
        interaction = pending_interaction(request, interaction_id)
    except Gone as gone:
        return see_other(_again(request, gone, decision))
    if not may_answer(request, interaction):
        return see_other(url_for("/login", interaction_id))
    view = _load(request, interaction_id, take_over(request, interaction))
    if request.browser.sender(request.form.one("csrf_token")) is Sender.ANOTHER:
        return _show(request, view, error=_for_another(request.owner), status=409)
    if view.posted is not None and view.posted.go:
        return _show(request, view, chosen=consent_choices.read(request.form, view.page))
    return _answer(request, view, decision)


def _for_another(owner: Owner) -> Message:
    return message(
        "Somebody else was signed in when this page was opened, or nobody. Nothing was sent. You are signed in as "
        "%(name)s: please read what this is about before you decide.",
        name=isolated(owner.name or owner.email),
    )


def _answer(request: Request, view: ConsentRequestView, decision: str) -> Response:
    if decision == DENY:
        return see_other(_deny(request, view))
    if decision != APPROVE:
        raise InvalidInput("decision", "expected approve or deny")
    presented_at = frozen_page.presented_at(request, view.shown, request.form.one("shown"))
    if presented_at is None:
        still_pending(request, view.interaction_id)  # an answer given meanwhile changes the text as well
        return _show(request, view, error=CHANGED, status=409)
    chosen = consent_choices.read(request.form, view.page)
    problems = consent_choices.problems(request.catalog, view.page, chosen)
    choice = None
    try:
        choice = consent_choices.resources(request, view.page, chosen, view.posted)
    except ChoiceProblem as problem:
        problems.append(consent_choices.Problem("resources", problem.said))
    if problems:
        return _show(request, view, chosen=chosen, problems=problems, status=400)
    allowed = consent_choices.decision(request.runtime.choice_rules, view.page, chosen, choice)
    return see_other(_approve(request, view, allowed, presented_at))


def _approve(request: Request, view: ConsentRequestView, decision: Decision, presented_at: int) -> str:
    return request.runtime.interactions.answers.approve(
        request.uow,
        view.interaction_id,
        interaction=view.interaction,
        client=view.client,
        owner=request.owner,
        decision=decision,
        evidence=_evidence(request, "button:approve", view, presented_at),
        snapshot=view.shown.notice,
        now=request.now,
    )


def _deny(request: Request, view: ConsentRequestView) -> str:
    stamp = frozen_page.read_stamp(request, request.form.one("shown"))
    return request.runtime.interactions.answers.deny(
        request.uow,
        view.interaction_id,
        interaction=view.interaction,
        client=view.client,
        owner=request.owner,
        evidence=_evidence(request, "button:deny", view, stamp[1] if stamp else None),
        snapshot=view.shown.notice,
        now=request.now,
    )


def _again(request: Request, gone: Gone, decision: str) -> str:
    return request.runtime.interactions.answers.repeat(
        request.uow,
        gone,
        decision,
        owner=request.owner,
        session=request.owner_session,
        browser=request.browser,
        now=request.now,
        evidence=lambda: evidence.collect(request, "button:again"),
    )


def _evidence(request: Request, method: str, view: ConsentRequestView, presented_at: int | None) -> Evidence:
    return evidence.collect(
        request,
        method,
        interaction=view.interaction,
        presented_at=presented_at,
        snapshot_hash=view.shown.notice.snapshot_hash,
        control_defaults=consent_choices.control_defaults(view.page),
    )


def _load(request: Request, interaction_id: str, interaction: Interaction) -> ConsentRequestView:
    client, standing = asking(request.uow, interaction.request, request.owner.owner_id)
    active = standing if standing is not None and standing.is_active(request.now) else None
    check_action(interaction.request, active, interaction_id, interaction)
    posted = read_resource_form(request.form) if request.method == "POST" else None
    built = consent_page.build(request, interaction, client, standing, posted)
    shown = shown_page.snapshot(request, built)
    return ConsentRequestView(interaction_id, interaction, client, built, shown, posted)


def _show(
    request: Request,
    view: ConsentRequestView,
    *,
    error: str = "",
    chosen: Chosen | None = None,
    problems: Sequence[Problem] = (),
    status: int = 200,
) -> Response:
    shown = frozen_page.stamp(request, view.shown, request.now)
    if not (error or chosen or problems) and view.shown.is_of(view.page):
        return leads_away(page_of(request, view.shown.filled(_secret(request, view, shown))))
    response = page(
        request,
        "consent.jinja2",
        status=status,
        page=view.page,
        chosen=chosen or consent_choices.defaults(view.page),
        problems=problems,
        error=error,
        **_secret(request, view, shown),
    )
    return leads_away(response)


def _secret(request: Request, view: ConsentRequestView, shown: str) -> dict[str, str]:
    """What is no part of the text that somebody reads."""
    token = request.browser.csrf_token
    return {"csrf_token": token, "interaction_id": view.interaction_id, "shown": shown}
