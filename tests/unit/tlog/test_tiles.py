"""C2SP tlog-tiles."""

from __future__ import annotations

import pytest

from consentcore.tlog import (
    Tile,
    TileTree,
    Tree,
    consistency_proof,
    hash_at,
    inclusion_proof,
    leaf_hash,
    tile_path,
)
from consentcore.tlog.merkle import verify_consistency, verify_inclusion


@pytest.fixture(scope="module")
def grown():
    """A tree of 70,000 leaves, what its tiles became, and its heads at some sizes."""
    tree, plain, tiles, heads = TileTree(), Tree(), {}, {}
    for index in range(70_000):
        node = leaf_hash(index.to_bytes(4, "big"))
        tree.add_hash(node)
        plain.add_hash(node)
        if plain.size % 9_973 in {0, 1, 256}:
            heads[plain.size] = plain.root()
            assert tree.root() == plain.root()
    heads[plain.size] = plain.root()
    for tile in (*tree.take_full(), *tree.edge()):
        tiles[tile.level, tile.number] = tile
    return tree, tiles, heads


def reader(tiles):
    return lambda level, number: tiles[level, number].hashes if (level, number) in tiles else None


def test_the_example_of_the_specification(grown):
    _, tiles, _ = grown
    full = [tile for tile in tiles.values() if tile.width == 256]
    partial = {(tile.level, tile.number): tile.width for tile in tiles.values() if tile.width < 256}
    assert [sum(tile.level == level for tile in full) for level in (0, 1)] == [273, 1]
    assert partial == {(0, 273): 112, (1, 1): 17, (2, 0): 1}


def test_a_tree_of_256_has_a_full_tile_and_one_above_it():
    tree = TileTree()
    tree.extend_hashes(leaf_hash(bytes([index])) for index in range(256))
    assert [(tile.level, tile.number, tile.width) for tile in tree.take_full()] == [(0, 0, 256)]
    assert tree.take_full() == []
    (above,) = tree.edge()
    assert (above.level, above.number, above.hashes) == (1, 0, tree.root())


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ((0, 0, 256), "tile/0/000"),
        ((0, 1234067, 256), "tile/0/x001/x234/067"),
        ((1, 5, 17), "tile/1/005.p/17"),
        ((3, 1000, 1), "tile/3/x001/000.p/1"),
    ],
)
def test_paths_are_those_of_the_specification(place, path):
    assert tile_path(*place) == path


def test_every_proof_comes_out_of_tiles(grown):
    tree, tiles, heads = grown
    find = hash_at(reader(tiles))
    for index in (0, 1, 255, 256, 65_535, 65_536, 69_999):
        proof = inclusion_proof(find, index, tree.size)
        verify_inclusion(leaf_hash(index.to_bytes(4, "big")), index, tree.size, proof, tree.root())
    for size, root in heads.items():
        verify_consistency(size, tree.size, consistency_proof(find, size, tree.size), root, tree.root())


def test_a_restored_tree_goes_on(grown):
    tree, tiles, _ = grown
    again, twin = TileTree.restored(tree.size, reader(tiles)), tree.copy()
    assert again.root() == tree.root()
    for one in (again, twin):
        one.add_hash(bytes(32))
    assert again.root() == twin.root() != tree.root()
    assert again.edge() == twin.edge()


def test_a_tile_may_have_grown_meanwhile(grown):
    tree, tiles, heads = grown
    size = max(size for size in heads if size < tree.size)
    assert TileTree.restored(size, reader(tiles)).root() == heads[size]


def test_a_missing_tile_is_named(grown):
    _, tiles, _ = grown
    lacking = {place: tile for place, tile in tiles.items() if place != (0, 273)}
    with pytest.raises(LookupError, match=r"tile/0/273\.p/112 is missing"):
        TileTree.restored(70_000, reader(lacking))
    with pytest.raises(LookupError, match="tile/0/273 has no hash 0"):
        hash_at(reader(lacking))(0, 69_888)
    short = {**tiles, (0, 273): Tile(0, 273, bytes(32 * 3))}
    with pytest.raises(LookupError):
        TileTree.restored(70_000, reader(short))
