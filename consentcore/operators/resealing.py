"""Sealing anew what older keys have sealed, before or after they are revoked because others may have them.

What the ledger vouches for is sealed anew in any case. For everything else somebody has to give their word that the
records of a kind stand as we wrote them; the log keeps that word, and takes it once for a key that was revoked: what
bears its seal later was put there since. Every batch is a transaction of its own; a call that was interrupted is taken
up by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consentcore.consent.evidence.resealed import log_of, state_resealing, taken_by_word
from consentcore.consent.reason import check_reason
from consentcore.consent.vouching import Vouching
from consentcore.domain.errors import ConsentcoreError, InvalidInput
from consentcore.keys.sealed_storage import SealedStorage
from consentcore.operators.resealing_judges import Judges
from consentcore.operators.resealing_run import CONSENTS, PASSWORDS, Count, ResealingRun
from consentcore.ports.seals import SealedKind

if TYPE_CHECKING:
    from consentcore.consent.evidence.service import EvidenceLog
    from consentcore.domain.clock import Clock
    from consentcore.domain.scope import Catalog
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage

KINDS = (CONSENTS, PASSWORDS, *SealedKind)
"""What somebody may give their word for."""


class NotStatedYet(ConsentcoreError):
    """The log does not say yet that a revoked key is over, so nobody can tell its events from those of others."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """What was done.

    :ivar keys: ids of the older keys of the ring;
    :ivar revoked: of these, those that were revoked.
    :ivar counts: by kind; only kinds of which there was any such record.
    :ivar exposed: ids of webhook endpoints with a secret that an older key, with a copy of the database, opens.
    """

    keys: tuple[str, ...]
    revoked: tuple[str, ...]
    counts: Mapping[str, Count] = field(default_factory=dict)
    exposed: tuple[str, ...] = ()

    @property
    def anew(self) -> int:
        """Records that got the seal of the current key."""
        return sum(one.anew for one in self.counts.values())

    @property
    def left(self) -> int:
        """Records that bear the seal of an older key: of a revoked one they count for nothing."""
        return sum(one.left for one in self.counts.values())


@dataclass(frozen=True)
class Resealing:
    """Seals anew."""

    storage: Storage
    keys: KeyRing
    clock: Clock
    evidence: EvidenceLog
    catalog: Catalog
    issuer: str

    def run(
        self,
        trusted: Collection[str] = (),
        *,
        reason: str = "",
        progress: Callable[[str, Count], object] = lambda _kind, _count: None,
    ) -> Resealed:
        """Seal anew what the ledger vouches for, and the records of some kinds as they stand.

        Notices and deliveries of a revoked key that are not sealed anew are told to nobody from then on.

        :param trusted: of :data:`KINDS`.
        :param reason: why they can be trusted; needed where any is.
        :param progress: is told after every kind.
        :raises InvalidInput: field ``as_they_stand``: no such kind, or one whose word was taken before; ``reason``.
        :raises NotStatedYet: within a minute after a key was revoked.
        :raises LedgerBroken, AnchorsSilent: when the log is not in order; nothing was done then.
        :raises StorageError: when the storage does not answer, also where there is nothing to seal anew.
        """
        why = check_reason(reason, needed=bool(trusted))
        if strange := sorted(set(trusted) - set(KINDS)):
            expected = f"expected some of {', '.join(KINDS)}, not {', '.join(strange)}"
            raise InvalidInput("as_they_stand", expected)
        current = self.keys.current_id
        old = tuple(key_id for key_id in self.keys.ids if key_id != current)
        revoked = tuple(key_id for key_id in old if self.keys.revoked_at(key_id))
        if not old:
            self._ask()
            return Resealed(old, revoked)
        ended, spent = self._log(revoked)
        _refuse_twice(old, spent, trusted)
        storage = self.storage.bare if isinstance(self.storage, SealedStorage) else self.storage
        vouching = Vouching(self.keys, ended)
        judges = Judges(self.keys, vouching, self.catalog, self.issuer)
        run = ResealingRun(
            storage, self.keys, vouching, judges, trusted=frozenset(trusted), spent=spent, progress=progress
        )
        done = Resealed(old, revoked, run.all(), tuple(run.exposed))
        if done.anew or trusted:
            self._state(done, trusted, why)
        return done

    def _ask(self) -> None:
        """Look into the storage: nobody is told that all is well with one that is not there."""
        with self.storage.reading() as uow:
            uow.ledger.newest_checkpoint()

    def _log(self, revoked: Collection[str]) -> tuple[Mapping[str, int], Mapping[str, Collection[str]]]:
        """From which place on each key seals nothing any more, and for which kinds the word was taken, by key."""
        self.evidence.advance()  # where no worker has come by since
        state, said = log_of(self.storage, self.keys, self.evidence.origin)
        if late := sorted(set(revoked) - set(state.ended)):
            raise NotStatedYet(
                f"the log does not say yet that {', '.join(late)} is over; it does a minute after a key was revoked: "
                "run it again then"
            )
        taken = taken_by_word(said)
        return state.ended, {key_id: taken.get(key_id, set()) for key_id in revoked}

    def _state(self, done: Resealed, trusted: Collection[str], reason: str) -> None:
        facts = {
            "keys": list(done.keys),
            "as_they_stand": sorted(trusted),
            "reason": reason,
            "sealed_anew": {kind: count.anew for kind, count in done.counts.items()},
            "left": {kind: count.left for kind, count in done.counts.items()},
        }
        state_resealing(self.storage, self.keys, self.clock, self.evidence.origin, facts)


def _refuse_twice(
    old: Collection[str], spent: Mapping[str, Collection[str]], trusted: Collection[str]
) -> None:
    """Say no to a word for which no key is left."""
    again = sorted(kind for kind in trusted if all(kind in spent.get(key_id, ()) for key_id in old))
    if again:
        raise InvalidInput(
            "as_they_stand",
            f"expected other kinds than {', '.join(again)}: those that {', '.join(old)} had sealed were sealed anew "
            "before, so what bears such a seal now was put there since",
        )
