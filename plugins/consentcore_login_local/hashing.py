"""argon2id (RFC 9106), one computation at a time."""

from __future__ import annotations

import logging
import secrets
import threading
from base64 import b64encode
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

log = logging.getLogger(__name__)


class Argon2:
    """Hashes and checks passwords; never more than ``parallel`` of each at a time in this process.

    :param time_cost: passes.
    :param memory_kib: memory of one computation in KiB.
    """

    def __init__(self, *, time_cost: int, memory_kib: int, parallel: int) -> None:
        self._time_cost = time_cost
        self._memory_kib = memory_kib
        # Without a bound, a burst of logins would take 19 MiB for each of them at once.
        self._turn = threading.BoundedSemaphore(parallel)
        self._other_turn = threading.BoundedSemaphore(parallel)

    @property
    def turn(self) -> threading.BoundedSemaphore:
        """To be held around :meth:`matches`. Its holder may write to the storage."""
        return self._turn

    @property
    def other_turn(self) -> threading.BoundedSemaphore:
        """To be held around :meth:`hash`. Its holder must not begin to write, but may have begun.

        Were it the same, one thread with the writer's lock of SQLite could wait here for another that waits for
        the lock.
        """
        return self._other_turn

    def hash(self, password: str) -> str:
        """Return the encoded hash under a new salt."""
        return self._hasher.hash(_encode(password))

    def matches(self, encoded: str, password: str) -> bool:
        """Whether the password is the one; False, too, for an encoded hash that is none."""
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            return self._hasher.verify(encoded, _encode(password))
        except VerificationError:
            return False
        except InvalidHashError:
            log.warning("a stored password hash is unreadable; its owner cannot sign in")
            return False

    def is_outdated(self, encoded: str) -> bool:
        """Whether it was made with other parameters than those set."""
        return self._hasher.check_needs_rehash(encoded)

    @cached_property
    def dummy(self) -> str:
        """A hash that nothing matches and that takes as long to check as a real one."""
        salt, key = (b64encode(secrets.token_bytes(n)).rstrip(b"=").decode() for n in (16, 32))
        return f"$argon2id$v=19$m={self._memory_kib},t={self._time_cost},p=1${salt}${key}"

    @cached_property
    def _hasher(self) -> PasswordHasher:
        # Imported at the first login: most web workers' requests need none of it.
        from argon2 import PasswordHasher

        return PasswordHasher(time_cost=self._time_cost, memory_cost=self._memory_kib, parallelism=1)


def _encode(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
