"""How much there is of each kind, and a digest of it that does not depend on the order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from consentcore.ports.moving import MOVED

_MODULUS = 1 << 256


class Tally:
    """Counts lines by kind.

    The digest of a kind is the sum of the SHA-256 of its lines, modulo 2^256: storages give their records in whatever
    order. It finds what was lost, doubled or changed on the way; that nobody made it up is what the file's MAC and the
    seals of the records are for.
    """

    def __init__(self) -> None:
        self._counts = dict.fromkeys(MOVED, 0)
        self._sums = dict.fromkeys(MOVED, 0)

    def add(self, kind: str, line: bytes) -> None:
        """Count a line."""
        self._counts[kind] += 1
        hashed = int.from_bytes(hashlib.sha256(line).digest())
        self._sums[kind] = (self._sums[kind] + hashed) % _MODULUS

    @property
    def counts(self) -> Mapping[str, int]:
        """How many records there are of each kind."""
        return dict(self._counts)

    @property
    def digests(self) -> Mapping[str, str]:
        """The digest of each kind, in hexadecimal."""
        return {kind: f"{number:064x}" for kind, number in self._sums.items()}

    def differences(self, other: Tally) -> list[str]:
        """In which kinds two tallies differ, one line each."""
        mine, theirs = self.counts, other.counts
        return [
            f"{kind}: {mine[kind]} and {theirs[kind]}"
            if mine[kind] != theirs[kind]
            else f"{kind}: {mine[kind]} both, but not the same ones"
            for kind in MOVED
            if (mine[kind], self.digests[kind]) != (theirs[kind], other.digests[kind])
        ]
