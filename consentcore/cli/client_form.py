"""The options of ``client create`` and ``client update``: a registration as it is typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from consentcore.clients.form import ClientForm
from consentcore.domain.client import AuthMethod, TokenFormat
from consentcore.domain.errors import InvalidInput

OPTIONS = {one.name: "--" + one.name.replace("_", "-") for one in fields(ClientForm)} | {
    "redirect_uris": "--redirect-uri",
    "scopes": "--scope",
    "optional_scopes": "--optional-scope",
    "audiences": "--resource",
    "authorization_details_types": "--authorization-details-type",
}
"""What is typed for the members of a registration."""
_OPTIONS = (
    click.option(
        "--redirect-uri", "redirect_uris", multiple=True, metavar="URI", help="May be given several times."
    ),
    click.option("--scope", "scopes", multiple=True, metavar="'A B'", help="What it may ask for."),
    click.option(
        "--optional-scope",
        "optional_scopes",
        multiple=True,
        metavar="'A B'",
        help="Those of them that it can do without: the owner ticks them or not.",
    ),
    click.option(
        "--authorization-details-type",
        "authorization_details_types",
        multiple=True,
        metavar="'A B'",
        help="Types of authorization details that it may ask for (RFC 9396); of a resource server, that it is told of.",
    ),
    click.option(
        "--require-pkce/--no-require-pkce", default=None, help="Refuse authorization requests without S256."
    ),
    click.option("--publisher", help="The company behind it."),
    click.option("--website", metavar="URL"),
    click.option("--privacy-url", metavar="URL"),
    click.option("--purpose", help="Why it needs the data, in its own words."),
    click.option(
        "--auth-method",
        type=click.Choice([one.value for one in AuthMethod]),
        help="How it authenticates itself; no other way is accepted, client_secret takes basic and post.",
    ),
    click.option(
        "--jwks",
        metavar="FILE|JSON",
        help="Its public keys, for private_key_jwt and request objects, or with x5c for self_signed_tls_client_auth: a "
        "JWK set.",
    ),
    click.option("--jwks-uri", metavar="URL", help="Where those keys are fetched instead."),
    click.option(
        "--require-par/--no-require-par",
        default=None,
        help="Refuse authorization requests that were not pushed.",
    ),
    click.option(
        "--dpop-bound-access-tokens/--no-dpop-bound-access-tokens",
        default=None,
        help="Give access tokens only to who proves a key with each request (RFC 9449).",
    ),
    click.option(
        "--require-signed-request-object/--no-require-signed-request-object",
        default=None,
        help="Refuse authorization requests that were not pushed as request objects (RFC 9101).",
    ),
    click.option(
        "--request-object-signing-alg",
        metavar="ALG",
        help="The one algorithm that signs them: PS256, ES256 or EdDSA; '' for each of these.",
    ),
    click.option(
        "--authorization-signed-response-alg",
        metavar="ALG",
        help="Sign every answer to its authorization requests (JARM) by ES256 or EdDSA; '' for those alone that ask "
        "for response_mode=jwt.",
    ),
    click.option(
        "--introspection-signed-response-alg",
        metavar="ALG",
        help="What signs answers about tokens where it asks for signed ones (RFC 9701): ES256 or EdDSA.",
    ),
    click.option(
        "--profile",
        metavar="fapi2",
        help="Hold it to the FAPI 2.0 Security Profile, all of it (docs/fapi.md); '' for the server's setting alone.",
    ),
    click.option(
        "--tls-client-auth",
        metavar="KIND:NAME",
        help="For tls_client_auth: the name in its certificate, such as subject_dn:CN=app,O=Cool or "
        "san_dns:app.example; also san_uri, san_ip, san_email.",
    ),
    click.option(
        "--tls-client-certificate-bound-access-tokens/--no-tls-client-certificate-bound-access-tokens",
        default=None,
        help="Give access tokens only to who shows a certificate with TLS, bound to it (RFC 8705).",
    ),
    click.option(
        "--grant-management/--no-grant-management",
        default=None,
        help="Let it manage its grants by Grant Management for OAuth 2.0, where a setting has that on.",
    ),
    click.option("--access-token-format", type=click.Choice([one.value for one in TokenFormat])),
    click.option(
        "--resource",
        "audiences",
        multiple=True,
        metavar="URI",
        help="An API that it may ask tokens for (RFC 8707); of a resource server, its own identifiers.",
    ),
    click.option(
        "--assertion-audience",
        type=click.Choice(["issuer", "endpoint"]),
        help="What aud of its assertions may be where no setting says so for all: the issuer alone (the default), or "
        "the endpoint that is called and the token endpoint too.",
    ),
    click.option(
        "--logo-url",
        metavar="URL",
        help="Its logo (PNG, JPEG or WebP, at most 60 kB and 1024 pixels), fetched once and served from here.",
    ),
    click.option(
        "--verified/--not-verified",
        default=None,
        help="You have checked today who is behind it; pages say so beside its name.",
    ),
    click.option("--contact-email", metavar="E", help="Who is told when its webhooks fail."),
)


def describing(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def shown_name(member: str) -> str:
    """What the command line's JSON calls a member of a client."""
    return "resources" if member == "audiences" else member


def given(typed: dict[str, Any]) -> dict[str, Any]:
    """The members of a form that were typed, keys read from their file."""
    found = {name: value for name, value in typed.items() if value is not None and value != ()}
    if "jwks" in found:
        found["jwks"] = _text_or_file(found["jwks"])
    return found


def _text_or_file(value: str) -> str:
    """JSON as it stands, or what is in the file of that name."""
    if not value or value.lstrip().startswith("{"):
        return value
    try:
        return Path(value).read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise InvalidInput("--jwks", f"expected a JWK set or a file with one ({error})") from None
