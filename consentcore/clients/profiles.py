"""What a registration says of certificates (RFC 8705) and of the profile that it is held to, each with its check."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from consentcore.domain.client import FAPI2, AuthMethod
from consentcore.domain.errors import InvalidInput

if TYPE_CHECKING:
    from consentcore.clients.form import ClientForm

PROFILES = (FAPI2,)
"""What a client may be held to besides OAuth."""


def members(form: ClientForm, method: AuthMethod, everybody: str) -> dict[str, Callable[[], Any]]:
    """What makes each member; see :func:`consentcore.clients.form.members`.

    :param everybody: the profile that every application is held to, or "".
    """
    return {
        "profile": partial(_profile, form, method, everybody),
        "tls_client_auth": partial(_certificate_name, form, method),
        "tls_client_certificate_bound_access_tokens": partial(_certificate_bound, form),
    }


def _profile(form: ClientForm, method: AuthMethod, everybody: str) -> str:
    """The profile, where the rest of the form fits it.

    :raises InvalidInput: see FAPI 2.0 Security Profile sections 5.3.2.1 and 5.4.1.
    """
    from consentcore.oauth.client_auth.key_set import key_set
    from consentcore.oauth.fapi import ALGORITHMS, METHODS

    if form.profile and form.profile not in PROFILES:
        raise InvalidInput("profile", f"expected one of {', '.join(PROFILES)}, or nothing")
    if form.resource_server or not (form.profile or everybody):
        return form.profile
    if method not in METHODS:
        raise InvalidInput(
            "auth_method", f"expected one of {', '.join(sorted(METHODS))}, as {FAPI2} demands of applications"
        )
    keys = key_set(form.jwks) if method is AuthMethod.PRIVATE_KEY_JWT and form.jwks else ()
    if keys and not any(key.algorithms.intersection(ALGORITHMS) for key in keys):
        raise InvalidInput("jwks", f"expected a key for one of {', '.join(ALGORITHMS)}, as {FAPI2} demands")
    return form.profile


def _certificate_name(form: ClientForm, method: AuthMethod) -> str:
    """By which name its certificate is known.

    :raises InvalidInput: see RFC 8705 section 2.1.2.
    """
    from consentcore.oauth.client_auth.certificate_name import check_name

    if method is AuthMethod.TLS_CLIENT_AUTH:
        return check_name(form.tls_client_auth)
    if form.tls_client_auth:
        raise InvalidInput(
            "tls_client_auth", f"expected nothing without the method {AuthMethod.TLS_CLIENT_AUTH}"
        )
    return ""


def _certificate_bound(form: ClientForm) -> bool:
    bound = form.tls_client_certificate_bound_access_tokens
    if bound and form.dpop_bound_access_tokens:
        raise InvalidInput(
            "tls_client_certificate_bound_access_tokens", "expected nothing beside dpop_bound_access_tokens"
        )
    return bound
