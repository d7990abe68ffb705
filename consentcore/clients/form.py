"""The members of a registration, each with its check."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from consentcore.clients import profiles, signing
from consentcore.domain.client import CLIENT_ID, AuthMethod, TokenFormat
from consentcore.domain.errors import InvalidInput
from consentcore.text_fields import MAX_NAME, MAX_PURPOSE, line, mailbox, named, web_address

if TYPE_CHECKING:
    from consentcore.domain.scope import Catalog
    from consentcore.egress import EgressPolicy

MAX_REDIRECT_URIS = 50
_WITH_KEYS = (AuthMethod.PRIVATE_KEY_JWT, AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH)


ASSERTION_AUDIENCES = ("issuer", "endpoint")
"""What ``aud`` of the assertions of a client may be, where no setting says so for all."""


@dataclass(frozen=True)
class ClientForm:
    """A registration as it was typed.

    :ivar logo_url: where its logo is fetched, once.
    :ivar verified: whether the operator has checked who is behind it.
    """

    name: str
    redirect_uris: Sequence[str] = ()
    scopes: Sequence[str] = ()
    public: bool = False
    resource_server: bool = False
    require_pkce: bool = False
    webhook_url: str = ""
    publisher: str = ""
    website: str = ""
    privacy_url: str = ""
    purpose: str = ""
    client_id: str = ""
    contact_email: str = ""
    auth_method: str = ""
    jwks: str = ""
    jwks_uri: str = ""
    require_par: bool = False
    dpop_bound_access_tokens: bool = False
    grant_management: bool = False
    require_signed_request_object: bool = False
    request_object_signing_alg: str = ""
    authorization_signed_response_alg: str = ""
    introspection_signed_response_alg: str = ""
    profile: str = ""
    tls_client_auth: str = ""
    tls_client_certificate_bound_access_tokens: bool = False
    access_token_format: str = TokenFormat.OPAQUE.value
    audiences: Sequence[str] = ()
    assertion_audience: str = "issuer"
    optional_scopes: Sequence[str] = ()
    logo_url: str = ""
    verified: bool = False
    authorization_details_types: Sequence[str] = ()


@dataclass(frozen=True)
class Checks:
    """What the members of a registration are held against.

    :ivar egress: makes the guard of outgoing requests; called only where a URL is given.
    :ivar profile: what every application is held to; "" for what it is registered for.
    """

    catalog: Catalog
    egress: Callable[[], EgressPolicy]
    profile: str = ""


def members(checks: Checks, form: ClientForm, method: AuthMethod) -> dict[str, Callable[[], Any]]:
    """What makes each member of a :class:`~consentcore.domain.client.Client` that a form has a say in.

    Calling one raises InvalidInput, naming the member of :class:`ClientForm` that is wrong.
    """
    return {
        "name": partial(line, "name", form.name, MAX_NAME, needed=True),
        "redirect_uris": partial(_redirect_uris, form, public=method is AuthMethod.NONE),
        "scopes": partial(_scopes, checks.catalog, form),
        "publisher": partial(line, "publisher", form.publisher, MAX_NAME),
        "website": partial(web_address, "website", form.website),
        "privacy_url": partial(web_address, "privacy_url", form.privacy_url),
        "purpose": partial(line, "purpose", form.purpose, MAX_PURPOSE),
        "require_pkce": lambda: form.require_pkce,
        "contact_email": partial(mailbox, "contact_email", form.contact_email),
        "jwks": partial(_keys, form, method),
        "jwks_uri": partial(_keys_uri, checks.egress, form),
        "require_par": lambda: form.require_par,
        "dpop_bound_access_tokens": lambda: form.dpop_bound_access_tokens,
        "grant_management": partial(_grant_management, form, method),
        **signing.members(form, method),
        **profiles.members(form, method, checks.profile),
        "access_token_format": partial(TokenFormat, form.access_token_format),
        "audiences": partial(_audiences, form),
        "assertion_audience": partial(_assertion_audience, form),
        "optional_scopes": partial(_optional_scopes, form),
        "authorization_details_types": partial(_details_types, checks.catalog, form),
    }


def _grant_management(form: ClientForm, method: AuthMethod) -> bool:
    if form.grant_management and method is AuthMethod.NONE:
        raise InvalidInput("grant_management", "expected nothing for a public client (section 5.1)")
    return form.grant_management


def _assertion_audience(form: ClientForm) -> str:
    if form.assertion_audience not in ASSERTION_AUDIENCES:
        expected = f"expected one of {', '.join(ASSERTION_AUDIENCES)}"
        raise InvalidInput("assertion_audience", expected)
    return form.assertion_audience


def check_kind(form: ClientForm) -> None:
    """A resource server only introspects; a public client cannot keep a secret."""
    if not form.resource_server:
        if not form.redirect_uris:
            raise InvalidInput("redirect_uris", "expected at least one")
        return
    for field, value in (
        ("redirect_uris", form.redirect_uris),
        ("public", form.public),
        ("webhook_url", form.webhook_url),
        ("require_pkce", form.require_pkce),
        ("require_par", form.require_par),
        ("dpop_bound_access_tokens", form.dpop_bound_access_tokens),
        ("grant_management", form.grant_management),
        ("require_signed_request_object", form.require_signed_request_object),
        ("request_object_signing_alg", form.request_object_signing_alg),
        ("authorization_signed_response_alg", form.authorization_signed_response_alg),
        ("tls_client_certificate_bound_access_tokens", form.tls_client_certificate_bound_access_tokens),
        ("profile", form.profile),
        ("optional_scopes", form.optional_scopes),
    ):
        if value:
            raise InvalidInput(field, "expected nothing for a resource server")


def client_id(wanted: str) -> str:
    """The id that was asked for, or a random one."""
    if not wanted:
        return str(uuid.uuid4())
    if not CLIENT_ID.fullmatch(wanted):
        raise InvalidInput("client_id", "expected 1 to 64 of A-Z a-z 0-9 _ -")
    return wanted


def auth_method(form: ClientForm) -> AuthMethod:
    """What was asked for, or what ``public`` stands for; never one that contradicts the rest of the form."""
    known = ", ".join(AuthMethod)
    if form.auth_method and form.auth_method not in list(AuthMethod):
        raise InvalidInput("auth_method", f"expected one of {known}")
    method = AuthMethod(form.auth_method or (AuthMethod.NONE if form.public else AuthMethod.SECRET))
    if form.public and method is not AuthMethod.NONE:
        raise InvalidInput("auth_method", "expected none for a public client")
    if form.resource_server and method is AuthMethod.NONE:
        raise InvalidInput("auth_method", "expected a method other than none for a resource server")
    return method


def _keys(form: ClientForm, method: AuthMethod) -> str:
    """The keys of a client that signs something, or its certificates, by value; checked in either case, so that no
    secret is ever stored here."""
    from consentcore.oauth.client_auth.key_set import check_certificates, check_key_set

    if method not in _WITH_KEYS and not signing.signs_requests(form):
        for field, value in (("jwks", form.jwks), ("jwks_uri", form.jwks_uri)):
            if value:
                methods = " or ".join(_WITH_KEYS)
                raise InvalidInput(
                    field, f"expected nothing without the method {methods}, or a request_object_signing_alg"
                )
        return ""
    if bool(form.jwks) == bool(form.jwks_uri):
        what = method if method in _WITH_KEYS else "signed request objects"
        raise InvalidInput("jwks", f"expected either jwks or jwks_uri for {what} (RFC 7591 section 2)")
    if form.jwks and method is AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH:
        check_certificates(form.jwks)
    if form.jwks and (method is AuthMethod.PRIVATE_KEY_JWT or signing.signs_requests(form)):
        check_key_set(form.jwks)
    return form.jwks


def _keys_uri(egress: Callable[[], EgressPolicy], form: ClientForm) -> str:
    if form.jwks_uri:
        with named("jwks_uri"):
            egress().check_url(form.jwks_uri)
    return form.jwks_uri


def _audiences(form: ClientForm) -> tuple[str, ...]:
    """Resource indicators in the order given.

    :raises InvalidInput: see RFC 8707 section 2.
    """
    from consentcore.oauth.resource_indicators import MAX_AUDIENCES, check_audience

    uris = tuple(dict.fromkeys(form.audiences))
    if len(uris) > MAX_AUDIENCES:
        raise InvalidInput("audiences", f"expected at most {MAX_AUDIENCES}")
    for uri in uris:
        with named(f"audiences {uri[:200]!r}"):
            check_audience(uri)
    return uris


def _redirect_uris(form: ClientForm, *, public: bool) -> tuple[str, ...]:
    from consentcore.oauth.redirect_uris import check_redirect_uri

    uris = tuple(dict.fromkeys(form.redirect_uris))
    if len(uris) > MAX_REDIRECT_URIS:
        raise InvalidInput("redirect_uris", f"expected at most {MAX_REDIRECT_URIS}")
    for uri in uris:
        with named(f"redirect_uris {uri[:200]!r}"):
            check_redirect_uri(uri, public=public)
    return uris


def _scopes(catalog: Catalog, form: ClientForm) -> tuple[str, ...]:
    """Scopes in the order given, all of them in the catalog.

    :raises InvalidInput: naming those that are not.
    """
    import difflib

    scopes = _words(form.scopes)
    if not scopes and not form.resource_server and not form.authorization_details_types:
        raise InvalidInput("scopes", "expected at least one scope")
    known = list(catalog.scopes)
    for scope in scopes:
        if scope not in known:
            close = difflib.get_close_matches(scope, known, 1)
            hint = f"; did you mean {close[0]}?" if close else f" (there: {', '.join(known)})"
            raise InvalidInput("scopes", f"{scope!r} is not in the catalog{hint}")
    return scopes


def _optional_scopes(form: ClientForm) -> tuple[str, ...]:
    """Scopes in the order given, out of those that it may ask for.

    :raises InvalidInput: naming one that is not.
    """
    optional, scopes = _words(form.optional_scopes), _words(form.scopes)
    for scope in optional:
        if scope not in scopes:
            raise InvalidInput("optional_scopes", f"expected only what scopes has, not {scope!r}")
    return optional


def _details_types(catalog: Catalog, form: ClientForm) -> tuple[str, ...]:
    """Types of authorization details in the order given, all of them in the catalog.

    :raises InvalidInput: naming one that is not.
    """
    types = _words(form.authorization_details_types)
    for one in types:
        if one not in catalog.detail_types:
            known = ", ".join(catalog.detail_types) or "none"
            raise InvalidInput(
                "authorization_details_types", f"{one!r} is not in the catalog (there: {known})"
            )
    return types


def _words(texts: Sequence[str]) -> tuple[str, ...]:
    """Scope tokens between blanks and commas, each once."""
    return tuple(dict.fromkeys(word for text in texts for word in text.replace(",", " ").split()))
