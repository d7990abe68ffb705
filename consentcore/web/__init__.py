"""The HTTP face: routes, sessions, security headers and views. No OAuth or consent logic lives here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyramid.config import Configurator

    from consentcore.runtime import Runtime


def includeme(config: Configurator) -> None:
    """Add everything below; called by :mod:`consentcore.app`."""
    config.include("consentcore.web.request")  # request.runtime, request.uow, request.browser
    config.include("consentcore.web.tweens")  # security headers
    config.include("consentcore.web.metering")  # what Prometheus is told
    config.include("consentcore.web.failures")  # why there was no answer, in the log
    config.include("consentcore.web.security")  # who may see a view
    config.include("consentcore.web.csrf")  # which forms count
    config.include("consentcore.web.rendering")  # Jinja filters and globals
    config.include("consentcore.web.routes")  # the URL space
    config.include("consentcore.web.errors")  # every error as a page or as JSON
    config.include("consentcore.web.owner.request_over")  # a request that cannot be answered any more
    config.include("consentcore.web.api.errors")  # under /api/ always as JSON
    runtime = config.registry["consentcore.runtime"]
    absent = absent_views(runtime)
    for audience in ("oauth", "owner", "api", "developer", "ops"):
        config.scan(f"consentcore.web.{audience}", ignore=[absent.__contains__])


def absent_views(runtime: Runtime) -> frozenset[str]:
    """Modules whose pages have no sense with the login plugin that was chosen: theirs are 404."""
    absent: list[str] = []
    if runtime.passwords is None:
        absent += ["login", "account_email", "account_password", "account_reset"]
    if runtime.redirect_login is None or runtime.passwords is not None:
        absent += ["login_redirect"]
    return frozenset(f"consentcore.web.owner.{name}" for name in absent)
