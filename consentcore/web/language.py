"""The language of an answer: what the application asked for (``ui_locales``), then what the owner has set, then what
the browser accepts, then the default of the configuration; each counts only where it is offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.i18n import Language, Languages

_WANTED = "consentcore.ui_locales"


def prefer_locales(request: Request, tags: Iterable[str]) -> None:
    """Let the ``ui_locales`` of the authorization request that a page is about choose (OpenID Connect Core section
    3.1.2.1)."""
    request.environ[_WANTED] = tuple(tags)


def language_of(request: Request) -> Language:
    """The language in which the person is answered now."""
    return _chosen(request) or _accepted(request) or request.runtime.languages.default


def in_its_language(request: Request, response: Response) -> Response:
    """Say which language a page is in, and whether that was the browser's choice (RFC 9110 sections 8.5 and 12.5.5)."""
    response.headers["Content-Language"] = request.language.tag
    if _chosen(request) is None:
        response.vary = (*(response.vary or ()), "Accept-Language")
    return response


def _chosen(request: Request) -> Language | None:
    languages: Languages = request.runtime.languages
    wanted = languages.lookup(request.environ.get(_WANTED, ()))
    if wanted is not None:
        return wanted
    # Only where the page has looked who it is: an error page must not ask a storage that may be what has failed.
    owner = request.__dict__.get("owner")
    return languages.of_owner(owner.locale) if owner is not None else None


def _accepted(request: Request) -> Language | None:
    languages: Languages = request.runtime.languages
    return languages.accepted(request.headers.get("Accept-Language", ""))
