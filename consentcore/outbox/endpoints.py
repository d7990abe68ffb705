"""Webhook endpoints and their signing secrets: minted, sealed and opened in one way."""

from __future__ import annotations

import logging
import secrets
import uuid
from base64 import b64encode

from consentcore.domain.client import SealedSecret, WebhookEndpoint
from consentcore.domain.errors import KeyUnavailable
from consentcore.ports.keys import KeyRing

log = logging.getLogger("consentcore.worker")

PURPOSE = "webhook"
SECRET_PREFIX = "whsec_"
SECRET_BYTES = 32


def make_endpoint(keys: KeyRing, client_id: str, url: str, now: int) -> tuple[WebhookEndpoint, str]:
    """Make an endpoint that stores nothing yet, and its secret in clear (Standard Webhooks: ``whsec_`` and base64).

    :param url: checked by the caller, see :meth:`consentcore.egress.EgressPolicy.check_url`.
    :param now: milliseconds since the epoch.
    """
    endpoint_id = f"ep_{uuid.uuid4().hex}"
    secret = SECRET_PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    sealed = seal_secret(keys, endpoint_id, secret, now)
    return WebhookEndpoint(endpoint_id, client_id, url, now, secrets=(sealed,)), secret


def seal_secret(keys: KeyRing, endpoint_id: str, secret: str, now: int) -> SealedSecret:
    """Encrypt a secret for its endpoint; under another endpoint's id it does not open."""
    return SealedSecret(keys.seal(PURPOSE, secret.encode(), endpoint_id), now)


def live_secrets(keys: KeyRing, endpoint: WebhookEndpoint, now: int) -> tuple[str, ...]:
    """Open the secrets of an endpoint that have not run out at ``now``, newest first.

    One that cannot be opened is left out and logged: the endpoint stays listed, so that its notices wait instead
    of being lost.
    """
    opened: list[str] = []
    for secret in endpoint.secrets:
        if secret.expires_at is not None and secret.expires_at <= now:
            continue
        try:
            opened.append(keys.open(PURPOSE, secret.sealed, endpoint.endpoint_id).decode())
        except (KeyUnavailable, ValueError):
            log.error("a secret of endpoint %s cannot be opened", endpoint.endpoint_id)
    return tuple(opened)
