"""From a name to addresses, within a time: the system's resolver cannot be told how long to wait."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from consentcore.egress.answers import EgressError

if TYPE_CHECKING:
    from consentcore.egress.addresses import Address
    from consentcore.egress.transport import Deadline

Resolver = Callable[[str, int], Sequence[str]]

MOST_WAITING = 100
"""Look-ups of this process that may hang at a time; each holds a thread that nobody can end."""

_free = threading.BoundedSemaphore(MOST_WAITING)


def system_resolver(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, in the system's order. :raises OSError: when there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve(resolver: Resolver, host: str, port: int, deadline: Deadline) -> list[Address]:
    """Ask the resolver once, in a thread of its own.

    :raises EgressError: ``dns``, when it has no answer in time, or none that is made of addresses.
    """
    answers: SimpleQueue[Sequence[str] | Exception] = SimpleQueue()
    place = _free
    try:
        if not place.acquire(timeout=deadline.left()):
            raise TimeoutError(f"{MOST_WAITING} other names are being looked up")
        _start(lambda: answers.put(_ask(resolver, host, port)), place.release)
        answer = answers.get(timeout=deadline.left())
    except (Empty, TimeoutError) as error:
        raise EgressError("dns") from error
    if isinstance(answer, Exception):
        raise EgressError("dns") from answer
    if not answer:
        raise EgressError("dns")
    try:
        # A zone names an interface of this machine: no stranger's business, and never needed for a public address.
        return [ip_address(text.partition("%")[0]) for text in answer]
    except ValueError as error:
        raise EgressError("dns") from error


def _ask(resolver: Resolver, host: str, port: int) -> Sequence[str] | Exception:
    try:
        return resolver(host, port)
    except Exception as error:  # noqa: BLE001 - whatever it is, the name has no address
        return error


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
