"""What a request has to look up or connect for, said beforehand, so that whoever serves it can let it wait elsewhere.

A name server or a receiver that does not answer costs seconds, and a web process has few threads. Whatever leaves the
machine for a request therefore stands in :func:`errand`, after every check that needs no network and before anything
is written. Outside of a request (a command, the worker) that changes nothing. Inside of one, whoever serves the
request decides: :class:`Elsewhere` sends it to a lane of its own, where it starts again; :class:`Here` lets few wait
where they are. :class:`Busy` comes of both, and is answered with 503 when nobody takes the request up again.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

from consentcore.domain.errors import ConsentcoreError

RETRY_S = 5
"""When somebody who finds no place may come again, in seconds."""
HERE_S = 3.0
"""How long somebody waits for a turn where there is no lane, in seconds."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One reason to leave the machine, and how many requests of one process may do so at a time.

    :ivar per_target: of these, to one target.
    :ivar per_sender: of these, for one application; 0 is no bound.
    :ivar waiting: requests that may wait for their turn, for one target and for one application.
    """

    name: str
    at_once: int
    per_target: int
    per_sender: int = 0
    waiting: int = 16


KEY_SET = Kind("a key set", at_once=16, per_target=1, per_sender=1, waiting=64)
"""Keys of a client: one request asks, the others find what it brought."""
STRANGERS_KEY_SET = Kind("a key set of strangers", at_once=8, per_target=2, per_sender=1, waiting=64)
"""The same of applications that registered themselves, and of one host: whoever makes up many holds up these only."""
CLIENT_DOCUMENT = Kind("a client document", at_once=16, per_target=2, waiting=64)
"""Of one host, whatever its URLs are: one that does not answer holds up few."""
ADDRESS_CHECK = Kind("the look-up of an address", at_once=16, per_target=2, per_sender=2)
WEBHOOK_TEST = Kind("a webhook test", at_once=16, per_target=1, per_sender=1)
SIGN_IN = Kind("the sign-in provider", at_once=16, per_target=16, waiting=256)
DIRECTORY = Kind("the list of resources", at_once=16, per_target=16, waiting=256)


@dataclass(frozen=True, slots=True)
class Errand:
    """:ivar target: host or URL that has to answer.

    :ivar sender: the application that it is for; "" for nobody's.
    """

    kind: Kind
    target: str
    sender: str = ""


class Busy(ConsentcoreError):
    """There is no place to wait for an errand; nothing was done.

    :ivar retry_after_s: seconds.
    """

    def __init__(self, wanted: Errand) -> None:
        super().__init__(f"too many requests wait for {wanted.kind.name} already")
        self.errand = wanted
        self.retry_after_s = RETRY_S


class Place(Protocol):
    """Where a request runs."""

    def room(self, wanted: Errand) -> AbstractContextManager[None]:
        """Stands around the errand.

        :raises Busy: it cannot be done here and now.
        """
        ...


_place: ContextVar[Place | None] = ContextVar("consentcore.place", default=None)


@contextmanager
def errand(wanted: Errand) -> Iterator[None]:
    """Stands around whatever looks up or connects.

    :raises Busy: leave the request, without having written anything.
    """
    place = _place.get()
    if place is None:
        yield
        return
    with place.room(wanted):
        yield


class served_at:  # noqa: N801 - used as a function; a generator would take three times as long
    """What runs in the block runs at ``place``, unless somebody further out has named another one."""

    __slots__ = ("_mark", "_place")

    def __init__(self, place: Place) -> None:
        self._place = place

    def __enter__(self) -> None:
        self._mark = _place.set(self._place) if _place.get() is None else None

    def __exit__(self, *_: object) -> None:
        if self._mark is not None:
            _place.reset(self._mark)


class Shares:
    """Counts errands under way against their bounds. Not for several threads by itself."""

    def __init__(self) -> None:
        self._taken: Counter[tuple[str, ...]] = Counter()

    def take(self, wanted: Errand) -> bool:
        """Count an errand, if it is within every bound."""
        bounds = _bounds(wanted)
        if any(self._taken[name] >= most for name, most in bounds.items()):
            return False
        self._taken.update(bounds.keys())
        return True

    def give(self, done: Errand) -> None:
        """It is over."""
        for name in _bounds(done):
            self._taken[name] -= 1
            if not self._taken[name]:
                del self._taken[name]


def _bounds(wanted: Errand) -> dict[tuple[str, ...], int]:
    kind = wanted.kind
    bounds = {(kind.name,): kind.at_once, (kind.name, "to", wanted.target): kind.per_target}
    if kind.per_sender and wanted.sender:
        bounds[(kind.name, "for", wanted.sender)] = kind.per_sender
    return bounds


@dataclass
class Elsewhere:
    """A thread that others need: only errands that were ``granted`` are done here.

    :ivar wanted: the errand for which the request has to go on in the lane; None when it needs none.
    :ivar refused: called when it finds no place there, and what it has answered here is its answer after all.
    """

    granted: frozenset[Errand] = frozenset()
    wanted: Errand | None = field(default=None, init=False)
    refused: Callable[[], object] = field(default=lambda: None, init=False)

    @contextmanager
    def room(self, wanted: Errand) -> Iterator[None]:
        """See :class:`Place`."""
        if wanted not in self.granted:
            self.wanted = wanted
            raise Busy(wanted)
        yield


def moving() -> Elsewhere | None:
    """The place of a request that is about to start again in a lane, whatever it answers now."""
    place = _place.get()
    return place if isinstance(place, Elsewhere) and place.wanted is not None else None


class Here:
    """Where there is no lane, as under another WSGI server: few wait at a time, and the others are refused.

    :param width: how many, whatever they wait for.
    """

    def __init__(self, width: int) -> None:
        self._places = threading.BoundedSemaphore(width)
        self._shares = Shares()
        self._changed = threading.Condition()

    @contextmanager
    def room(self, wanted: Errand) -> Iterator[None]:
        """See :class:`Place`."""
        if not self._places.acquire(blocking=False):
            raise Busy(wanted)
        try:
            self._take(wanted)
            try:
                yield
            finally:
                with self._changed:
                    self._shares.give(wanted)
                    self._changed.notify_all()
        finally:
            self._places.release()

    def _take(self, wanted: Errand) -> None:
        until = time.monotonic() + HERE_S
        with self._changed:
            while not self._shares.take(wanted):
                if not self._changed.wait(until - time.monotonic()):
                    raise Busy(wanted)
