"""Clients: the applications of ISVs, and the APIs that introspect tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from consentcore.domain.secret import digest
from consentcore.domain.self_registration import SelfRegistration

CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What the id of a client may be."""


class ClientKind(StrEnum):
    """What a client may do."""

    APPLICATION = "application"
    RESOURCE_SERVER = "resource_server"


class AuthMethod(StrEnum):
    """``token_endpoint_auth_method`` of RFC 7591 section 2.

    ``SECRET`` accepts both ``client_secret_basic`` and ``client_secret_post``; every other one is enforced.
    """

    SECRET = "client_secret"
    SECRET_BASIC = "client_secret_basic"
    SECRET_POST = "client_secret_post"
    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS_CLIENT_AUTH = "tls_client_auth"
    SELF_SIGNED_TLS_CLIENT_AUTH = "self_signed_tls_client_auth"
    NONE = "none"


SECRET_METHODS = frozenset({AuthMethod.SECRET, AuthMethod.SECRET_BASIC, AuthMethod.SECRET_POST})
"""Methods of a client that shares a secret with the server."""
TLS_METHODS = frozenset({AuthMethod.TLS_CLIENT_AUTH, AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH})
"""Methods of a client that shows a certificate with TLS (RFC 8705 section 2)."""


FAPI2 = "fapi2"
"""The FAPI 2.0 Security Profile, as a setting and a registration name it."""


class TokenFormat(StrEnum):
    """What the access tokens of a client look like."""

    OPAQUE = "opaque"
    JWT = "jwt"


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A hashed secret. Several may be live at once, so that one can be rotated without downtime."""

    hash: bytes
    created_at: int
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Halt:
    """Since when an application is kept out, by whom, and why.

    :ivar at: in milliseconds.
    :ivar by: an operator, as the system knows them.
    :ivar reason: what they typed; data
        owners and the application's makers may read it.
    """

    at: int
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Suspension:
    """A time in which an application was kept out for a while; it is over.

    :ivar since: its first moment, in milliseconds since the epoch.
    :ivar until: the first one after it.
    """

    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client (RFC 7591 section 2, in our words).

    ``client_id`` is 1 to 64 characters of ``[A-Za-z0-9_-]``. ``redirect_uris`` are compared byte for byte.
    ``scopes`` are what it may ask for (or, for a resource server, what it may introspect). ``purpose``,
    ``publisher``, ``website`` and ``privacy_url`` are the ISV's own words and are shown as such. ``contact_email``
    is told when its webhooks fail; "" when nobody is to be told.

    :ivar jwks: a JWK set of public keys as JSON text, for ``private_key_jwt``, or with certificates for
        ``self_signed_tls_client_auth``; "" without one.
    :ivar jwks_uri: where that set is fetched instead; "" without one.
    :ivar require_par: whether authorization requests must have been pushed (RFC 9126 section 6).
    :ivar access_token_format: opaque, or a JWT of RFC 9068.
    :ivar audiences: APIs that an application may ask tokens for, as URIs (resource indicators of RFC 8707); of a
        resource server, those that it answers to.
    :ivar disabled: how it came that it is not enabled; None where it is, or where that was not noted.
    :ivar suspended: by whom it is kept out for a while; None while it is not. Its grants stand.
    :ivar suspensions: those that are over, the oldest first.
    :ivar assertion_audience: what ``aud`` of its assertions may be where no setting says so for all: ``issuer`` alone,
        or with ``endpoint`` the token endpoint and the endpoint that is called too, as with "", which is a client of
        before.
    :ivar optional_scopes: those of ``scopes`` that it can do without, besides what the catalog says is optional: the
        owner ticks them or not.
    :ivar verified_at: when the operator checked who is behind it, in milliseconds; None when nobody did. Pages say it
        beside its name.
    :ivar dpop_bound_access_tokens: whether its access tokens must be bound to a key that it proves (RFC 9449 section
        5.2).
    :ivar require_signed_request_object: whether its authorization requests must be pushed as request objects (RFC 9101
        section 10.5).
    :ivar request_object_signing_alg: the one algorithm that signs them; "" for any that we accept.
    :ivar authorization_signed_response_alg: the algorithm that signs the answers to its authorization requests (JARM
        section 3): each of them, where it is named; "" for those that ask for it alone, by our own algorithm.
    :ivar introspection_signed_response_alg: the same for answers to its introspection requests (RFC 9701 section 6),
        but that only those are signed that ask for it.
    :ivar profile: ``fapi2`` where it is held to the FAPI 2.0 Security Profile; "" where only the server's setting is.
    :ivar tls_client_auth: for ``tls_client_auth``: the one name in its certificate by which it is known (RFC 8705
        section 2.1.2), as ``subject_dn``, ``san_dns``, ``san_uri``, ``san_ip`` or ``san_email``, a colon and the name;
        else "".
    :ivar tls_client_certificate_bound_access_tokens: whether its access tokens must be bound to the certificate that it
        shows with TLS (RFC 8705 section 3.4).
    :ivar grant_management: whether it may manage its grants by Grant Management for OAuth 2.0, where that is on.
    :ivar logo: which :class:`ClientLogo` there is of it, as the first 16 hexadecimal digits of the SHA-256 of its
        content; "" when there is none, and pages show a letter.
    :ivar self_registered: how it registered itself; None where an operator has registered it. Pages and evidence say
        it, and no name of its own makes it somebody that we know.
    :ivar authorization_details_types: types of authorization details (RFC 9396 section 10) that it may ask for; of a
        resource server, those that it is told of. Without any an application may ask for none, and a resource server is
        told of all that the tokens have that it may know of.
    """

    client_id: str
    name: str
    created_at: int
    kind: ClientKind = ClientKind.APPLICATION
    auth_method: AuthMethod = AuthMethod.SECRET
    secrets: tuple[ClientSecret, ...] = ()
    redirect_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    publisher: str = ""
    website: str = ""
    privacy_url: str = ""
    purpose: str = ""
    require_pkce: bool = False
    enabled: bool = True
    contact_email: str = ""
    jwks: str = ""
    jwks_uri: str = ""
    require_par: bool = False
    access_token_format: TokenFormat = TokenFormat.OPAQUE
    audiences: tuple[str, ...] = ()
    disabled: Halt | None = None
    suspended: Halt | None = None
    assertion_audience: str = ""
    optional_scopes: tuple[str, ...] = ()
    authorization_details_types: tuple[str, ...] = ()
    verified_at: int | None = None
    logo: str = ""
    dpop_bound_access_tokens: bool = False
    profile: str = ""
    tls_client_auth: str = ""
    tls_client_certificate_bound_access_tokens: bool = False
    grant_management: bool = False
    suspensions: tuple[Suspension, ...] = ()
    self_registered: SelfRegistration | None = None
    require_signed_request_object: bool = False
    request_object_signing_alg: str = ""
    authorization_signed_response_alg: str = ""
    introspection_signed_response_alg: str = ""
    seal: bytes = field(default=b"", compare=False, repr=False)

    @property
    def unknown(self) -> bool:
        """Whether it has registered itself, and no operator has checked who it is."""
        return self.self_registered is not None and self.verified_at is None

    @property
    def resources(self) -> tuple[str, ...]:
        """The name that ``audiences`` had in version 1 of the plugin API."""
        return self.audiences

    @property
    def in_service(self) -> bool:
        """Whether it may get and use tokens: neither disabled nor suspended."""
        return self.enabled and self.suspended is None

    def was_suspended(self, at: int) -> bool:
        """Whether it was kept out for a while at a moment, in milliseconds since the epoch."""
        lasts = self.suspended is not None and at >= self.suspended.at
        return lasts or any(one.since <= at < one.until for one in self.suspensions)

    @property
    def public(self) -> bool:
        """Whether the client cannot keep a secret (RFC 6749 section 2.1)."""
        return self.auth_method is AuthMethod.NONE

    def live_secrets(self, now: int) -> tuple[ClientSecret, ...]:
        """The secrets that are accepted at ``now``, newest first."""
        return tuple(one for one in self.secrets if one.expires_at is None or now < one.expires_at)

    def knows_secret(self, presented: str, now: int) -> bool:
        """Compare a presented secret with every live one, in constant time."""
        from hmac import compare_digest

        hashed = digest(presented)
        found = False
        for secret in self.secrets:
            live = secret.expires_at is None or now < secret.expires_at
            found |= compare_digest(hashed, secret.hash) and live
        return found


