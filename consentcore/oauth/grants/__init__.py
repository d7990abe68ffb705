"""The grant types of the token endpoint: one a file, with its name, its parameters and its exchange.

A further one is a file here and a line below. The token endpoint, the parameters that it reads, its messages and the
metadata know of no grant type but by this list.
"""

from consentcore.oauth.grants.authorization_code import AuthorizationCode
from consentcore.oauth.grants.exchange import GrantType
from consentcore.oauth.grants.refresh_token import RefreshToken

GRANT_TYPES: tuple[type[GrantType], ...] = (
    AuthorizationCode,
    RefreshToken,
)
