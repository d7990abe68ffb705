"""The guard of outgoing requests."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from consentcore.domain.errors import ConsentcoreError, InvalidInput
from consentcore.egress.addresses import Address, Network, inside, is_public, parse_networks
from consentcore.egress.target import Target, parse_target
from consentcore.egress.transport import Deadline, exchange, wrap_tls

if TYPE_CHECKING:
    from ssl import SSLContext

PUBLIC_PORTS = frozenset({443, 8443})
MAX_TRIED_ADDRESSES = 4

Resolver = Callable[[str, int], Sequence[str]]


class EgressError(ConsentcoreError):
    """A request got no answer.

    :param error_class: ``dns``, ``connect``, ``tls``, ``timeout``, ``blocked_address`` or ``http``.
    :ivar latency_ms: how long it took to find out.
    """

    def __init__(self, error_class: str, detail: str = "", latency_ms: int = 0) -> None:
        super().__init__(f"{error_class}: {detail}" if detail else error_class)
        self.error_class = error_class
        self.latency_ms = latency_ms


@dataclass(frozen=True, slots=True)
class EgressResponse:
    """An answer: header names in lower case (the first of each), at most 64 kB of body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    latency_ms: int


def system_resolver(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, in the system's order. :raises OSError: when there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class EgressPolicy:
    """Lets https to public addresses on ports 443 and 8443 pass; anything else only inside ``allow_networks``.

    Names are resolved once per request, every address found must be allowed, and the connection goes to an
    address that was checked. Redirects are not followed, proxies of the environment not used.

    :ivar allow_networks: CIDRs where plain http, any port and addresses that are not public are allowed too.
    :ivar timeout_s: seconds for the whole exchange, resolving included; > 0.
    :ivar connect_timeout_s: seconds to connect, within ``timeout_s``.
    :ivar resolver: how names become addresses. :ivar tls: instead of the system's trust store.
    :raises InvalidInput: ``allow_networks``, when one is not a network.
    """

    allow_networks: tuple[str, ...] = ()
    timeout_s: float = 15.0
    connect_timeout_s: float = 5.0
    resolver: Resolver = field(default=system_resolver, repr=False)
    tls: SSLContext | None = field(default=None, repr=False)
    _networks: tuple[Network, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_networks", parse_networks(self.allow_networks, "allow_networks"))

    def check_url(self, url: str) -> None:
        """Tell at registration what :meth:`post` would refuse. A name that cannot be resolved now is left to it.

        :raises InvalidInput: field ``url``.
        """
        target = parse_target(url)
        if not self.allow_networks:
            self._check_plain(target)
        try:
            self._addresses(target, Deadline(self.connect_timeout_s))
        except EgressError as error:
            if error.error_class == "blocked_address":
                raise InvalidInput("url", f"expected {self._expected()}") from None

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> EgressResponse:
        """Send one POST request.

        :raises EgressError: when it is refused, or no complete answer arrives within ``timeout_s``.
        """
        began = time.monotonic()
        try:
            status, found, answer = self._post(url, headers, body)
        except EgressError as error:
            raise EgressError(
                error.error_class, str(error.__cause__ or ""), _since(began)
            ) from error.__cause__
        return EgressResponse(status, found, answer, _since(began))

    def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        deadline = Deadline(self.timeout_s)
        try:
            target = parse_target(url)
        except InvalidInput as error:
            raise EgressError("blocked_address") from error
        addresses = self._addresses(target, deadline)
        sock = self._connect(target, addresses, deadline)
        try:
            return _talk(sock, deadline, target, headers, body)
        finally:
            sock.close()

    def _check_plain(self, target: Target) -> None:
        if not target.tls or target.port not in PUBLIC_PORTS:
            raise InvalidInput("url", f"expected {self._expected()}")

    def _expected(self) -> str:
        allowed = " ".join(self.allow_networks)
        return "https to a public address on port 443 or 8443" + (
            f", or an address in {allowed}" if allowed else ""
        )

    def _addresses(self, target: Target, deadline: Deadline) -> list[Address]:
        known = target.address
        found = _resolve(self.resolver, target, deadline) if known is None else [known]
        # One bad answer condemns all: a name that mixes public and internal addresses is an attack.
        if not all(self._allowed(target, address) for address in found):
            raise EgressError("blocked_address")
        return found

    def _allowed(self, target: Target, address: Address) -> bool:
        if inside(address, self._networks):
            return True
        return target.tls and target.port in PUBLIC_PORTS and is_public(address)

    def _connect(self, target: Target, addresses: Sequence[Address], deadline: Deadline) -> socket.socket:
        failure = EgressError("connect")
        for address in addresses[:MAX_TRIED_ADDRESSES]:
            try:
                wait = min(self.connect_timeout_s, deadline.left())
                sock = socket.create_connection((str(address), target.port), wait)
            except OSError as error:
                failure = EgressError("timeout" if isinstance(error, TimeoutError) else "connect")
                failure.__cause__ = error
                continue
            return self._secured(sock, target, deadline) if target.tls else sock
        raise failure

    def _secured(self, sock: socket.socket, target: Target, deadline: Deadline) -> socket.socket:
        try:
            return wrap_tls(sock, self._context, target.host, deadline)
        except OSError as error:
            sock.close()
            raise EgressError("timeout" if isinstance(error, TimeoutError) else "tls") from error

    @cached_property
    def _context(self) -> SSLContext:
        import ssl

        return self.tls or ssl.create_default_context()


def _talk(
    sock: socket.socket, deadline: Deadline, target: Target, headers: Mapping[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    from http.client import HTTPException

    own = {"Host": target.host_header, **headers}
    try:
        return exchange(sock, deadline, path=target.path, headers=own, body=body)
    except TimeoutError as error:
        raise EgressError("timeout") from error
    except (HTTPException, OSError, ValueError) as error:
        raise EgressError("http") from error


def _resolve(resolver: Resolver, target: Target, deadline: Deadline) -> list[Address]:
    """Ask the resolver in a thread of its own: the system's cannot be told how long to wait."""
    answers: SimpleQueue[Sequence[str] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolver(target.host, target.port))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="consentcore-resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.left())
    except (Empty, TimeoutError) as error:
        raise EgressError("dns") from error
    if isinstance(answer, Exception):
        raise EgressError("dns") from answer
    if not answer:
        raise EgressError("dns")
    return [ip_address(text.partition("%")[0]) for text in answer]


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
