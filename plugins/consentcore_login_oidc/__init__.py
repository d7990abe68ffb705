"""Sign-in at an OpenID provider (OpenID Connect Core 1.0, authorization code flow with PKCE)."""

from __future__ import annotations

from consentcore.api import (
    Clock,
    ConfigurationError,
    PluginInfo,
    PluginKind,
    RedirectLogin,
    Storage,
    hookimpl,
)
from consentcore_login_oidc.settings import OidcSettings

__all__ = ["OidcSettings", "consentcore_login", "consentcore_plugin"]

MISSING = "needs Authlib and requests, which are not installed: pip install 'consentcore[oidc]'"


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="login_oidc",
        kind=PluginKind.LOGIN,
        summary="Signs data owners in at an OpenID provider.",
        settings=OidcSettings,
    )


@hookimpl
def consentcore_login(settings: OidcSettings, storage: Storage, clock: Clock) -> RedirectLogin:  # noqa: ARG001
    """Make the provider."""
    try:
        from consentcore_login_oidc.login import OidcLogin
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"authlib", "requests"}:
            raise
        raise ConfigurationError([MISSING]) from None
    return OidcLogin(settings, storage)
