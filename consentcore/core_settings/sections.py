"""What can be set in the core: names, types and defaults."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass, field, replace
from pathlib import Path

from consentcore.hooks.info import Secret, setting
from consentcore.hosts import ascii_host, ascii_url, normal_url
from consentcore.logs.formats import FORMATS, LEVELS

_DAY_S = 86400


@dataclass(frozen=True)
class OAuthSettings:
    """``consentcore.oauth.*``: the protocol."""

    prefix: str = setting("Path under which the protocol endpoints stand.", default="/ecostruxure/v1/oauth")
    code_ttl_s: int = setting("Life of an authorization code.", default=60, minimum=1, maximum=600)
    access_token_ttl_s: int = setting("Life of an access token.", default=3600, minimum=1, maximum=_DAY_S)
    refresh_token_ttl_s: int = setting(
        "Life of a refresh token without offline_access, from the exchange of the code.",
        default=_DAY_S,
        minimum=1,
        maximum=3650 * _DAY_S,
    )
    offline_refresh_token_ttl_s: int = setting(
        "Life of a refresh token with offline_access, from its last use.",
        default=180 * _DAY_S,
        minimum=1,
        maximum=3650 * _DAY_S,
    )
    refresh_grace_s: int = setting(
        "How long the immediate predecessor of a refresh token still gives the same successor; 0 turns it off.",
        default=60,
        minimum=0,
        maximum=300,
    )
    interaction_ttl_s: int = setting(
        "How long the consent page may be left unanswered.", default=600, minimum=1, maximum=_DAY_S
    )
    require_pkce: bool = setting("Demand PKCE (S256) from confidential clients too.", default=False)
    require_par: bool = setting(
        "Refuse authorization requests that were not pushed (RFC 9126); a client may demand it for itself.",
        default=False,
    )
    par_ttl_s: int = setting("Life of a pushed authorization request.", default=60, minimum=5, maximum=600)
    assertion_audience: str | None = setting(
        "What aud of a client assertion may be, for all clients: with issuer nothing but the issuer; with endpoint the "
        "token endpoint or the endpoint that it is sent to as well. Empty: as each client is registered, which is "
        "issuer by default, and endpoint for those that are older than that.",
        default=None,
        choices=("endpoint", "issuer"),
    )
    jwt_signing_alg: str = setting(
        "What signs JWT access tokens; both kinds of keys are published.",
        default="ES256",
        choices=("ES256", "EdDSA"),
    )
    jwt_default_audience: str = setting(
        "The aud of a JWT access token for which no resource was asked; empty: the issuer.", default=""
    )


@dataclass(frozen=True)
class ServerSettings:
    """``consentcore.server.*``: the web processes."""

    mode: str = setting(
        "direct faces the network; proxied stands behind a proxy that buffers requests.",
        default="direct",
        choices=("direct", "proxied"),
    )
    workers: int = setting("Web processes.", default=1, minimum=1, maximum=64)
    threads: int = setting(
        "Requests that one web process works on at a time.", default=4, minimum=1, maximum=64
    )
    max_body_bytes: int = setting(
        "Largest request body.", default=256 * 1024, minimum=1024, maximum=64 * 1024 * 1024
    )
    body_timeout_s: float = setting(
        "Time for a whole request body to arrive.", default=15.0, minimum=1, maximum=600
    )
    header_timeout_s: float = setting(
        "Time for a request head to arrive, and for an idle connection to be kept.",
        default=10.0,
        minimum=1,
        maximum=600,
    )
    max_connections: int = setting(
        "Open connections of one web process.", default=1024, minimum=16, maximum=65536
    )
    drain_s: float = setting(
        "Time for requests in flight after SIGTERM.", default=10.0, minimum=0, maximum=600
    )
    linger_s: float = setting(
        "In proxied mode: how long the web processes go on taking connections after SIGTERM before that, so that a "
        "proxy which leaves out for a while whom it has found closed (nginx: 10 s) has another one again.",
        default=11.0,
        minimum=0,
        maximum=600,
    )
    trusted_proxies: tuple[str, ...] = setting(
        "Addresses or networks whose forwarding headers are believed in proxied mode.",
        default=("127.0.0.1", "::1"),
    )
    access_log: bool = setting("One line a request, without query strings.", default=False)


@dataclass(frozen=True)
class WebSettings:
    """``consentcore.web.*``: the pages."""

    secure_cookies: bool | None = setting(
        "Cookies over https only; empty: when the issuer is https.", default=None
    )
    hsts_s: int = setting(
        "Strict-Transport-Security; 0 leaves it out.", default=0, minimum=0, maximum=_DAY_S * 730
    )
    hsts_include_subdomains: bool = setting(
        "Strict-Transport-Security counts for every subdomain of the host too (includeSubDomains): only where all of "
        "them, whoever runs them, speak https.",
        default=False,
    )
    session_ttl_s: int = setting(
        "Life of a browser session.", default=12 * 3600, minimum=1, maximum=30 * _DAY_S
    )
    theme: Path | None = setting("Folder whose templates win over the built-in ones.", default=None)
    operator_name: str = setting("What the pages call the company.", default="Your Energy Company")
    support_email: str = setting("Shown on the pages and in mails.", default="")
    privacy_url: str = setting("The company's privacy notice.", default="")
    complaint_url: str = setting(
        "Where a data owner can complain, such as the supervisory authority.", default=""
    )
    metrics: tuple[str, ...] = setting(
        "Networks (CIDR) that may read /metrics; not through a proxy that adds forwarding headers. Empty: nobody.",
        default=("127.0.0.0/8", "::1/128"),
    )
    metrics_token: Secret = setting(
        "Whoever sends it as Authorization: Bearer may read /metrics from anywhere. At least 16 characters.",
        default=Secret(""),
    )

    def __post_init__(self) -> None:
        # What cannot be written so stays as it is, for `check` to say.
        for name, write in (
            ("support_email", _with_ascii_domain),
            ("privacy_url", ascii_url),
            ("complaint_url", ascii_url),
        ):
            with contextlib.suppress(ValueError):
                object.__setattr__(self, name, write(getattr(self, name)))


@dataclass(frozen=True)
class WorkerSettings:
    """``consentcore.worker.*``: what runs beside the web processes."""

    embedded: bool = setting("`consentcore serve` runs one worker as a child.", default=False)
    threads: int = setting("Deliveries at a time.", default=16, minimum=1, maximum=64)
    poll_s: float = setting(
        "How often the outbox is looked at, one cheap read each time; how late a notice can start.",
        default=0.05,
        minimum=0.01,
        maximum=60,
    )
    poll_max_s: float = setting(
        "Longest pause between two looks at a storage that answers slowly.",
        default=2.0,
        minimum=0.01,
        maximum=300,
    )
    per_target: int = setting(
        "Deliveries at a time to one target, so that a slow one does not hold up the others.",
        default=4,
        minimum=1,
        maximum=64,
    )
    lease_s: float = setting(
        "What a worker takes is its own for so long; others wait so long for what a killed one had. At least 4/3 of "
        "what one try may take.",
        default=40.0,
        minimum=2,
        maximum=3600,
    )
    drain_s: float = setting(
        "Time for deliveries in flight after SIGTERM.", default=10.0, minimum=0, maximum=600
    )
    metrics_listen: str = setting(
        "HOST:PORT where the worker answers Prometheus, such as 127.0.0.1:9464, to whoever asks; empty: nowhere.",
        default="",
    )


@dataclass(frozen=True)
class LimitsSettings:
    """``consentcore.limits.*``: how often somebody may ask. 0 is no limit."""

    token_per_client: int = setting(
        "Requests a minute to the token endpoint from one client at one address, counted in each web process; "
        "0: no limit.",
        default=300_000,
        minimum=0,
        maximum=10_000_000,
    )
    introspect_per_client: int = setting(
        "The same for the introspection endpoint.", default=300_000, minimum=0, maximum=10_000_000
    )
    revoke_per_client: int = setting(
        "The same for the revocation endpoint.", default=300_000, minimum=0, maximum=10_000_000
    )
    par_per_client: int = setting(
        "The same for pushed authorization requests, each of which is stored for a while.",
        default=30_000,
        minimum=0,
        maximum=10_000_000,
    )
    api_per_client: int = setting(
        "The same for /api/v1, where a request may read and write more.",
        default=30_000,
        minimum=0,
        maximum=10_000_000,
    )
    requests_per_address: int = setting(
        "Requests a minute from one address to all these endpoints, whoever sends them, counted in each web "
        "process; 0: no limit.",
        default=0,
        minimum=0,
        maximum=10_000_000,
    )
    asking_per_owner: int = setting(
        "Authorization requests a minute of one application that one signed-in data owner has to be asked about, "
        "counted in each web process; those beyond are answered with temporarily_unavailable. 0: no limit.",
        default=120,
        minimum=0,
        maximum=1_000_000,
    )
    failures_per_client: int = setting(
        "Wrong secrets a minute for one client from one address, counted for all processes; then the refusal is "
        "429 instead of 401. The right secret is accepted all the same. 0: no limit.",
        default=300,
        minimum=0,
        maximum=1_000_000,
    )
    failures_per_address: int = setting(
        "The same for one address over all clients.", default=3000, minimum=0, maximum=1_000_000
    )


@dataclass(frozen=True)
class ConsentSettings:
    """``consentcore.consent.*``: rules for grants."""

    default_days: int = setting(
        "How long a grant lasts unless a scope of it ends earlier.", default=365, minimum=1, maximum=3650
    )


@dataclass(frozen=True)
class AccountSettings:
    """``consentcore.account.*``: accounts whose passwords are kept here, and addresses that change."""

    reset_link_ttl_s: int = setting(
        "How long the link in a mail to somebody who forgot their password works.",
        default=3600,
        minimum=60,
        maximum=_DAY_S,
    )
    email_link_ttl_s: int = setting(
        "How long both addresses have to confirm a change of address.",
        default=_DAY_S,
        minimum=60,
        maximum=30 * _DAY_S,
    )
    old_address_days: int = setting(
        "How long after a change of address the old one is told of everything too.",
        default=30,
        minimum=0,
        maximum=3650,
    )
    mails_per_account: int = setting(
        "Such mails of a kind that one network address, or one account, may ask for to one mailbox within an hour.",
        default=3,
        minimum=1,
        maximum=1000,
    )
    mails_per_mailbox: int = setting(
        "Such mails of a kind to one mailbox within an hour, whoever asks; at least mails_per_account.",
        default=30,
        minimum=1,
        maximum=10_000,
    )
    mails_per_address: int = setting(
        "Requests for such mails from one network address within an hour.",
        default=20,
        minimum=1,
        maximum=1_000_000,
    )


def _word(text: str, default: str, choices: tuple[str, ...]) -> str:
    """A setting of one word, capital letters or not."""
    meta = {"help": text, "choices": choices, "any_case": True}
    made: str = field(default=default, metadata=meta)
    return made


@dataclass(frozen=True)
class LogSettings:
    """``consentcore.log.*``: what `serve` and `worker` write on stderr, all their processes alike."""

    format: str = _word(
        "text for people; json: one object a line, with time, level, logger, message and, in the lines of a request, "
        "request_id.",
        "text",
        FORMATS,
    )
    level: str = _word("From which level on lines are written.", "info", LEVELS)


@dataclass(frozen=True)
class OperatorSettings:
    """``consentcore.operator.*``: the people who run it."""

    email: str = setting("Where security notices go; empty: nowhere.", default="")


def _with_ascii_domain(address: str) -> str:
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{ascii_host(domain)}" if at and not domain.isascii() else address


def _raw(text: str) -> str:
    """A setting whose ``env:NAME`` is not replaced by its value, because who uses it looks there itself."""
    made: str = dataclasses.field(metadata={"help": text, "raw": True})
    return made


@dataclass(frozen=True)
class CoreSettings:
    """Everything that can be set in the core. ``web_url`` and ``web.secure_cookies`` follow the issuer when unset.

    The origins of ``issuer`` and ``web_url`` are as browsers write them (RFC 6454 section 6.2): no capitals, no default
    port, no dot at the end. Browsers name it so in what they send, and applications compare byte for byte.
    """

    issuer: str = setting(
        "Base URL of the protocol (RFC 8414 section 2), such as https://consent.example.com; host and port as browsers "
        "write them."
    )
    keys: str = _raw("The key ring: a file, env:NAME or provider:NAME.")
    storage: str = setting("The storage plugin.")
    login: str = setting("The login plugin.")
    scopes: tuple[str, ...] = setting("One or more plugins with scope catalogs.")
    web_url: str = setting("Base URL of the pages and of links in mails; empty: the issuer.", default="")
    notifiers: tuple[str, ...] = setting("Plugins that tell people of events.", default=())
    extensions: tuple[str, ...] = setting("Plugins of every other kind.", default=())
    key_lead_s: int = setting(
        "How long `keys rotate` publishes a new key before anything is made with it.",
        default=3600,
        minimum=600,
        maximum=30 * _DAY_S,
    )
    oauth: OAuthSettings = field(default_factory=OAuthSettings)
    server: ServerSettings = field(default_factory=ServerSettings)
    web: WebSettings = field(default_factory=WebSettings)
    worker: WorkerSettings = field(default_factory=WorkerSettings)
    limits: LimitsSettings = field(default_factory=LimitsSettings)
    consent: ConsentSettings = field(default_factory=ConsentSettings)
    account: AccountSettings = field(default_factory=AccountSettings)
    operator: OperatorSettings = field(default_factory=OperatorSettings)
    log: LogSettings = field(default_factory=LogSettings)

    def __post_init__(self) -> None:
        for name in ("issuer", "web_url"):
            with contextlib.suppress(ValueError):  # `check` says what is wrong with it
                object.__setattr__(self, name, normal_url(getattr(self, name)))
        if not self.web_url:
            object.__setattr__(self, "web_url", self.issuer)
        if self.web.secure_cookies is None:
            secure = self.issuer.startswith("https:")
            object.__setattr__(self, "web", replace(self.web, secure_cookies=secure))

    def endpoint_url(self, name: str) -> str:
        """The URL of a protocol endpoint, such as ``token``: of the settings alone, never of a request."""
        return f"{self.issuer.rstrip('/')}/{self.oauth.prefix.strip('/')}/{name}"
