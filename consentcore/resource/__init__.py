"""For the APIs that take the tokens: check tokens (RFC 6750), by asking (RFC 7662) or by signature (RFC 9068),
and the keys and certificates that they are bound to (RFC 9449, RFC 8705); tell clients what they need (RFC 9728).

Needs nothing of the server. ``consentcore.resource.pyramid`` has the view decorator, ``consentcore.resource.asgi`` a
middleware for asynchronous applications, ``consentcore.resource.auth_request`` what nginx asks.
"""

from consentcore.resource.bearer import Checker, Refused, Token, Unavailable
from consentcore.resource.certificates import ProxyCertificate
from consentcore.resource.introspection import Introspection
from consentcore.resource.jwt import JwtVerifier
from consentcore.resource.metadata import ProtectedResource
from consentcore.resource.possession import Possession
from consentcore.resource.sign_in import SignIn
from consentcore.resource.wsgi import BearerMiddleware

__all__ = [
    "BearerMiddleware",
    "Checker",
    "Introspection",
    "JwtVerifier",
    "Possession",
    "ProtectedResource",
    "ProxyCertificate",
    "Refused",
    "SignIn",
    "Token",
    "Unavailable",
]
