"""A tree in tiles (C2SP ``tlog-tiles``): 256 hashes each, so that any proof takes a few of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from consentcore.tlog.base64 import HASH_BYTES
from consentcore.tlog.merkle import EMPTY_ROOT, joined
from consentcore.tlog.proofs import HashAt

WIDTH = 256
HEIGHT = 8
"""A tile is a subtree of this height."""


@dataclass(frozen=True, slots=True)
class Tile:
    """Neighbouring hashes of one height.

    :ivar level: 0 for hashes of leaves; each hash of a level is the head of a full tile of the level below.
    :ivar number: its place within the level, from 0.
    :ivar hashes: 1 to 256 hashes, one after another; fewer than 256 while it grows.
    """

    level: int
    number: int
    hashes: bytes

    @property
    def width(self) -> int:
        """How many hashes."""
        return len(self.hashes) // HASH_BYTES


def tile_path(level: int, number: int, width: int = WIDTH) -> str:
    """The path of a tile below the prefix of a log: ``tile/0/x001/x234/067.p/8``."""
    digits = f"{number:03d}"
    while len(digits) % 3:
        digits = "0" + digits
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    place = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"tile/{level}/{place}" + (f".p/{width}" if width < WIDTH else "")


def hash_at(tile: Callable[[int, int], bytes | None]) -> HashAt:
    """Find hashes of subtrees in tiles.

    :param tile: gives the hashes of the tile of a level and number, partial or full.
    :returns: a function that raises ``LookupError`` where no tile has the hash.
    """

    def find(level: int, number: int) -> bytes:
        tier, rest = divmod(level, HEIGHT)
        first = number << rest
        tile_number, offset = divmod(first, WIDTH)
        hashes = tile(tier, tile_number) or b""
        wanted = hashes[offset * HASH_BYTES : (offset + (1 << rest)) * HASH_BYTES]
        if len(wanted) != HASH_BYTES << rest:
            raise LookupError(f"{tile_path(tier, tile_number)} has no hash {offset + (1 << rest) - 1}")
        return joined([wanted[i : i + HASH_BYTES] for i in range(0, len(wanted), HASH_BYTES)])

    return find


class TileTree:
    """A growing tree of which the tiles at its right edge are kept: enough for its head and for all later tiles.

    :ivar size: number of leaves.
    """

    __slots__ = ("_edge", "_full", "size")

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[list[bytes]] = []
        self._full: list[Tile] = []

    @classmethod
    def restored(cls, size: int, tile: Callable[[int, int], bytes | None]) -> TileTree:
        """The tree of that size, from its tiles.

        :raises LookupError: when one of them is missing.
        """
        tree = cls()
        tree.size = size
        level, count = 0, size
        while count:
            number, width = divmod(count, WIDTH)
            hashes = (tile(level, number) or b"")[: width * HASH_BYTES] if width else b""
            if len(hashes) != width * HASH_BYTES:
                raise LookupError(f"{tile_path(level, number, width)} is missing")
            tree._edge.append([hashes[i : i + HASH_BYTES] for i in range(0, len(hashes), HASH_BYTES)])
            level, count = level + 1, number
        return tree

    def copy(self) -> TileTree:
        """Return a tree of the same leaves that grows on its own."""
        twin = TileTree()
        twin.size, twin._edge, twin._full = self.size, [list(one) for one in self._edge], list(self._full)
        return twin

    def add_hash(self, node: bytes) -> None:
        """Append a leaf, given by its hash."""
        self.size += 1
        level = 0
        while True:
            if level == len(self._edge):
                self._edge.append([])
            hashes = self._edge[level]
            hashes.append(node)
            if len(hashes) < WIDTH:
                return
            number = (self.size >> HEIGHT * (level + 1)) - 1
            self._full.append(Tile(level, number, b"".join(hashes)))
            node = joined(hashes)
            hashes.clear()
            level += 1

    def extend_hashes(self, nodes: Iterable[bytes]) -> None:
        """Append leaves, given by their hashes."""
        for node in nodes:
            self.add_hash(node)

    def root(self) -> bytes:
        """Return the tree head: 32 bytes; of no leaves, the hash of nothing."""
        node: bytes | None = None
        for hashes in self._edge:
            nodes = hashes if node is None else [*hashes, node]
            node = joined(nodes) if nodes else None
        return EMPTY_ROOT if node is None else node

    def take_full(self) -> list[Tile]:
        """The tiles that have become full since this was asked last."""
        full, self._full = self._full, []
        return full

    def edge(self) -> list[Tile]:
        """The tiles at the right edge that are not full yet."""
        return [
            Tile(level, self.size >> HEIGHT * (level + 1), b"".join(hashes))
            for level, hashes in enumerate(self._edge)
            if hashes
        ]
