"""Giving checkpoints to anchors, and keeping what witnesses sign."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from consentcore.consent.evidence.cosignatures import cosignature_object
from consentcore.consent.evidence.errors import LedgerBroken
from consentcore.consent.evidence.growth import stored_tile
from consentcore.hooks.errors import describe_exception
from consentcore.ports.extension import AnchorContradiction, CosigningAnchor
from consentcore.ports.storage import transact
from consentcore.tlog import BadNote, Signature, consistency_proof, hash_at

if TYPE_CHECKING:
    from consentcore.domain.event import Checkpoint
    from consentcore.hooks.calling import Leash
    from consentcore.ports.extension import Anchor
    from consentcore.ports.storage import Storage

log = logging.getLogger("consentcore.ledger")


class Publisher:
    """Hands on what each anchor has not had from this process.

    The first time that is only the newest: a head covers all before it. One that could not be kept is tried again at
    the next call.
    """

    def __init__(self, leash: Leash) -> None:
        self._leash = leash
        self._published: dict[str, int] = {}

    def publish(self, storage: Storage, anchors: Mapping[str, Anchor]) -> None:
        """Give every anchor what it lacks; a plugin's fault does not stop the others.

        :raises LedgerBroken: when an anchor keeps what is not continued.
        """
        wrong = []
        for name, anchor in anchors.items():
            for checkpoint in self._due(storage, name, anchor):
                error = self._give(storage, name, anchor, checkpoint)
                if error is None:
                    self._published[name] = checkpoint.size
                    continue
                if isinstance(error, AnchorContradiction):
                    wrong.append(
                        f"anchor {name} does not follow the checkpoint of {checkpoint.size} events: {error}"
                    )
                else:
                    why = describe_exception(error)
                    log.error("anchor %s did not keep checkpoint %d: %s", name, checkpoint.size, why)
                break
        if wrong:
            raise LedgerBroken("; ".join(wrong))

    def _due(self, storage: Storage, name: str, anchor: Anchor) -> Sequence[Checkpoint]:
        had = self._published.get(name)
        with storage.reading() as uow:
            if had is not None and not isinstance(anchor, CosigningAnchor):
                return uow.ledger.checkpoints(after=had)
            newest = uow.ledger.newest_checkpoint()
        return [newest] if newest is not None and newest.size > (had or 0) else []

    def _give(
        self, storage: Storage, name: str, anchor: Anchor, checkpoint: Checkpoint
    ) -> BaseException | None:
        if not isinstance(anchor, CosigningAnchor):
            return self._leash.call(name, partial(anchor.publish, checkpoint)).error
        prove = partial(_proof, storage, checkpoint.size)
        read = self._leash.call(name, partial(anchor.cosign, checkpoint, prove))
        if read.error is not None or not read.answer:
            return read.error
        try:
            lines = [Signature.read(line) for line in read.answer.splitlines()]
        except (BadNote, AttributeError) as error:
            return error
        kept = cosignature_object(checkpoint, name, lines)
        transact(storage, lambda uow: uow.tlog.put(kept))
        return None


def _proof(storage: Storage, size: int, old_size: int) -> Sequence[bytes]:
    with storage.reading() as uow:
        return consistency_proof(hash_at(partial(stored_tile, uow)), old_size, size)
