"""What can be set about the processes and what they show: names, types and defaults."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

from consentcore.hosts import ascii_host, ascii_url
from consentcore.logs.formats import FORMATS, LEVELS
from consentcore.settings.schema import Secret, setting

_DAY_S = 86400


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
    theme: Path | None = setting(
        "Folder whose templates win over the built-in ones; so do the catalogs in its `locales`.",
        default=None,
    )
    default_locale: str = setting(
        "Language of pages and mails for whoever has chosen none and whose browser accepts none that is offered: the "
        "tag of one that has a catalog, or en.",
        default="en",
    )
    operator_name: str = setting("What the pages call the company.", default="Your Energy Company")
    support_email: str = setting("Shown on the pages and in mails.", default="")
    support_phone: str = setting(
        "Shown in mails and on receipts, as people dial it: how to stop an access without the pages.",
        default="",
    )
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


def _with_ascii_domain(address: str) -> str:
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{ascii_host(domain)}" if at and not domain.isascii() else address


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
