"""oauthlib's grant types as they are used here."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from oauthlib.oauth2 import AuthorizationCodeGrant, BearerToken, RefreshTokenGrant
from oauthlib.oauth2.rfc6749.grant_types.authorization_code import code_challenge_method_s256

from consentcore.oauth.validator import Validator


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # oauthlib has no types
    """The code grant without ``plain`` (gap 4), and with every redirect URI that may be registered."""

    _code_challenge_methods = {"S256": code_challenge_method_s256}  # noqa: RUF012 - oauthlib's shape

    def _handle_redirects(self, request: Any) -> None:
        """Take what is registered without another look: oauthlib's grammar lacks IPv6 addresses of RFC 3986 section
        3.2.2, such as ``[1::]`` and those with an IPv4 address at their end. The rest is oauthlib's to refuse."""
        validator, client_id, given = self.request_validator, request.client_id, request.redirect_uri
        if given is None:
            known = validator.get_default_redirect_uri(client_id, request)
        else:
            known = given if validator.validate_redirect_uri(client_id, given, request) else None
        if not known:
            super()._handle_redirects(request)
            return
        request.redirect_uri, request.using_default_redirect_uri = known, given is None


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
        refresh_token_generator=attrgetter("exchange.pair.refresh"),
        # A callable, because oauthlib takes an expires_in of 0 for 3600 (gap 21).
        expires_in=attrgetter("exchange.expires_in"),
    )
