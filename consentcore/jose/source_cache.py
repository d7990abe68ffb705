"""What somebody publishes at a URL, kept for a while: a set of public keys (RFC 7517), or the metadata that names it.

Whoever signs may change its keys whenever it likes, so a signature by an unknown key asks again; whoever sends such
signatures on purpose must not make us ask without end. How it is asked is handed in, since each side has its own way
out: the server's guard of outgoing requests, an API's own client, the calls of a sign-in.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

V = TypeVar("V")
R = TypeVar("R")


class SourceUnavailable(Exception):
    """The source does not answer, or not with what is wanted; from the cache: there is nothing young enough."""


@dataclass(frozen=True, slots=True)
class RefreshPolicy:
    """When the source is asked. Times are in the unit of the clock that is handed in, but for ``wait_s``.

    :ivar fresh: what is older is fetched again by whoever needs it next.
    :ivar retry: the least time between a fetch that failed and the next one.
    :ivar first_retry: the same while nothing was ever read.
    :ivar unknown_asks: how often something that is not in it may have it fetched within ``unknown_within``, other
        fetches counted.
    :ivar unknown_within: see there.
    :ivar wait_s: how many seconds a thread waits for another one that asks; -1 for as long as it takes.
    :ivar wait_after_failure: whether it does so where the fetch before has failed too.
    """

    fresh: float
    retry: float
    first_retry: float
    unknown_asks: int
    unknown_within: float
    wait_s: float = -1
    wait_after_failure: bool = True


@dataclass(frozen=True, slots=True)
class _Kept(Generic[V]):
    value: V
    fetched_at: float


@dataclass(frozen=True, slots=True)
class _Seen(Generic[R]):
    """What one caller sees at one moment.

    :ivar usable: whether what is kept is young enough.
    """

    kept: _Kept[Any] | None
    usable: bool
    found: R | None = None


class SourceCache(Generic[V]):
    """Keeps what one source says. Safe to share between threads; one of them asks at a time.

    :param policy: when the source is asked.
    """

    def __init__(self, policy: RefreshPolicy) -> None:
        self._policy = policy
        self._kept: _Kept[V] | None = None
        self._asked_at: deque[float] = deque(maxlen=policy.unknown_asks)
        self._ended_at = float("-inf")
        self._problem = ""
        self._lock = threading.Lock()

    def find(
        self,
        pick: Callable[[V], R | None],
        fetch: Callable[[], V],
        clock: Callable[[], float],
        *,
        oldest: float,
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> R | None:
        """What ``pick`` takes out of the value, which is fetched where that is needed; None when it takes nothing.

        :param pick: gives None for "not in it".
        :param fetch: asks the source. What it raises besides :class:`SourceUnavailable` is the caller's.
        :param clock: the same in all calls.
        :param oldest: how old a value may be to be used at all, whether or not the source answers.
        :param waiting: stands around whatever has somebody wait who cannot go on without it.
        :raises SourceUnavailable: there is no value that is young enough.
        """

        def look() -> _Seen[R]:
            kept = self._kept
            if kept is None or clock() >= kept.fetched_at + oldest:
                return _Seen(kept, usable=False)
            return _Seen(kept, usable=True, found=pick(kept.value))

        seen, now = look(), clock()
        if seen.found is None:
            if self._is_worth_waiting(seen, now):
                with waiting():
                    self._renew(seen, look, fetch, clock, self._patience_s())
        elif seen.kept is not None and now >= seen.kept.fetched_at + self._policy.fresh:
            self._renew(seen, look, fetch, clock, 0)  # the others go on with what there is
        if self._kept is not seen.kept:
            seen = look()
        if not seen.usable:
            raise SourceUnavailable(self._problem or "it is being asked already")
        return seen.found

    def _may_ask(self, seen: _Seen[Any], now: float) -> bool:
        policy, asked = self._policy, self._asked_at
        if seen.kept is None or not seen.kept.value:
            return now >= self._ended_at + policy.first_retry
        if self._problem and now < self._ended_at + policy.retry:
            return False
        is_bounded = seen.usable and seen.found is None and len(asked) == policy.unknown_asks
        return not is_bounded or now >= asked[0] + policy.unknown_within

    def _is_worth_waiting(self, seen: _Seen[Any], now: float) -> bool:
        """Whether an answer is to be had: by asking, or from somebody who asks just now."""
        if self._lock.locked():
            return self._policy.wait_after_failure or not self._problem
        return self._may_ask(seen, now)

    def _patience_s(self) -> float:
        return self._policy.wait_s if self._policy.wait_after_failure or not self._problem else 0

    def _renew(
        self,
        seen: _Seen[R],
        look: Callable[[], _Seen[R]],
        fetch: Callable[[], V],
        clock: Callable[[], float],
        wait_s: float,
    ) -> None:
        """Ask; or wait for the answer that somebody else is about to get, and ask if that does not have it either."""
        if not self._lock.acquire(timeout=wait_s):
            return
        try:
            renewed = self._kept is not seen.kept
            if renewed:
                seen = look()
            if (seen.found is None or not renewed) and self._may_ask(seen, clock()):
                self._ask(fetch, clock)
        finally:
            self._lock.release()

    def _ask(self, fetch: Callable[[], V], clock: Callable[[], float]) -> None:
        began = clock()
        self._asked_at.append(began)
        try:
            self._kept = _Kept(fetch(), began)
            self._problem = ""
        except SourceUnavailable as error:
            self._problem = str(error) or type(error).__name__
        finally:
            self._ended_at = clock()
