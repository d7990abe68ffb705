"""From a name to addresses, within a time: the system's resolver cannot be told how long to wait."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from ipaddress import ip_address
from typing import TYPE_CHECKING

from consentcore.egress.answers import EgressError

if TYPE_CHECKING:
    from consentcore.egress.addresses import Address
    from consentcore.egress.transport import Deadline

Resolver = Callable[[str, int], Sequence[str]]

MOST_WAITING = 100
"""Look-ups of this process that may hang at a time; each holds a thread that nobody can end."""

_free = threading.BoundedSemaphore(MOST_WAITING)
_under_way: dict[tuple[int, str, int], tuple[Resolver, Future[Sequence[str]]]] = {}
_lock = threading.Lock()


def system_resolver(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, in the system's order.

    :raises OSError: when there are none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve(resolver: Resolver, host: str, port: int, deadline: Deadline) -> list[Address]:
    """Ask the resolver once, in a thread of its own; who asks for the same at the same time waits for that answer.

    :raises EgressError: ``dns``, when it has no answer in time, or none that is made of addresses.
    """
    try:
        answer = _asked(resolver, host, port, deadline).result(timeout=deadline.left())
    except Exception as error:
        # Late, refused, or whatever else a resolver may raise: the name has no address.
        raise EgressError("dns") from error
    if not answer:
        raise EgressError("dns")
    try:
        # A zone names an interface of this machine: no stranger's business, and never needed for a public address.
        return [ip_address(text.partition("%")[0]) for text in answer]
    except ValueError as error:
        raise EgressError("dns") from error


def _asked(resolver: Resolver, host: str, port: int, deadline: Deadline) -> Future[Sequence[str]]:
    """The look-up that is under way, or a new one. A name that hangs hangs once, however many want it."""
    key = (id(resolver), host, port)
    with _lock:
        found = _under_way.get(key)
    if found is not None:
        return found[1]
    place = _free
    if not place.acquire(timeout=deadline.left()):
        raise TimeoutError(f"{MOST_WAITING} other names are being looked up")
    answer: Future[Sequence[str]] = Future()
    with _lock:
        found = _under_way.setdefault(key, (resolver, answer))
    if found[1] is not answer:
        place.release()  # somebody was faster
        return found[1]

    def ended() -> None:
        place.release()
        with _lock:
            del _under_way[key]

    _start(lambda: _ask(answer, resolver, host, port), ended)
    return answer


def _ask(answer: Future[Sequence[str]], resolver: Resolver, host: str, port: int) -> None:
    try:
        answer.set_result(resolver(host, port))
    except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
        answer.set_exception(error)


def _start(work: Callable[[], None], afterwards: Callable[[], None]) -> None:
    def run() -> None:
        try:
            work()
        finally:
            afterwards()

    try:
        threading.Thread(target=run, name="consentcore-resolve", daemon=True).start()
    except BaseException:
        afterwards()
        raise