@dataclass(frozen=True, slots=True)
class ClientLogo:
    """The picture that pages show beside the name of a client; fetched once and served by us.

    :ivar content_type: ``image/png``, ``image/jpeg`` or ``image/webp``.
    :ivar content: at most 60 kB.
    :ivar fetched_at: in milliseconds.
    """

    client_id: str
    content_type: str
    content: bytes
    fetched_at: int


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """How an endpoint has answered lately; times in milliseconds since the epoch, None for never.

    :ivar failing_since: the first of an unbroken row of failures; None while the last answer was a success.
    :ivar warned_at: when somebody was told of that row.
    :ivar slow_until: until then nothing is sent on schedule, because it asked for time (429, 502, 503, 504).
    """

    failing_since: int | None = None
    last_failure_at: int | None = None
    last_success_at: int | None = None
    warned_at: int | None = None
    slow_until: int | None = None


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """Where an ISV wants to be told.

    :ivar secrets: sealed by the key ring (purpose ``webhook``), newest first; every live one signs.
    :ivar events: notice kinds it wants; empty means all that concern its client.
    """

    endpoint_id: str
    client_id: str
    url: str
    created_at: int
    secrets: tuple[SealedSecret, ...] = ()
    events: tuple[str, ...] = field(default=())
    disabled_at: int | None = None
    disabled_reason: str = ""
    health: EndpointHealth = field(default=EndpointHealth())
    seal: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A reversible secret as it is stored: encrypted, with the time after which it no longer signs."""

    sealed: str
    created_at: int
    expires_at: int | None = None
