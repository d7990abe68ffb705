"""One part of a storage whose records carry seals, see :mod:`consentcore.keys.sealed_storage`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from consentcore.keys.seals import Sealed, Verdict, judge, sealed

if TYPE_CHECKING:
    from consentcore.ports.keys import KeyRing

log = logging.getLogger("consentcore.storage")
R = TypeVar("R", bound=Sealed)
NOT_OURS = "it is not as we wrote it"
REVOKED = "its key was revoked (`keys reseal`)"


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
        verdict = Verdict.OURS if record is None else judge(self._keys, record)
        if verdict is Verdict.OURS:
            return record
        why = NOT_OURS if verdict is Verdict.STRANGE else REVOKED
        log.error("a record of kind %s is refused: %s", type(record).__name__, why)
        return None

    def _all_ours(self, records: Sequence[R]) -> list[R]:
        return [record for record in records if self._ours(record) is not None]
