"""The ``state`` of a sign-in at a provider: good for one return (RFC 6749 section 10.12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.domain.secret import digest

if TYPE_CHECKING:
    from consentcore.ports.storage import Storage


def use_up(storage: Storage, state: str, now: int, until: int) -> bool:
    """Note that a state came back; of all processes together one gets True.

    :param now: milliseconds since the epoch.
    :param until: when the sign-in is too late anyway.
    :returns: False when it had been back before.
    """
    return storage.protocol.use_once(digest(f"login|{state}"), now, until)
