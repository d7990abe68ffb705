"""What everybody may read of the log: its newest checkpoint, its hashes, its keys. No body, and no person.

The layout is that of C2SP ``tlog-tiles``, without its bundles of entries.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from consentcore.consent.evidence.cosignatures import cosigned
from consentcore.consent.evidence.generations import resumptions
from consentcore.consent.evidence.growth import stored_tile
from consentcore.consent.evidence.log_state import LogState
from consentcore.consent.evidence.retired import ended_keys
from consentcore.consent.evidence.signer import LogSigner
from consentcore.consent.evidence.statements import statements
from consentcore.domain.clock import iso
from consentcore.tlog import InclusionProof, hash_at, inclusion_proof
from consentcore.tlog.base64 import HASH_BYTES
from consentcore.tlog.tiles import HEIGHT, WIDTH

if TYPE_CHECKING:
    from consentcore.domain.event import Checkpoint
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

FRESH_S = 1.0
"""How long the newest checkpoint serves that was read."""
_FULL_TILES = 512
"""Full tiles that are remembered, 8 kB each: they never change."""


@dataclass
class LogPublication:
    """Reads the log for everybody. Costs no more than a tile a request. Safe to use from any thread.

    :param origin: the name of the log.
    """

    storage: Storage
    keys: KeyRing
    origin: str
    _read_at: float = field(default=-FRESH_S, init=False)
    _newest: tuple[int, str] = field(default=(0, ""), init=False)
    _tiles: OrderedDict[tuple[int, int], bytes] = field(default_factory=OrderedDict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def checkpoint(self) -> str:
        """The newest checkpoint with everybody's signatures; "" while there is none. It may be a second old.

        :raises StorageError: when the store fails.
        """
        return self._fresh()[1]

    def tile(self, level: int, number: int, width: int = WIDTH) -> bytes | None:
        """The hashes of a tile; None where the newest checkpoint has no such tile.

        :param width: 256 for a full one.
        :raises StorageError: when the store fails.
        """
        if not (0 <= level < 64 // HEIGHT and 0 < width <= WIDTH and 0 <= number < 1 << 63):
            return None
        size = self._fresh()[0]
        if (size >> HEIGHT * level) - number * WIDTH < width:
            return None
        hashes = self._tiles.get((level, number))
        if hashes is None:
            with self.storage.reading() as uow:
                hashes = stored_tile(uow, level, number) or b""
            self._remember(level, number, hashes)
        wanted = hashes[: width * HASH_BYTES]
        return wanted if len(wanted) == width * HASH_BYTES else None

    def key_list(self) -> dict[str, object]:
        """Every public key with its times, and from which place in the log on it signs nothing any more.

        :raises StorageError: when the store fails.
        """
        with self.storage.reading() as uow:
            said = list(statements(uow))
        state = LogState(ended=ended_keys(said), resumed=tuple(resumptions(said)))
        name = state.name(self.origin)
        signer = LogSigner(self.keys, name)
        keys: list[dict[str, object]] = []
        for key_id in signer.signer.ids:
            times = signer.signer.times(key_id)
            known = {
                "used_from": times.used_from,
                "retired_at": times.retired_at,
                "revoked_at": times.revoked_at,
            }
            keys.append(
                {
                    "key_id": key_id,
                    "key": str(signer.key(key_id)),
                    **{what: iso(at) if at else None for what, at in known.items()},
                    "ended_at_leaf": state.ended.get(key_id),
                }
            )
        return {
            "log": name,
            "former_names": [one for one in state.names(self.origin) if one != name],
            "keys": keys,
        }

    def _fresh(self) -> tuple[int, str]:
        """Size and text of the newest checkpoint."""
        with self._lock:
            if time.monotonic() - self._read_at < FRESH_S:
                return self._newest
            with self.storage.reading() as uow:
                newest = uow.ledger.newest_checkpoint()
                if newest is not None and newest.note:
                    self._newest = (newest.size, str(cosigned(uow, newest)))
            self._read_at = time.monotonic()
            return self._newest

    def _remember(self, level: int, number: int, hashes: bytes) -> None:
        if len(hashes) != WIDTH * HASH_BYTES:
            return
        with self._lock:
            self._tiles[level, number] = hashes
            while len(self._tiles) > _FULL_TILES:
                self._tiles.popitem(last=False)


def proof_of(uow: UnitOfWork, checkpoint: Checkpoint, index: int) -> InclusionProof:
    """The proof that a leaf is in the log (C2SP ``tlog-proof``).

    :raises ValueError: when the checkpoint does not cover it.
    :raises LookupError: when hashes are missing.
    """
    hashes = inclusion_proof(hash_at(partial(stored_tile, uow)), index, checkpoint.size)
    return InclusionProof(index, tuple(hashes), str(cosigned(uow, checkpoint)))
