"""What a storage can promise beyond the port, each promise by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

LEAST_BATCH = 25
"""Things that every storage takes in one commit: what the core writes at once for one person stays below it."""
_BATCHES = "atomic_batches"


@dataclass(frozen=True, slots=True)
class StorageCapabilities:
    """What the engine behind a storage can do and not every engine can: ``Storage.capabilities``.

    Callers ask and cope without; the conformance kit asks and tests what is declared. Declare what holds, nothing
    else: a promise that is not kept is worse than one that was never made. ``PluginInfo.capabilities`` has the same as
    :attr:`words`, which a start compares.

    :ivar snapshot_reads: everything that is read inside one :meth:`~consentcore.ports.storage.Storage.reading`, and
        inside a request's transaction that was joined for reading, is of one moment, whatever others commit meanwhile.
        Without it each row is as it was when it was read, and one transaction of somebody else may be seen in part:
        ``audit verify`` looks again before it calls a grant and its chain contradictory.
    :ivar atomic_batches: how many things one commit takes at most, None for as many as one likes. A thing is a record
        of the port: a delivery with its attempt, a notice, a grant, an event with its leaf, a place in a feed.
        :meth:`~consentcore.ports.deliveries.OutboxStorage.expand_all` and ``settle_all`` are never given more at once,
        nor does ``sequence_leaves``, ``enter`` or a transaction of the core write more. At least :data:`LEAST_BATCH`.
        What an event discloses is no such thing: there is one for each site that was shown, and they come and vanish
        with the commit however many they are.
    :ivar joins_client_state: :meth:`~consentcore.ports.grants.GrantRepository.due` also finds the grants of disabled
        clients. Without it only those whose time is over; the worker then goes through the disabled clients itself.
    :ivar multi_process: other processes see the same data. Without it nothing starts with more than one web process,
        and a worker of its own says at its start that it sees nothing of the server's.
    """

    snapshot_reads: bool = False
    atomic_batches: int | None = LEAST_BATCH
    joins_client_state: bool = False
    multi_process: bool = False

    def __post_init__(self) -> None:
        """:raises ValueError: when the batches are too small to work with."""
        if self.atomic_batches is not None and self.atomic_batches < LEAST_BATCH:
            raise ValueError(
                f"{_BATCHES}: expected {LEAST_BATCH} or more, or None; not {self.atomic_batches}"
            )

    @property
    def words(self) -> frozenset[str]:
        """What is declared, in words: ``snapshot_reads``, and ``atomic_batches`` or ``atomic_batches=25``."""
        declared = {item.name for item in fields(self) if getattr(self, item.name) is True}
        size = self.atomic_batches
        return frozenset(declared | {_BATCHES if size is None else f"{_BATCHES}={size}"})

    def fits(self, count: int) -> int:
        """``count``, or what one commit takes where that is less."""
        return count if self.atomic_batches is None else min(count, self.atomic_batches)


def known_words(words: Iterable[str]) -> frozenset[str]:
    """Those of ``words`` that name one of these capabilities; a plugin may have words of its own besides."""
    names = {item.name for item in fields(StorageCapabilities)}
    return frozenset(word for word in words if word.partition("=")[0] in names)
