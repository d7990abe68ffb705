"""The consent page: Approve and Deny."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyramid.view import view_config

from consentcore.consent.service import Decision
from consentcore.domain.errors import InvalidInput
from consentcore.domain.message import message
from consentcore.domain.text import isolated
from consentcore.web.csrf import ANY_PERSON
from consentcore.web.owner import answered, consent_page, evidence
from consentcore.web.owner.interactions import (
    Gone,
    asking,
    may_answer,
    pending,
    shared_of,
    still_pending,
    take_over,
    url_for,
    use_up_shared,
)
from consentcore.web.owner.repeating import repeated
from consentcore.web.pages import page
from consentcore.web.redirects import see_other
from consentcore.web.session import Sender
from consentcore.web.tweens import leads_away

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.domain.client import Client
    from consentcore.domain.event import Evidence, NoticeSnapshot
    from consentcore.domain.interaction import Interaction
    from consentcore.domain.message import Message
    from consentcore.domain.owner import Owner

CHANGED = message(
    "The text of this page has changed since you opened it. Please read it again before you decide."
)


class Asked(NamedTuple):
    """One request as this browser sees it."""

    interaction_id: str
    interaction: Interaction
    client: Client
    page: consent_page.ConsentPage
    shown: NoticeSnapshot


@view_config(route_name="consent", request_method="GET")
def show_consent(request: Request) -> Response:
    """Say who asks for what."""
    interaction_id = request.query.one("i")
    interaction = pending(request, interaction_id)
    if not may_answer(request, interaction):
        return see_other(url_for("/login", interaction_id))
    return _show(request, _load(request, interaction_id, take_over(request, interaction)))


@view_config(route_name="consent", request_method="POST", require_csrf=ANY_PERSON)
def decide(request: Request) -> Response:
    """Take the answer; without a clear one nothing happens."""
    interaction_id, decision = request.form.one("i"), request.form.one("decision")
    try:
        interaction = pending(request, interaction_id)
    except Gone as gone:
        return see_other(repeated(request, gone, decision))
    if not may_answer(request, interaction):
        return see_other(url_for("/login", interaction_id))
    asked = _load(request, interaction_id, take_over(request, interaction))
    if request.browser.sender(request.form.one("csrf_token")) is Sender.ANOTHER:
        return _show(request, asked, error=_for_another(request.owner), status=409)
    return _answer(request, asked, decision)


def _for_another(owner: Owner) -> Message:
    return message(
        "Somebody else was signed in when this page was opened, or nobody. Nothing was sent. You are signed in as "
        "%(name)s: please read what this is about before you decide.",
        name=isolated(owner.name or owner.email),
    )


def _answer(request: Request, asked: Asked, decision: str) -> Response:
    if decision == "deny":
        return see_other(_deny(request, asked))
    if decision != "approve":
        raise InvalidInput("decision", "expected approve or deny")
    presented_at = _presented_at(request, asked)
    if presented_at is None:
        still_pending(request, asked.interaction_id)  # an answer given meanwhile changes the text as well
        return _show(request, asked, error=CHANGED, status=409)
    return see_other(_approve(request, asked, presented_at))


def _presented_at(request: Request, asked: Asked) -> int | None:
    """When the page that is answered was shown; None when it was not this text."""
    stamp = consent_page.read_stamp(request, request.form.one("shown"))
    return stamp[1] if stamp is not None and stamp[0] == asked.shown.snapshot_hash else None


def _approve(request: Request, asked: Asked, presented_at: int) -> str:
    offered = {resource.resource_id for resource in asked.page.resources}
    chosen = tuple(dict.fromkeys(request.form.all("resource")))
    if not offered.issuperset(chosen):
        raise InvalidInput("resource", "expected only what the page offered")
    use_up_shared(request.uow, asked.interaction_id)
    approval = request.runtime.service.approve(
        request.uow,
        interaction=asked.interaction,
        client=asked.client,
        owner=request.owner,
        decision=Decision(asked.interaction.request.scopes, chosen),
        evidence=_evidence(request, "button:approve", asked, presented_at),
        snapshot=asked.shown,
    )
    _note(request, asked, "approve")
    return request.runtime.server.authorization.success_url(asked.interaction.request, approval.code)


def _deny(request: Request, asked: Asked) -> str:
    stamp = consent_page.read_stamp(request, request.form.one("shown"))
    use_up_shared(request.uow, asked.interaction_id)
    request.runtime.service.deny(
        request.uow,
        interaction=asked.interaction,
        client=asked.client,
        owner=request.owner,
        evidence=_evidence(request, "button:deny", asked, stamp[1] if stamp else None),
        snapshot=asked.shown,
    )
    _note(request, asked, "deny")
    wanted = asked.interaction.request
    return request.runtime.server.authorization.error_url(wanted, "access_denied", "The data owner said no")


def _evidence(request: Request, method: str, asked: Asked, presented_at: int | None) -> Evidence:
    return evidence.gather(
        request,
        method,
        interaction=asked.interaction,
        presented_at=presented_at,
        snapshot_hash=asked.shown.snapshot_hash,
        control_defaults={f"resource:{item.resource_id}": False for item in asked.page.resources},
    )


def _note(request: Request, asked: Asked, decision: str) -> None:
    name = shared_of(asked.interaction_id) or asked.interaction_id
    answered.note(request.uow, name, asked.interaction, decision, request.now)


def _load(request: Request, interaction_id: str, interaction: Interaction) -> Asked:
    client = asking(request, interaction.request)
    built = consent_page.build(request, interaction, client, request.owner)
    return Asked(interaction_id, interaction, client, built, consent_page.snapshot(request, built))


def _show(request: Request, asked: Asked, *, error: str = "", status: int = 200) -> Response:
    response = page(
        request,
        "consent.jinja2",
        status=status,
        page=asked.page,
        interaction_id=asked.interaction_id,
        shown=consent_page.stamp(request, asked.shown, request.now),
        error=error,
    )
    return leads_away(response)
