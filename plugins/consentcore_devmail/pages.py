"""The pages under ``/_dev/mail``: the list, one message, and its HTML part under a policy of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from consentcore_devmail.access import READERS, may_read
from consentcore_devmail.mailbox import Mailbox, Message
from consentcore_devmail.settings import DevmailSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

PATH = "/_dev/mail"
TEMPLATES = "consentcore_devmail:templates"
_NAME = re.compile(r"[0-9]{1,20}-[0-9a-f]{12}\.eml", re.ASCII)

PAGE_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PART_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox allow-top-navigation-by-user-activation"
)


class Response(Protocol):
    """As much of a response as is set here."""

    status_int: int
    content_type: str
    text: str

    @property
    def headers(self) -> MutableMapping[str, str]: ...


class Request(Protocol):
    """As much of a request as is read here."""

    @property
    def environ(self) -> Mapping[str, object]: ...
    @property
    def matchdict(self) -> Mapping[str, str]: ...
    @property
    def response(self) -> Response: ...


View = Callable[[object, Request], Response]


class Config(Protocol):
    """As much of a Pyramid Configurator as is used here."""

    @property
    def registry(self) -> Mapping[str, Any]: ...
    def add_route(self, name: str, pattern: str) -> object: ...
    def add_view(self, view: Callable[..., object], **options: object) -> object: ...


class Pages:
    """The views. Pages for development: whoever may open them reads the mails."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def index(self, request: Request) -> dict[str, object]:
        """Every message, newest first."""
        request.response.headers["Content-Security-Policy"] = PAGE_POLICY
        return {"messages": self._mailbox.list(), "path": PATH}

    def message(self, request: Request) -> dict[str, object]:
        """One message: headers, text, and a link to the HTML part."""
        request.response.headers["Content-Security-Policy"] = PAGE_POLICY
        found = self._find(request)
        if found is None:
            request.response.status_int = 404
        return {"message": found, "path": PATH}

    def part(self, request: Request) -> Response:
        """The HTML part alone, under a policy that lets it do nothing but look as it does."""
        found = self._find(request)
        response = request.response
        response.headers["Content-Security-Policy"] = PART_POLICY
        if found is None or not found.html:
            response.status_int = 404
            response.content_type = "text/plain"
            response.text = "There is no such part."
        else:
            response.content_type = "text/html"
            response.text = found.html
        return response

    def _find(self, request: Request) -> Message | None:
        name = request.matchdict["name"]
        return self._mailbox.get(name) if _NAME.fullmatch(name) else None


def elsewhere(request: Request) -> Response:
    """What everybody gets who may not read them."""
    response = request.response
    response.status_int, response.content_type = 403, "text/plain"
    response.text = f"Mails are not shown to this address, see {READERS}\n"
    return response


def add_pages(config: Config, settings: DevmailSettings) -> None:
    """Add routes and views to a Pyramid configurator."""
    pages = Pages(Mailbox(settings.dir))

    def guarded(view: View) -> View:
        def looked_at(context: object, request: Request) -> Response:
            return view(context, request) if may_read(request.environ, settings) else elsewhere(request)

        return looked_at

    views = {
        "devmail.index": (PATH, pages.index, "list.jinja2"),
        "devmail.message": (PATH + "/{name}", pages.message, "message.jinja2"),
        "devmail.part": (PATH + "/{name}/html", pages.part, ""),
    }
    for name, (pattern, view, template) in views.items():
        config.add_route(name, pattern)
        renderer = f"{TEMPLATES}/{template}" if template else None
        config.add_view(view, route_name=name, request_method="GET", renderer=renderer, decorator=guarded)
