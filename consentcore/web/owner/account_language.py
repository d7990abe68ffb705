"""The language in which a data owner wants to be answered and written to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.domain.errors import NotFound
from consentcore.i18n import ANY
from consentcore.web.pages import page
from consentcore.web.redirects import see_other
from consentcore.web.security import OWNER

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="account.language", request_method="GET", permission=OWNER)
def show_languages(request: Request) -> Response:
    """The form; not found where there is nothing to choose."""
    languages = request.runtime.languages
    if len(languages.offered) == 1:
        raise NotFound("page", request.path)
    chosen = languages.of_owner(request.owner.locale)
    return page(
        request,
        "account_language.jinja2",
        languages=languages.own_names,
        chosen=chosen.tag if chosen else ANY,
        unset=ANY,
    )


@view_config(route_name="account.language", request_method="POST", permission=OWNER)
def choose_language(request: Request) -> Response:
    """The next page is in it."""
    runtime = request.runtime
    owner_id, choice = request.owner.owner_id, request.form.one("language")
    runtime.owners.choose_language(request.uow, owner_id, choice, runtime.languages)
    return see_other("/account?done=language")
