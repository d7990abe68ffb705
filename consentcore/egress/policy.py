"""The guard of outgoing requests."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from consentcore.domain.errors import InvalidInput
from consentcore.egress.addresses import Address, Network, inside, is_public, parse_networks
from consentcore.egress.answers import EgressError, EgressResponse
from consentcore.egress.connecting import connections
from consentcore.egress.errands import ADDRESS_CHECK, Errand, errand
from consentcore.egress.pool import Pool
from consentcore.egress.resolving import Resolver, resolve, system_resolver
from consentcore.egress.target import Target, parse_target
from consentcore.egress.transport import Connection, Deadline, Received, Stale, wrap_tls

if TYPE_CHECKING:
    from ssl import SSLContext

PUBLIC_PORTS = frozenset({443, 8443})


@dataclass(frozen=True)
class EgressPolicy:
    """Lets https to public addresses on ports 443 and 8443 pass; anything else only inside ``allow_networks``.

    Names are resolved once per request, every address found must be allowed, and the connection goes to an
    address that was checked; several are tried side by side (RFC 8305). Redirects are not followed, proxies of the
    environment not used. A connection that is kept stays at its address, so for a request on it no name is resolved.

    :ivar allow_networks: CIDRs where plain http, any port and addresses that are not public are allowed too.
    :ivar timeout_s: seconds for the whole exchange, resolving included; > 0.
    :ivar connect_timeout_s: seconds to connect, within ``timeout_s``.
    :ivar keep_alive_s: how long a connection may wait for the next request to the same host, in seconds; 0 keeps
        none. Only for receivers that may get a request twice: it is sent again when a kept connection turns out to be
        closed before any answer.
    :ivar resolver: how names become addresses.
    :ivar tls: instead of the system's trust store.
    :raises InvalidInput: ``allow_networks``, when one is not a network.
    """

    allow_networks: tuple[str, ...] = ()
    timeout_s: float = 15.0
    connect_timeout_s: float = 5.0
    keep_alive_s: float = 0.0
    resolver: Resolver = field(default=system_resolver, repr=False)
    tls: SSLContext | None = field(default=None, repr=False)
    _networks: tuple[Network, ...] = field(init=False, repr=False, compare=False)
    _pool: Pool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_networks", parse_networks(self.allow_networks, "allow_networks"))
        object.__setattr__(self, "_pool", Pool(self.keep_alive_s))

    def check_url(self, url: str, sender: str = "") -> None:
        """Tell at registration what :meth:`post` would refuse. A name that cannot be resolved now is left to it,
        unless only an address inside the allowed networks would make its scheme and port good.

        :param sender: the application that asks. Looking its name up is an :func:`errand`: let every other check
            come before.
        :raises InvalidInput: field ``url``.
        :raises Busy: in a request, when the name cannot be looked up now.
        """
        target = parse_target(url)
        ordinary = _is_ordinary(target)
        if not self.allow_networks and not ordinary:
            raise InvalidInput("url", f"expected {self._expected()}")
        try:
            if target.address is None:
                with errand(Errand(ADDRESS_CHECK, target.host, sender)):
                    self._addresses(target, Deadline(self.connect_timeout_s))
            else:
                self._addresses(target, Deadline(self.connect_timeout_s))
        except EgressError as error:
            if error.error_class == "blocked_address" or not ordinary:
                raise InvalidInput("url", f"expected {self._expected()}") from None

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> EgressResponse:
        """Send one POST request. Once a final status line has come, that is the answer: whatever breaks, stalls or is
        too long after it, headers and body are what had come.

        :raises EgressError: when it is refused, or no status arrives within ``timeout_s``.
        """
        return self._request(url, headers, body)

    def get(self, url: str, headers: Mapping[str, str]) -> EgressResponse:
        """Send one GET request; at most 64 kB of the answer are read.

        :raises EgressError: when it is refused, or no complete answer arrives within ``timeout_s``.
        """
        return self._request(url, headers, None)

    def _request(self, url: str, headers: Mapping[str, str], body: bytes | None) -> EgressResponse:
        began = time.monotonic()
        try:
            got = self._send(url, headers, body)
        except EgressError as error:
            raise EgressError(
                error.error_class, str(error.__cause__ or ""), _since(began)
            ) from error.__cause__
        return EgressResponse(got.status, got.headers, got.body, _since(began))

    def _send(self, url: str, headers: Mapping[str, str], body: bytes | None) -> Received:
        deadline = Deadline(self.timeout_s)
        try:
            target = parse_target(url)
        except InvalidInput as error:
            raise EgressError("blocked_address") from error
        kept = self._pool.take(target.key)
        if kept is not None:
            with contextlib.suppress(Stale):  # then the server has closed it at the same moment
                return self._talk(kept, deadline, target, headers, body)
        connection = self._connect(target, self._addresses(target, deadline), deadline)
        return self._talk(connection, deadline, target, headers, body)

    def _talk(
        self,
        connection: Connection,
        deadline: Deadline,
        target: Target,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Received:
        from http.client import HTTPException

        own, kept = {"Host": target.host_header, **headers}, False
        try:
            got = connection.exchange(
                deadline, path=target.path, headers=own, body=body, keep=self._pool.keeps
            )
            kept = got.reusable and self._pool.keeps
        except TimeoutError as error:
            raise EgressError("timeout") from error
        except (HTTPException, OSError, ValueError) as error:
            raise EgressError("http") from error
        finally:
            if not kept:
                connection.close()
        if kept:
            self._pool.give(target.key, connection)
        return got

    def _expected(self) -> str:
        allowed = " ".join(self.allow_networks)
        return "https to a public address on port 443 or 8443" + (
            f", or an address in {allowed}" if allowed else ""
        )

    def _addresses(self, target: Target, deadline: Deadline) -> list[Address]:
        known = target.address
        found = resolve(self.resolver, target.host, target.port, deadline) if known is None else [known]
        # One bad answer condemns all: a name that mixes public and internal addresses is an attack.
        if not all(self._allowed(target, address) for address in found):
            raise EgressError("blocked_address")
        return found

    def _allowed(self, target: Target, address: Address) -> bool:
        if inside(address, self._networks):
            return True
        return _is_ordinary(target) and is_public(address)

    def _connect(self, target: Target, addresses: Sequence[Address], deadline: Deadline) -> Connection:
        failure = EgressError("connect")
        found = connections(addresses, target.port, deadline, self.connect_timeout_s)
        with contextlib.closing(found):
            try:
                for sock, address in found:
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    try:
                        # Where there are others, one that accepts and says nothing must leave them time.
                        limit = deadline if len(addresses) == 1 else deadline.within(self.connect_timeout_s)
                        return Connection(self._secured(sock, target, limit) if target.tls else sock, address)
                    except EgressError as error:
                        failure = error
            except OSError as error:
                if failure.error_class != "tls":
                    failure = EgressError("timeout" if isinstance(error, TimeoutError) else "connect")
                    failure.__cause__ = error
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


def _is_ordinary(target: Target) -> bool:
    return target.tls and target.port in PUBLIC_PORTS


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
