"""Webhook endpoints and their signing secrets: minted, sealed and opened in one way."""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from consentcore.domain.client import SealedSecret, WebhookEndpoint
from consentcore.domain.errors import KeyUnavailable
from consentcore.ports.keys import KeyRing
from consentcore.webhooks.signing import SCHEMES, make_secret, public_key, scheme_of

log = logging.getLogger("consentcore.worker")

PURPOSE = "webhook"
MAX_OLD = 2
"""How many old secrets of a scheme sign beside the new one."""


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint to be stored, new or with new secrets, and what its people are shown once.

    :ivar secret: the new ``whsec_…``, "" when it signs by Ed25519 only.
    :ivar public_key: the new ``whpk_…``, "" when it signs by HMAC only.
    """

    endpoint: WebhookEndpoint
    secret: str = field(default="", repr=False)
    public_key: str = ""


def make_endpoint(
    keys: KeyRing,
    client_id: str,
    url: str,
    now: int,
    *,
    events: Sequence[str] = (),
    schemes: Sequence[str] = ("v1",),
) -> NewEndpoint:
    """Make an endpoint with its secrets; stores nothing.

    :param url: checked by the caller, see :meth:`consentcore.egress.EgressPolicy.check_url`.
    :param now: milliseconds since the epoch.
    :param events: as in :class:`~consentcore.domain.client.WebhookEndpoint`.
    :param schemes: of :data:`consentcore.webhooks.signing.SCHEMES`, at least one.
    """
    bare = WebhookEndpoint(f"ep_{uuid.uuid4().hex}", client_id, url, now, events=tuple(events))
    return _with_secrets(keys, bare, now, schemes, ())


def with_new_secrets(
    keys: KeyRing, endpoint: WebhookEndpoint, now: int, *, keep_ms: int, schemes: Sequence[str] = ()
) -> NewEndpoint:
    """Give an endpoint new secrets; the old ones sign too for a while, so that no receiver has to hurry.

    :param keep_ms: how long; 0 ends them now. At most :data:`MAX_OLD` of a scheme stay, the newest.
    :param schemes: to sign by from now on; empty: as before.
    """
    wanted = schemes or schemes_of(keys, endpoint, now) or ("v1",)
    return _with_secrets(keys, endpoint, now, wanted, _ending(keys, endpoint, now, now + keep_ms))


def schemes_of(keys: KeyRing, endpoint: WebhookEndpoint, now: int) -> tuple[str, ...]:
    """How an endpoint signs, by the secrets that have no end; those that only run out do not count."""
    lasting = replace(endpoint, secrets=tuple(one for one in endpoint.secrets if one.expires_at is None))
    return tuple(sorted({scheme_of(secret) for secret in live_secrets(keys, lasting, now)}))


def public_keys(keys: KeyRing, endpoint: WebhookEndpoint, now: int) -> tuple[str, ...]:
    """The ``whpk_…`` keys that verify what an endpoint is sent, newest first."""
    live = live_secrets(keys, endpoint, now)
    return tuple(public_key(secret) for secret in live if scheme_of(secret) == "v1a")


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


def _with_secrets(
    keys: KeyRing,
    endpoint: WebhookEndpoint,
    now: int,
    schemes: Sequence[str],
    older: Sequence[SealedSecret],
) -> NewEndpoint:
    fresh = {scheme: make_secret(scheme) for scheme in SCHEMES if scheme in schemes}
    sealed = [seal_secret(keys, endpoint.endpoint_id, secret, now) for secret in fresh.values()]
    return NewEndpoint(
        replace(endpoint, secrets=(*sealed, *older)),
        fresh.get("v1", ""),
        public_key(fresh["v1a"]) if "v1a" in fresh else "",
    )


def _ending(keys: KeyRing, endpoint: WebhookEndpoint, now: int, until: int) -> list[SealedSecret]:
    """The live secrets of an endpoint, ending at ``until`` or when they would have ended before."""
    kept: list[SealedSecret] = []
    counted: Counter[str] = Counter()
    for one in endpoint.secrets:
        ends = min(until, one.expires_at or until)
        opened = live_secrets(keys, replace(endpoint, secrets=(one,)), now)
        scheme = scheme_of(opened[0]) if opened else ""
        if ends <= now or counted[scheme] >= MAX_OLD:
            continue
        counted[scheme] += 1
        kept.append(replace(one, expires_at=ends))
    return kept
