"""One part of a storage whose records carry seals, see :mod:`consentcore.keys.sealed_storage`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from consentcore.keys.seals import Sealed, is_sealed, sealed

if TYPE_CHECKING:
    from consentcore.ports.keys import KeyRing

log = logging.getLogger("consentcore.storage")
R = TypeVar("R", bound=Sealed)
NOT_OURS = "it is not as we wrote it"


class Face:
    """One part of a storage; what it does not change is that of the part itself."""

    def __init__(self, inner: Any, keys: KeyRing) -> None:
        self._inner = inner
        self._keys = keys

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _sealed(self, record: R) -> R:
        return sealed(self._keys, record)

    def _ours(self, record: R | None) -> R | None:
        if record is None or is_sealed(self._keys, record):
            return record
        log.error("a record of kind %s is refused: %s", type(record).__name__, NOT_OURS)
        return None

    def _ours_now(self, record: R | None) -> R | None:
        """The same for what lets somebody in: a key that others may know lets in nobody, so people sign in anew."""
        found = self._ours(record)
        if found is None:
            return None
        key_id = found.seal.partition(b":")[0].decode("latin-1")
        if not self._keys.revoked_at(key_id):
            return found
        log.warning("a record of kind %s is refused: its key was revoked", type(found).__name__)
        return None

    def _all_ours(self, records: Sequence[R]) -> list[R]:
        return [record for record in records if self._ours(record) is not None]
