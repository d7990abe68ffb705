"""Heads and proofs against RFC 6962 section 2.1, word for word."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentcore.tlog import (
    BadProof,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from consentcore.tlog.merkle import EMPTY_ROOT, joined
from consentcore.tlog.proofs import root_of

MOST = 70
LEAVES = [bytes([index]) for index in range(MOST)]


def split(count):
    found = 1
    while found * 2 < count:
        found *= 2
    return found


def head(leaves):
    """MTH of section 2.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return sha256(b"\x01" + head(leaves[:k]) + head(leaves[k:])).digest()


def path(m, leaves):
    """PATH of section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), head(leaves[k:])]
    return [*path(m - k, leaves[k:]), head(leaves[:k])]


def subproof(m, leaves, whole):
    """SUBPROOF of section 2.1.2."""
    if m == len(leaves):
        return [] if whole else [head(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), head(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), head(leaves[:k])]


def at(level, number):
    return head(LEAVES[number << level : (number + 1) << level])


@given(st.lists(st.binary(max_size=4), max_size=MOST))
def test_the_growing_tree_has_the_heads_of_the_rfc(leaves):
    tree = Tree()
    for count, leaf in enumerate(leaves):
        assert tree.root() == head(leaves[:count])
        tree.add(leaf)
    assert (tree.size, tree.root()) == (len(leaves), head(leaves))


def test_a_copy_grows_on_its_own():
    tree = Tree()
    tree.add(b"a")
    twin = tree.copy()
    twin.add(b"b")
    assert (tree.size, twin.size) == (1, 2)
    assert tree.root() == head([b"a"])


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_proofs_are_those_of_the_rfc_and_prove_what_they_shall(size):
    leaves, root = LEAVES[:size], head(LEAVES[:size])
    assert root_of(at, size) == root
    for index in range(size):
        proof = inclusion_proof(at, index, size)
        assert proof == path(index, leaves)
        verify_inclusion(leaf_hash(leaves[index]), index, size, proof, root)
    for old in range(1, size + 1):
        proof = consistency_proof(at, old, size)
        assert proof == subproof(old, leaves, True)
        verify_consistency(old, size, proof, head(LEAVES[:old]), root)


def test_nothing_has_one_head_and_everything_continues_it():
    assert root_of(at, 0) == EMPTY_ROOT == head([])
    assert consistency_proof(at, 0, 5) == []
    verify_consistency(0, 5, [], EMPTY_ROOT, head(LEAVES[:5]))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda proof: proof[:-1],
        lambda proof: [*proof, bytes(32)],
        lambda proof: [bytes(32), *proof[1:]],
        lambda proof: [*proof[:-1], bytes(32)],
        lambda proof: proof[::-1],
        lambda _proof: [],
    ],
)
def test_a_proof_that_was_touched_proves_nothing(spoil):
    root = head(LEAVES[:13])
    inclusion, consistency = inclusion_proof(at, 5, 13), consistency_proof(at, 6, 13)
    with pytest.raises(BadProof):
        verify_inclusion(leaf_hash(LEAVES[5]), 5, 13, spoil(inclusion), root)
    with pytest.raises(BadProof):
        verify_consistency(6, 13, spoil(consistency), head(LEAVES[:6]), root)


def test_a_proof_is_of_one_leaf_one_place_and_one_tree():
    proof, root = inclusion_proof(at, 5, 13), head(LEAVES[:13])
    for leaf, index, size, head_of in (
        (6, 5, 13, root),
        (5, 4, 13, root),
        (5, 5, 8, root),
        (5, 13, 13, root),
    ):
        with pytest.raises(BadProof):
            verify_inclusion(leaf_hash(LEAVES[leaf]), index, size, proof, head_of)
    proof = consistency_proof(at, 6, 13)
    for old, size, before, after in (
        (5, 13, 6, 13),
        (6, 8, 6, 13),
        (6, 13, 5, 13),
        (6, 13, 6, 12),
        (14, 13, 6, 13),
        (13, 13, 12, 13),
        (0, 13, 1, 13),
    ):
        with pytest.raises(BadProof):
            verify_consistency(old, size, proof, head(LEAVES[:before]), head(LEAVES[:after]))


def test_there_are_no_two_trees_of_one_size():
    with pytest.raises(BadProof):
        verify_consistency(3, 3, [], head(LEAVES[:3]), head(LEAVES[1:4]))


@pytest.mark.parametrize("ask", [lambda: inclusion_proof(at, 3, 3), lambda: consistency_proof(at, 4, 3)])
def test_what_is_not_in_a_tree_cannot_be_proved(ask):
    with pytest.raises(ValueError, match="a tree of 3 leaves"):
        ask()


def test_neighbours_of_one_height_are_joined_as_a_tree():
    assert joined([leaf_hash(one) for one in LEAVES[:5]]) == head(LEAVES[:5])
