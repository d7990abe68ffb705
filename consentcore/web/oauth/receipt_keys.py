"""``GET /.well-known/consent-receipt-keys.json``: the public keys that receipts are checked with (RFC 7517)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.web.oauth.adapter import document

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="evidence.keys", require_csrf=False)
def receipt_keys(request: Request) -> Response:
    """Publish the keys; nothing in it comes from the request."""
    return document(request, "application/jwk-set+json", request.runtime.receipts.key_set)
