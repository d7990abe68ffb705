"""Merkle trees of RFC 6962 section 2.1: hashes, heads, and what a proof has to prove."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from consentcore.tlog.errors import BadProof

EMPTY_ROOT = sha256(b"").digest()
"""The head of a tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf that holds ``data``."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over two others."""
    return sha256(b"\x01" + left + right).digest()


def joined(nodes: Sequence[bytes]) -> bytes:
    """The head over neighbours of one height, of which the last may be less than complete.

    :param nodes: at least one.
    """
    level = list(nodes)
    while len(level) > 1:
        above = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


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
        """Append a leaf, given by its data."""
        self.add_hash(leaf_hash(leaf))

    def add_hash(self, node: bytes) -> None:
        """Append a leaf, given by its hash."""
        full = self.size
        while full & 1:
            node = node_hash(self._peaks.pop(), node)
            full >>= 1
        self._peaks.append(node)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaves."""
        for leaf in leaves:
            self.add(leaf)

    def root(self) -> bytes:
        """Return the tree head: 32 bytes; of no leaves, the hash of nothing."""
        if not self._peaks:
            return EMPTY_ROOT
        *higher, node = self._peaks
        for peak in reversed(higher):
            node = node_hash(peak, node)
        return node


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf stands at a place of a tree (RFC 6962 section 2.1.1).

    :param leaf: its hash, see :func:`leaf_hash`.
    :raises BadProof: when that is not proved.
    """
    if not 0 <= index < size:
        raise BadProof(f"a tree of {size} leaves has no leaf {index}")
    hashes = iter(proof)
    if _head_over(leaf, index, size, hashes) != root:
        raise BadProof(f"the proof does not lead from leaf {index} to the head of {size} leaves")
    _all_used(hashes)


def verify_consistency(
    old_size: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes
) -> None:
    """Check that a tree continues a smaller one (RFC 6962 section 2.1.2).

    :raises BadProof: when that is not proved.
    """
    if not 0 <= old_size <= size:
        raise BadProof(f"a tree of {size} leaves continues none of {old_size}")
    hashes = iter(proof)
    if old_size == 0:
        before, after = EMPTY_ROOT, root
    else:
        before, after = _heads_over(old_size, size, hashes, old_root, whole=True)
    if (before, after) != (old_root, root):
        raise BadProof(f"the head of {size} leaves does not continue the one of {old_size}")
    _all_used(hashes)


def split(count: int) -> int:
    """The largest power of two below ``count``: where a tree of that many leaves divides."""
    return 1 << (count - 1).bit_length() - 1


def _head_over(leaf: bytes, index: int, size: int, hashes: Iterator[bytes]) -> bytes:
    if size == 1:
        return leaf
    left = split(size)
    if index < left:
        return node_hash(_head_over(leaf, index, left, hashes), _next(hashes))
    node = _head_over(leaf, index - left, size - left, hashes)
    return node_hash(_next(hashes), node)


def _heads_over(
    old_size: int, size: int, hashes: Iterator[bytes], old_root: bytes, *, whole: bool
) -> tuple[bytes, bytes]:
    """The heads of the old tree and of the new one, within a subtree.

    :param whole: whether the old tree is all on the left of it, so that its head is not in the proof.
    """
    if old_size == size:
        node = old_root if whole else _next(hashes)
        return node, node
    left = split(size)
    if old_size <= left:
        before, after = _heads_over(old_size, left, hashes, old_root, whole=whole)
        return before, node_hash(after, _next(hashes))
    before, after = _heads_over(old_size - left, size - left, hashes, old_root, whole=False)
    node = _next(hashes)
    return node_hash(node, before), node_hash(node, after)


def _next(hashes: Iterator[bytes]) -> bytes:
    found = next(hashes, None)
    if found is None:
        raise BadProof("the proof is too short")
    return found


def _all_used(hashes: Iterator[bytes]) -> None:
    if next(hashes, None) is not None:
        raise BadProof("the proof is too long")
