"""The HTTP face: routes, sessions, security headers and views. No OAuth or consent logic lives here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    """Add everything below; called by :mod:`consentcore.app`."""
    config.include("consentcore.web.request")  # request.runtime, request.uow, request.browser
    config.include("consentcore.web.tweens")  # security headers
    config.include("consentcore.web.derivers")  # sign-in and anti-forgery as view options
    config.include("consentcore.web.rendering")  # Jinja filters and globals
    config.include("consentcore.web.routes")  # the URL space
    config.include("consentcore.web.errors")  # every error as a page or as JSON
    config.scan("consentcore.web.views")
