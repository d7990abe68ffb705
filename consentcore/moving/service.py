"""What operators do when they move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.domain.errors import StorageUnavailable
from consentcore.keys.sealed_storage import SealedStorage
from consentcore.moving.everything import Progress, unseen
from consentcore.moving.exporting import Export
from consentcore.moving.importing import Import, import_mark

if TYPE_CHECKING:
    from pathlib import Path

    from consentcore.domain.clock import Clock
    from consentcore.moving.tally import Tally
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage


@dataclass(frozen=True)
class Moving:
    """Moving out of a storage and into one.

    :param storage: as the configuration has it; records come and go with the seals that they have.
    """

    storage: Storage
    keys: KeyRing
    clock: Clock

    @property
    def _bare(self) -> Storage:
        return self.storage.bare if isinstance(self.storage, SealedStorage) else self.storage

    @property
    def half_moved(self) -> bool:
        """Whether an import into the storage has begun and not ended: what is there is not all that was.

        :raises StorageError: when the storage cannot be read.
        """
        found = import_mark(self._bare)
        return found is not None and "finished_at" not in found

    def export(self, target: Path, progress: Progress = unseen) -> Tally:
        """Write everything into a file, see :meth:`Export.run`.

        :raises StorageUnavailable: when the storage is not in order.
        """
        return Export(self._ready().moving, self.keys, target).run(progress)

    def importing(self, source: Path) -> Import:
        """Make what reads everything from a file, see :meth:`Import.run`.

        :raises StorageUnavailable: when the storage is not in order.
        """
        return Import(self._ready(), self.keys, self.clock, source)

    def _ready(self) -> Storage:
        problems = list(self._bare.check())
        if problems:
            raise StorageUnavailable("; ".join(problems))
        return self._bare
