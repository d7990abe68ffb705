"""Merkle tree heads (RFC 9162 section 2.1), grown leaf by leaf."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256


class Tree:
    """A Merkle tree of which only what later heads need is kept: one hash per set bit of its size.

    :ivar size: number of leaves.
    """

    __slots__ = ("_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def copy(self) -> Tree:
        """Return a tree of the same leaves that grows on its own."""
        twin = Tree()
        twin.size, twin._peaks = self.size, list(self._peaks)
        return twin

    def add(self, leaf: bytes) -> None:
        """Append a leaf."""
        node = sha256(b"\x00" + leaf).digest()
        joined = self.size
        while joined & 1:
            node = _parent(self._peaks.pop(), node)
            joined >>= 1
        self._peaks.append(node)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaves."""
        for leaf in leaves:
            self.add(leaf)

    def root(self) -> bytes:
        """Return the tree head: 32 bytes; of no leaves, the hash of nothing."""
        if not self._peaks:
            return sha256(b"").digest()
        *higher, node = self._peaks
        for peak in reversed(higher):
            node = _parent(peak, node)
        return node


def _parent(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()
