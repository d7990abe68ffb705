"""What a registration says of signed requests and answers (RFC 9101, JARM, RFC 9701), each with its check."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from consentcore.domain.client import AuthMethod
from consentcore.domain.errors import InvalidInput

if TYPE_CHECKING:
    from consentcore.clients.form import ClientForm

REQUESTS = ("PS256", "ES256", "EdDSA")
"""Signatures of request objects (FAPI 2.0 section 5.4.1)."""
ANSWERS = ("ES256", "EdDSA")
"""What our own keys sign with."""


def members(form: ClientForm, method: AuthMethod) -> dict[str, Callable[[], Any]]:
    """What makes each member; see :func:`consentcore.clients.form.members`."""
    check = partial(_checked, form, method)
    return {
        "require_signed_request_object": partial(check, "require_signed_request_object"),
        "request_object_signing_alg": partial(check, "request_object_signing_alg", REQUESTS),
        "authorization_signed_response_alg": partial(check, "authorization_signed_response_alg", ANSWERS),
        "introspection_signed_response_alg": partial(check, "introspection_signed_response_alg", ANSWERS),
    }


def signs_requests(form: ClientForm) -> bool:
    """Whether a client says that it signs its authorization requests, and so needs keys."""
    return form.require_signed_request_object or bool(form.request_object_signing_alg)


def _checked(form: ClientForm, method: AuthMethod, name: str, known: tuple[str, ...] = ()) -> Any:
    value = getattr(form, name)
    if known and value and value not in known:
        raise InvalidInput(name, f"expected one of {', '.join(known)}, or nothing")
    if value and known is not ANSWERS:
        if method is AuthMethod.NONE:  # every copy of it would have the key
            raise InvalidInput(name, "expected nothing for a public client")
        if not (form.jwks or form.jwks_uri):
            raise InvalidInput(name, "expected with jwks or jwks_uri only")
    return value
