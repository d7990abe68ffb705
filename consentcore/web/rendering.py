"""Filters and globals of the templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.events import BeforeRender

from consentcore.domain.clock import from_iso, iso
from consentcore.domain.text import isolated
from consentcore.i18n import wording
from consentcore.i18n.templates import install
from consentcore.markup import bdi, monogram, tile_number
from consentcore.web.look import make_look

if TYPE_CHECKING:
    from pyramid.config import Configurator


def add_globals(event: BeforeRender) -> None:
    """What every page may name."""
    request = event.get("request")
    if request is None:
        return
    settings = request.runtime.settings
    event["operator_name"] = settings.web.operator_name
    event["support_phone"] = settings.web.support_phone
    event["support_email"] = settings.web.support_email
    event["operator_privacy_url"] = settings.web.privacy_url
    event["complaint_url"] = settings.web.complaint_url
    event["language"] = request.language
    event["look"] = request.registry["consentcore.look"]


def includeme(config: Configurator) -> None:
    """Register filters once the Jinja environment exists."""
    config.registry["consentcore.look"] = make_look(config.registry["consentcore.runtime"].settings.theme)
    config.add_subscriber(add_globals, BeforeRender)

    def filters() -> None:
        environment = config.get_jinja2_environment()
        install(environment)
        environment.filters.update(
            bdi=bdi,
            isolated=isolated,
            iso=iso,
            instant=from_iso,
            monogram=monogram,
            tile_number=tile_number,
        )
        for name in ("bare", "confirmation_number", "sentence"):
            environment.filters[name] = getattr(wording, name)

    config.action("consentcore-jinja-filters", filters, order=9999)
