"""The page about a request of an application that cannot be answered (any more): what happened, and where to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.consent.answered import may_repeat
from consentcore.consent.pending import Gone, Why, asking_client
from consentcore.domain.errors import ClientSuspended, InteractionGone
from consentcore.domain.message import Message, message
from consentcore.web.errors import TITLES
from consentcore.web.methods import SAFE_METHODS
from consentcore.web.owner.interactions import still_pending
from consentcore.web.pages import page
from consentcore.web.tweens import leads_away

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.consent.answered import Answer
    from consentcore.domain.client import Client
    from consentcore.domain.interaction import AuthorizationRequest

START_AGAIN = message("Nothing was changed just now. Go back to the application and start again.")
TEXTS = {
    Why.RAN_OUT: message(
        "Nobody has answered it in time, so it has run out. %(start_again)s", start_again=START_AGAIN
    ),
    Why.OVER: message(
        "It has run out, or it was answered some time ago; we no longer have it. %(start_again)s",
        start_again=START_AGAIN,
    ),
    Why.ELSEWHERE: message(
        "It was opened in another browser, or before the cookies of this one were deleted. Go on in the browser in "
        "which you began. %(start_again)s",
        start_again=START_AGAIN,
    ),
    Why.NO_COOKIES: message(
        "The browser in which this was opened got a cookie from us, and this one has brought none. Without it we "
        "cannot know that it is you who was asked. If you began in this browser, let it keep cookies for this site; "
        "if you began in another, go on there. %(start_again)s",
        start_again=START_AGAIN,
    ),
    Why.WITHDRAWN: message(
        "The application may not ask this any more: since it sent you here it was switched off, or the address to "
        "which you would go back was taken away. %(start_again)s",
        start_again=START_AGAIN,
    ),
}
NO_COOKIES_TITLE = message("This browser has kept no cookie")
ANSWERED = message("It was answered already. Nothing more was changed just now.")
BY_ANOTHER = message(
    "It was answered already, by somebody else who was signed in. Nothing more was changed just now."
)


def on_interaction_gone(context: InteractionGone, request: Request) -> Response:
    """Say why it cannot be answered."""
    gone = context if isinstance(context, Gone) else _looked_up(request)
    if gone.answer is not None:
        return _answered(request, gone.answer)
    response = page(
        request,
        "request_gone.jinja2",
        status=410,
        title=NO_COOKIES_TITLE if gone.why is Why.NO_COOKIES else TITLES[410],
        text=TEXTS[gone.why],
        detail="",
        repeat=False,
        back=_back(request, gone),
    )
    return leads_away(response)


def _looked_up(request: Request) -> Gone:
    """Why the service has refused: somebody else was faster, or its time ended in this moment."""
    try:
        still_pending(request, _id_of(request))
    except Gone as gone:
        return gone
    return Gone(Why.RAN_OUT)


def _answered(request: Request, answer: Answer) -> Response:
    again = may_repeat(answer, request.owner, request.owner_session, request.browser, request.now)
    client = _led_to(request, answer.request) if again else None
    response = page(
        request,
        "request_gone.jinja2",
        status=410,
        title=TITLES[410],
        text=_words_of(request, answer),
        detail="",
        repeat=client is not None,
        back=None,
        client=client,
        interaction_id=_id_of(request),
    )
    return leads_away(response)


def _words_of(request: Request, answer: Answer) -> Message:
    if request.owner is None:
        return ANSWERED
    if request.owner.owner_id != answer.owner_id:
        return BY_ANOTHER
    when = request.language.moment(answer.answered_at, request.owner.timezone)
    if answer.decision == "approve":
        return message(
            "It was answered already: you approved it on %(when)s. Nothing more was changed just now.",
            when=when,
        )
    return message(
        "It was answered already: you denied it on %(when)s. Nothing more was changed just now.", when=when
    )


def _id_of(request: Request) -> str:
    fields = request.query if request.method in SAFE_METHODS else request.form
    found: str = fields.one("i")
    return found


def _back(request: Request, gone: Gone) -> tuple[str, str] | None:
    """The way back for a request that ran out: name of the application, and where it hears that there is no answer
    (RFC 6749 section 4.1.2.1)."""
    if gone.interaction is None:
        return None
    wanted = gone.interaction.request
    client = _led_to(request, wanted)
    if client is None:
        return None
    authorization = request.runtime.server.authorization
    return client.name, authorization.error_url(
        wanted, "access_denied", "The data owner has not answered in time"
    )


def _led_to(request: Request, wanted: AuthorizationRequest) -> Client | None:
    """The application, if anybody may be led to it now."""
    try:
        return asking_client(request.uow, wanted)
    except (Gone, ClientSuspended):
        return None


def includeme(config: Configurator) -> None:
    """Register the exception view."""
    config.add_exception_view(on_interaction_gone, context=InteractionGone)
