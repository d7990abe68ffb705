"""Makes clients out of what somebody typed, whatever the form was: checks every value, and mints what is secret."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from consentcore.domain.client import (
    CLIENT_ID,
    SECRET_METHODS,
    AuthMethod,
    Client,
    ClientKind,
    ClientSecret,
    TokenFormat,
    WebhookEndpoint,
)
from consentcore.domain.errors import InvalidInput
from consentcore.domain.owner import normalise_email
from consentcore.domain.secret import CLIENT_SECRET, digest, mint
from consentcore.outbox.endpoints import Minted, make_endpoint

if TYPE_CHECKING:
    from consentcore.runtime import Runtime

MAX_NAME = 100
MAX_PURPOSE = 500
MAX_URL = 2000
MAX_REDIRECT_URIS = 50


@dataclass(frozen=True)
class Form:
    """A registration as it was typed."""

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
    access_token_format: str = TokenFormat.OPAQUE.value
    resources: Sequence[str] = ()


@dataclass(frozen=True)
class Registered:
    """A new client with its secrets in clear: shown once, stored only hashed or sealed."""

    client: Client
    client_secret: str | None = None
    endpoint: WebhookEndpoint | None = None
    webhook_secret: str | None = None


def register(runtime: Runtime, form: Form) -> Registered:
    """Check a registration and make what is to be stored; stores nothing.

    :raises InvalidInput: naming the member of :class:`Form` that is wrong.
    """
    now = runtime.clock.now()
    _check_kind(form)
    method = _auth_method(form)
    public = method is AuthMethod.NONE
    secret = mint(CLIENT_SECRET) if method in SECRET_METHODS else None
    client = Client(
        client_id=_client_id(form.client_id),
        name=line("name", form.name, MAX_NAME, needed=True),
        created_at=now,
        kind=ClientKind.RESOURCE_SERVER if form.resource_server else ClientKind.APPLICATION,
        auth_method=method,
        secrets=(ClientSecret(digest(secret), now),) if secret else (),
        redirect_uris=_redirect_uris(form, public=public),
        scopes=_scopes(runtime, form),
        publisher=line("publisher", form.publisher, MAX_NAME),
        website=_web_address("website", form.website),
        privacy_url=_web_address("privacy_url", form.privacy_url),
        purpose=line("purpose", form.purpose, MAX_PURPOSE),
        require_pkce=form.require_pkce,
        contact_email=mailbox("contact_email", form.contact_email),
        jwks=_keys(form, method),
        jwks_uri=_keys_uri(runtime, form),
        require_par=form.require_par,
        access_token_format=TokenFormat(form.access_token_format),
        resources=_resources(form),
    )
    minted = _endpoint(runtime, client, form.webhook_url) if form.webhook_url else None
    if minted is None:
        return Registered(client, secret)
    return Registered(client, secret, minted.endpoint, minted.secret)


@contextmanager
def named(field: str) -> Iterator[None]:
    """Let an InvalidInput name the field that somebody filled in instead of what it became."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(field, error.expected) from None


def line(field: str, text: str, longest: int, *, needed: bool = False) -> str:
    """A line of printable text. :raises InvalidInput: when it is empty, too long or holds control characters."""
    stripped = text.strip()
    if len(stripped) > longest or (needed and not stripped):
        raise InvalidInput(field, f"expected {int(needed)} to {longest} characters")
    if not stripped.isprintable():
        raise InvalidInput(field, "expected no line breaks and no control characters")
    return stripped


def mailbox(field: str, text: str) -> str:
    """An address or "". :raises InvalidInput: when it is neither."""
    if not text.strip():
        return ""
    with named(field):
        return normalise_email(text)


def _check_kind(form: Form) -> None:
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
    ):
        if value:
            raise InvalidInput(field, "expected nothing for a resource server")


def _client_id(wanted: str) -> str:
    if not wanted:
        return str(uuid.uuid4())
    if not CLIENT_ID.fullmatch(wanted):
        raise InvalidInput("client_id", "expected 1 to 64 of A-Z a-z 0-9 _ -")
    return wanted


def _auth_method(form: Form) -> AuthMethod:
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


def _keys(form: Form, method: AuthMethod) -> str:
    """The keys of ``private_key_jwt``, by value; checked in either case, so that no secret is ever stored here."""
    from consentcore.oauth.client_auth.key_set import key_set

    if method is not AuthMethod.PRIVATE_KEY_JWT:
        for field, value in (("jwks", form.jwks), ("jwks_uri", form.jwks_uri)):
            if value:
                raise InvalidInput(field, "expected nothing without the method private_key_jwt")
        return ""
    if bool(form.jwks) == bool(form.jwks_uri):
        raise InvalidInput(
            "jwks", "expected either jwks or jwks_uri for private_key_jwt (RFC 7591 section 2)"
        )
    if form.jwks:
        key_set(form.jwks)
    return form.jwks


def _keys_uri(runtime: Runtime, form: Form) -> str:
    if form.jwks_uri:
        with named("jwks_uri"):
            runtime.egress.check_url(form.jwks_uri)
    return form.jwks_uri


def _resources(form: Form) -> tuple[str, ...]:
    """Resource indicators in the order given. :raises InvalidInput: see RFC 8707 section 2."""
    from consentcore.oauth.resources import MAX_RESOURCES, check_resource

    uris = tuple(dict.fromkeys(form.resources))
    if len(uris) > MAX_RESOURCES:
        raise InvalidInput("resources", f"expected at most {MAX_RESOURCES}")
    for uri in uris:
        with named(f"resources {uri[:200]!r}"):
            check_resource(uri)
    return uris


def _redirect_uris(form: Form, *, public: bool) -> tuple[str, ...]:
    from consentcore.oauth.redirects import check_redirect_uri

    uris = tuple(dict.fromkeys(form.redirect_uris))
    if len(uris) > MAX_REDIRECT_URIS:
        raise InvalidInput("redirect_uris", f"expected at most {MAX_REDIRECT_URIS}")
    for uri in uris:
        with named(f"redirect_uris {uri[:200]!r}"):
            check_redirect_uri(uri, public=public)
    return uris


def _scopes(runtime: Runtime, form: Form) -> tuple[str, ...]:
    """Scopes in the order given, all of them in the catalog. :raises InvalidInput: naming those that are not."""
    import difflib

    scopes = tuple(dict.fromkeys(word for text in form.scopes for word in text.replace(",", " ").split()))
    if not scopes and not form.resource_server:
        raise InvalidInput("scopes", "expected at least one scope")
    known = list(runtime.catalog.scopes)
    for scope in scopes:
        if scope not in known:
            close = difflib.get_close_matches(scope, known, 1)
            hint = f"; did you mean {close[0]}?" if close else f" (there: {', '.join(known)})"
            raise InvalidInput("scopes", f"{scope!r} is not in the catalog{hint}")
    return scopes


def _web_address(field: str, url: str) -> str:
    text = line(field, url, MAX_URL)
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in {"https", "http"} or not host or parts.username is not None or " " in text:
        raise InvalidInput(field, "expected an URL such as https://example.com/")
    return text


def _endpoint(runtime: Runtime, client: Client, url: str) -> Minted:
    with named("webhook_url"):
        runtime.egress.check_url(url)
    return make_endpoint(runtime.keys, client.client_id, url, client.created_at)
