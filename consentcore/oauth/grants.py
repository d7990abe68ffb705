"""oauthlib's grant types as they are used here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oauthlib.oauth2 import AuthorizationCodeGrant, BearerToken, RefreshTokenGrant
from oauthlib.oauth2.rfc6749.grant_types.authorization_code import code_challenge_method_s256

from consentcore.oauth.validator import Validator


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # oauthlib has no types
    """The code grant without ``plain`` (gap 4)."""

    _code_challenge_methods = {"S256": code_challenge_method_s256}  # noqa: RUF012 - oauthlib's shape


def code_grant(validator: Validator, *checks: Callable[[Any], dict[str, object]]) -> CodeGrant:
    """Make the code grant.

    :param checks: run after client and redirect URI were found good and before anything else, so that what
        they refuse may be redirected.
    """
    return CodeGrant(validator, pre_auth=list(checks))


def refresh_grant(validator: Validator) -> RefreshTokenGrant:
    """Make the refresh grant; a new refresh token comes with every answer."""
    return RefreshTokenGrant(validator, issue_new_refresh_tokens=True)


def bearer(validator: Validator) -> BearerToken:
    """Make the token handler: the tokens and their lifetime come from the exchange."""
    return BearerToken(
        validator,
        token_generator=lambda request: request.exchange.make_access(request),
        refresh_token_generator=lambda request: request.exchange.pair.refresh,
        # A callable, because oauthlib takes an expires_in of 0 for 3600 (gap 21).
        expires_in=lambda request: request.exchange.expires_in,
    )
