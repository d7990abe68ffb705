"""What every endpoint of the authorization server works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.domain.event_kinds import EventType
    from consentcore.domain.scope import Catalog
    from consentcore.oauth.client_auth.key_source import KeySource
    from consentcore.oauth.client_auth.rate_limits import RateLimitedAuthenticator
    from consentcore.oauth.client_documents import ClientDocuments
    from consentcore.oauth.signing_keys import SigningKeys
    from consentcore.oauth.token_secrets import Lifetimes
    from consentcore.ports.extension import TokenContext
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.settings import CoreSettings

Compromised = Callable[[str, str, "EventType"], None]
"""``(family_id, grant_id, what)``: kill the family, append the security event, tell the operator."""
Claims = Callable[["TokenContext"], Mapping[str, object]]
"""The claims that plugins add to what is said of a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerContext:
    """The collaborators of one authorization server, shared by all its endpoints and by all threads.

    :ivar compromised: called when a code was replayed or a refresh token reused; kills the family before it returns.
    :ivar claims: extra members of an introspection answer and of a JWT; reserved ones are an error. None where no
        plugin has any.
    :ivar used: called with the id of a grant when an API asks about a live token of it; writes nothing itself.
    :ivar authenticator: identifies and authenticates clients within their limits.
    :ivar client_keys: what clients sign with.
    :ivar documents: what clients say of themselves whose id is a URL; None where there are none.
    :ivar signing: the keys of JWT access tokens and of signed answers.
    :ivar acr_values: what a sign-in can be; empty while that is not known.
    """

    storage: Storage
    keys: KeyRing
    clock: Clock
    catalog: Catalog
    settings: CoreSettings
    lifetimes: Lifetimes
    compromised: Compromised
    claims: Claims | None
    used: Callable[[str], None]
    authenticator: RateLimitedAuthenticator
    client_keys: KeySource
    documents: ClientDocuments | None = None
    signing: SigningKeys
    acr_values: tuple[str, ...] = ()
