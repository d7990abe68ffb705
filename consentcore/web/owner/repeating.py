"""Giving an answer again: a form that was sent twice, or an answer that was lost on its way to the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.web.owner import evidence
from consentcore.web.owner.interactions import Gone, asking

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.oauth.authorization_endpoint import AuthorizationEndpoint
    from consentcore.web.owner.answered import Answer

AGAIN = "again"
"""The decision of a form that asks for the answer that was given before."""


def repeated(request: Request, gone: Gone, decision: str) -> str:
    """Where to lead somebody who gives the answer of before once more. The consent stays the one that it is: an
    approval yields a further code for it, and nothing is recorded.

    :raises Gone: ``gone``, where it was another answer, or another person's, or too long ago; one of its own, where the
        application may be led to no more.
    :raises ClientSuspended: where it is kept out.
    """
    answer = gone.answer
    if answer is None or decision not in (AGAIN, answer.decision) or not may_repeat(request, answer):
        raise gone
    wanted = answer.request
    authorization: AuthorizationEndpoint = request.runtime.server.authorization
    asking(request, wanted)
    if answer.decision == "deny":
        return authorization.error_url(wanted, "access_denied", "The data owner said no")
    how = evidence.gather(request, "button:again")
    code = request.runtime.service.further_code(request.uow, wanted, request.owner, how)
    if code is None:
        return authorization.error_url(wanted, "access_denied", "The data owner has ended the access")
    return authorization.success_url(wanted, code)


def may_repeat(request: Request, answer: Answer) -> bool:
    """Whether it is the person and the browser that gave this answer, while the request might still have waited."""
    if request.now >= answer.until or not request.browser.has(answer.mark):
        return False
    return request.owner is not None and request.owner.owner_id == answer.owner_id
