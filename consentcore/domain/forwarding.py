"""Headers by which a request shows that somebody passed it on."""

from __future__ import annotations

import re
from collections.abc import Iterable

FORWARDED = "consentcore.forwarded"
"""In a WSGI environ: the request came through a proxy, so the address of the connection is not the sender's."""

CLIENT_CERTIFICATE = "consentcore.client_certificate"
"""In a WSGI environ: the certificate of the client, as a trusted proxy has told of it. No header is called so."""

# What standards (RFC 7239; Via of RFC 9110 section 7.6.3; CDN-Loop of RFC 8586) and usual proxies, balancers and
# content networks add: X-Forwarded-For, X-Real-IP, True-Client-IP, X-Envoy-External-Address, X-Amzn-Trace-Id …
_SHOWING = re.compile(
    r"via|cdn-loop|max-forwards|surrogate-capability|x-varnish|x-remote-addr|x-amzn-trace-id|x-cloud-trace-context"
    r"|.*forwarded.*|.*-ip|.*-clientip|.*-ipv6|(?:x-envoy|x-original|cf|x-amz-cf|x-azure|x-arr|fly|x-appengine)-.*"
)


def shows_proxy(name: str) -> bool:
    """Whether a request with this header was passed on by a proxy, whatever the header's value is.

    :param name: the header's name in any case; ``_`` counts as ``-``, because some servers take it for that.
    """
    return _SHOWING.fullmatch(name.lower().replace("_", "-")) is not None


def came_through_a_proxy(environ: Iterable[str]) -> bool:
    """Whether a WSGI environ shows a proxy, by its own headers or by :data:`FORWARDED`."""
    return any(
        key == FORWARDED or (key.startswith("HTTP_") and shows_proxy(key.removeprefix("HTTP_")))
        for key in environ
    )
