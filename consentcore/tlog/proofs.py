"""Making the proofs of RFC 6962 section 2.1 out of the hashes of complete subtrees."""

from __future__ import annotations

from collections.abc import Callable

from consentcore.tlog.merkle import EMPTY_ROOT, node_hash, split

HashAt = Callable[[int, int], bytes]
"""The hash of the complete subtree of 2^level leaves with that number: ``(level, number)``."""


def root_of(at: HashAt, size: int) -> bytes:
    """The head over the first ``size`` leaves."""
    return _range(at, 0, size) if size else EMPTY_ROOT


def inclusion_proof(at: HashAt, index: int, size: int) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 section 2.1.1: from the leaf's sibling up.

    :raises ValueError: when the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            proof.append(_range(at, middle, end))
            end = middle
        else:
            proof.append(_range(at, start, middle))
            start = middle
    return proof[::-1]


def consistency_proof(at: HashAt, old_size: int, size: int) -> list[bytes]:
    """PROOF(old_size, D[size]) of RFC 6962 section 2.1.2; empty where nothing has to be proved.

    :raises ValueError: when the old tree is larger.
    """
    if not 0 <= old_size <= size:
        raise ValueError(f"a tree of {size} leaves continues none of {old_size}")
    if old_size in {0, size}:
        return []
    proof: list[bytes] = []
    start, end = 0, size
    while old_size != end:
        middle = start + split(end - start)
        if old_size <= middle:
            proof.append(_range(at, middle, end))
            end = middle
        else:
            proof.append(_range(at, start, middle))
            start = middle
    if start:
        proof.append(_range(at, start, end))
    return proof[::-1]


def _range(at: HashAt, start: int, end: int) -> bytes:
    """The head over leaves ``start`` to ``end``, where ``start`` is a multiple of the split of what follows."""
    peaks = []
    while start < end:
        level = (end - start).bit_length() - 1
        peaks.append(at(level, start >> level))
        start += 1 << level
    node = peaks.pop()
    while peaks:
        node = node_hash(peaks.pop(), node)
    return node
