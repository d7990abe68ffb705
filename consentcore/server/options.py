"""What ``consentcore serve`` can be told, checked in one place."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

from consentcore.domain.address import no_networks
from consentcore.domain.errors import ConfigurationError
from consentcore.logs.formats import FORMATS, LEVELS

DEFAULT_APP = "consentcore.app:build_wsgi"
DEFAULT_WORKER = "consentcore.worker.worker:run_worker"
_SEE_OFF_S = 1.0
MODES = ("direct", "proxied")


@dataclass(frozen=True)
class ServeOptions:
    """Everything the supervisor and its children need to know.

    :param ini: path of the INI file; handed to ``app`` and ``worker`` as their first argument.
    :param host: address or name to listen on, IPv4 or IPv6.
    :param port: 0 to 65535; 0 lets the system choose and the choice is printed.
    :param mode: ``direct`` faces the network and drops forwarding headers; ``proxied`` believes them when
        they come from ``trusted_proxies``.
    :param workers: web processes, 1 to 64.
    :param threads: requests that one web process works on at a time, 1 to 64. Connections that are still
        sending their request occupy none of them.
    :param embedded_worker: run one worker as a further child.
    :param drain_s: seconds that requests in flight get after SIGTERM.
    :param linger_s: seconds for which a web process in ``proxied`` mode goes on taking connections after SIGTERM.
    :param app: ``module:function`` from INI path to WSGI application, called once in every web process.
    :param worker: ``module:function`` taking the INI path and a ``threading.Event`` that is set to end it.
    :param max_body_bytes: larger request bodies are answered with 413.
    :param body_timeout_s: seconds for a whole request body to arrive; then 408.
    :param header_timeout_s: seconds for a request head to arrive, and for an idle connection to be kept.
    :param max_connections: open connections of one web process; more wait in the system's queue.
    :param trusted_proxies: addresses or networks whose forwarding headers are believed in ``proxied`` mode.
    :param certificate_header: which of their headers holds the client's certificate, see ``forwarded.Forwarded``.
    :param access_log: one INFO line a request on the logger ``consentcore.access``, whatever ``log_level`` is.
    :param log_format: ``text`` or ``json``.
    :param log_level: of ``logs.LEVELS``; both for every process.
    :raises ConfigurationError: with one line for each value that is out of range.
    """

    ini: str
    host: str = "127.0.0.1"
    port: int = 6543
    mode: str = "direct"
    workers: int = 1
    threads: int = 4
    embedded_worker: bool = False
    drain_s: float = 10.0
    linger_s: float = 11.0
    app: str = DEFAULT_APP
    worker: str = DEFAULT_WORKER
    max_body_bytes: int = 256 * 1024
    body_timeout_s: float = 15.0
    header_timeout_s: float = 10.0
    max_connections: int = 1024
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    certificate_header: str = ""
    access_log: bool = False
    log_format: str = "text"
    log_level: str = "info"

    def __post_init__(self) -> None:
        problems = [
            *_out_of_range("port", self.port, 0, 65535),
            *_out_of_range("workers", self.workers, 1, 64),
            *_out_of_range("threads", self.threads, 1, 64),
            *_out_of_range("drain_s", self.drain_s, 0, 600),
            *_out_of_range("linger_s", self.linger_s, 0, 600),
            *_out_of_range("max_body_bytes", self.max_body_bytes, 1024, 64 * 1024 * 1024),
            *_out_of_range("body_timeout_s", self.body_timeout_s, 1, 600),
            *_out_of_range("header_timeout_s", self.header_timeout_s, 1, 600),
            *_out_of_range("max_connections", self.max_connections, 16, 65536),
        ]
        if self.mode not in MODES:
            problems.append(f"consentcore.server.mode: expected direct or proxied, not {self.mode!r}")
        problems.extend(
            f"{name}: expected module:function, not {value!r}"
            for name, value in (("app", self.app), ("worker", self.worker))
            if value.count(":") != 1
        )
        problems.extend(
            f"consentcore.log.{name}: expected one of {', '.join(known)}, not {value!r}"
            for name, value, known in (
                ("format", self.log_format, FORMATS),
                ("level", self.log_level, LEVELS),
            )
            if value not in known
        )
        problems.extend(_bad_networks(self.trusted_proxies))
        if problems:
            raise ConfigurationError(problems)

    @property
    def lingering_s(self) -> float:
        """How long a web process goes on taking connections after SIGTERM, in its mode."""
        return self.linger_s if self.mode == "proxied" else min(_SEE_OFF_S, self.drain_s)

    def to_json(self) -> str:
        """One line of JSON from which ``from_json`` makes an equal object, for handing to a child."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ServeOptions:
        """The inverse of ``to_json``."""
        members = json.loads(text)
        members["trusted_proxies"] = tuple(members["trusted_proxies"])
        return cls(**members)


def _out_of_range(name: str, value: float, low: int, high: int) -> list[str]:
    if low <= value <= high:
        return []
    return [f"consentcore.server.{name}: expected {low} to {high}, not {value}"]


def _bad_networks(values: tuple[str, ...]) -> list[str]:
    expected = "consentcore.server.trusted_proxies: expected addresses or networks"
    return [f"{expected}, not {wrong!r}" for wrong in no_networks(values)]
