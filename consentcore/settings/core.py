"""Everything that can be set in the core, by section."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace

from consentcore.hosts import normal_url
from consentcore.settings.mtls import MtlsSettings
from consentcore.settings.processes import LogSettings, ServerSettings, WebSettings, WorkerSettings
from consentcore.settings.protocol import (
    AccountSettings,
    ConsentSettings,
    LimitsSettings,
    OAuthSettings,
    OperatorSettings,
)
from consentcore.settings.registration import RegistrationSettings
from consentcore.settings.schema import setting
from consentcore.settings.theme import ThemeSettings


def _raw(text: str) -> str:
    """A setting whose ``env:NAME`` is not replaced by its value, because who uses it looks there itself."""
    made: str = field(metadata={"help": text, "raw": True})
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
        maximum=30 * 86400,
    )
    oauth: OAuthSettings = field(default_factory=OAuthSettings)
    mtls: MtlsSettings = field(default_factory=MtlsSettings)
    server: ServerSettings = field(default_factory=ServerSettings)
    web: WebSettings = field(default_factory=WebSettings)
    theme: ThemeSettings = field(default_factory=ThemeSettings)
    worker: WorkerSettings = field(default_factory=WorkerSettings)
    limits: LimitsSettings = field(default_factory=LimitsSettings)
    registration: RegistrationSettings = field(default_factory=RegistrationSettings)
    consent: ConsentSettings = field(default_factory=ConsentSettings)
    account: AccountSettings = field(default_factory=AccountSettings)
    operator: OperatorSettings = field(default_factory=OperatorSettings)
    log: LogSettings = field(default_factory=LogSettings)

    def __post_init__(self) -> None:
        for name in ("issuer", "web_url"):
            with contextlib.suppress(ValueError):  # `check` says what is wrong with it
                object.__setattr__(self, name, normal_url(getattr(self, name)))
        if self.mtls.url:
            with contextlib.suppress(ValueError):
                object.__setattr__(self, "mtls", replace(self.mtls, url=normal_url(self.mtls.url)))
        if not self.web_url:
            object.__setattr__(self, "web_url", self.issuer)
        if self.web.secure_cookies is None:
            secure = self.issuer.startswith("https:")
            object.__setattr__(self, "web", replace(self.web, secure_cookies=secure))

    def endpoint_url(self, name: str) -> str:
        """The URL of a protocol endpoint, such as ``token``: of the settings alone, never of a request."""
        return f"{self.issuer.rstrip('/')}/{self.oauth.prefix.strip('/')}/{name}"

    def mtls_endpoint_url(self, name: str) -> str:
        """Where the same endpoint asks for certificates (``mtls_endpoint_aliases`` of RFC 8705 section 5); "" where
        that is nowhere else."""
        base = self.mtls.url.rstrip("/")
        return f"{base}/{self.oauth.prefix.strip('/')}/{name}" if base else ""

    def endpoint_urls(self, name: str) -> tuple[str, ...]:
        """Every URL under which a client may know a protocol endpoint."""
        alias = self.mtls_endpoint_url(name)
        return (self.endpoint_url(name), alias) if alias else (self.endpoint_url(name),)
