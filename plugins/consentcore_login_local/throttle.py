"""How often somebody may guess.

Failures are counted in fixed windows that all processes share:

* for an account from one address: beyond the limit that pair waits until the window ends;
* for an address over all accounts: beyond the limit it waits, except for accounts that have signed in from
  there before, so that one guesser in an office does not shut out the others;
* for an account over all addresses: beyond the limit an address from which the account never signed in has one
  try a window. So many addresses do not make many guesses, and yet a stranger cannot lock an owner out: the right
  password at the first try is accepted from anywhere.

Every try is counted before the password is looked at, and every success afterwards; the difference is what has
failed or is still under way. So parallel guesses cannot slip through, and successes weigh nothing. What is over a
limit is not counted any further: a flood of guesses is neither one of rows nor one of writes.

The price of the second rule: who has used up an address can tell from the answer whether an account has signed in
there before. That tells a colleague about a colleague, and it is slow; to shut an office out would be worse.
Keys hold hashes: the counters name neither people nor addresses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from consentcore.api import DAY, CounterStorage, network_of, window_left_s

KNOWN_WINDOW_MS = 90 * DAY


@dataclass(frozen=True, slots=True)
class Limits:
    """Failures within ``window_ms``: of a pair, of an account, of an address."""

    pair: int
    account: int
    address: int
    window_ms: int


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt: hashed names of account, address and of the two together, and its time."""

    account: str
    address: str
    pair: str
    now: int

    @classmethod
    def of(cls, email: str, remote_addr: str, now: int) -> Try:
        """Name an attempt. IPv6 addresses count by their /64, which is what one customer has."""
        address = network_of(remote_addr)
        return cls(_name("account", email), _name("address", address), _name("pair", email, address), now)


class Throttle:
    """Counts attempts in the storage's counters."""

    def __init__(self, counters: CounterStorage, limits: Limits) -> None:
        self._counters = counters
        self._limits = limits

    def blocked(self, attempt: Try) -> int:
        """Look without counting: 0 when an attempt may be made, else the seconds until the window ends."""
        known = self._is_known(attempt)
        if self._open(attempt.pair, attempt.now) >= self._pair_limit(attempt, known=known):
            return self._wait(attempt.now)
        if not known and self._open(attempt.address, attempt.now) >= self._limits.address:
            return self._wait(attempt.now)
        return 0

    def enter(self, attempt: Try) -> int:
        """Count an attempt about to be made.

        :returns: 0 when it may be made, else the seconds until the window ends.
        """
        known = self._is_known(attempt)
        if self._hit(attempt.pair, attempt.now) > self._pair_limit(attempt, known=known):
            return self._wait(attempt.now)
        if self._hit(attempt.address, attempt.now) > self._limits.address and not known:
            return self._wait(attempt.now)
        return 0

    def take_back(self, attempt: Try) -> None:
        """Take back what :meth:`enter` counted, because nobody guessed wrong."""
        for name in (attempt.pair, attempt.address):
            self._counters.hit(f"ok:{name}", attempt.now, self._limits.window_ms)

    def succeeded(self, attempt: Try) -> None:
        """Take back what :meth:`enter` counted, and remember that the account is at home at this address."""
        self.take_back(attempt)
        if not self._counters.count(f"known:{attempt.pair}", attempt.now, KNOWN_WINDOW_MS):
            self._counters.hit(f"known:{attempt.pair}", attempt.now, KNOWN_WINDOW_MS)

    def failed(self, attempt: Try) -> None:
        """Count a wrong password for the account, wherever it came from."""
        self._counters.hit(f"failed:{attempt.account}", attempt.now, self._limits.window_ms)

    def _is_known(self, attempt: Try) -> bool:
        return self._counters.count(f"known:{attempt.pair}", attempt.now, KNOWN_WINDOW_MS) > 0

    def _open(self, name: str, now: int) -> int:
        window = self._limits.window_ms
        tries = self._counters.count(f"tried:{name}", now, window)
        return tries - self._counters.count(f"ok:{name}", now, window)

    def _hit(self, name: str, now: int) -> int:
        window = self._limits.window_ms
        tries = self._counters.hit(f"tried:{name}", now, window)
        return tries - self._counters.count(f"ok:{name}", now, window)

    def _pair_limit(self, attempt: Try, *, known: bool) -> int:
        if known:
            return self._limits.pair
        window = self._limits.window_ms
        everywhere = self._counters.count(f"failed:{attempt.account}", attempt.now, window)
        return self._limits.pair if everywhere < self._limits.account else 1

    def _wait(self, now: int) -> int:
        return window_left_s(now, self._limits.window_ms)


def _name(*parts: str) -> str:
    text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return f"login:{hashlib.sha256(text).hexdigest()[:32]}"
