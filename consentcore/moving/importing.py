"""Moving in."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from consentcore.domain.errors import InvalidInput
from consentcore.domain.past_scopes import PinnedScope
from consentcore.moving.errors import MoveRefused
from consentcore.moving.everything import FOLDER, Progress, movable, pages, tallied, unseen
from consentcore.moving.file import Checked, ExportFile, Place
from consentcore.ports.storage import transact
from consentcore.ports.tlog import LogObject

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from consentcore.domain.clock import Clock
    from consentcore.moving.tally import Tally
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.moving import Moved
    from consentcore.ports.storage import Storage

MARK = f"{FOLDER}/import"
"""Where the storage says of itself whether something moves in, or did."""
BATCH = 500
BATCHES = 10
"""Between two notes of how far it has got."""


class Import:
    """One import. Broken off, it goes on where it was when it is run again with the same file.

    :param storage: without seals: records bring theirs.
    :raises InvalidInput: when the source is a pipe, or a device.
    """

    def __init__(self, storage: Storage, keys: KeyRing, clock: Clock, source: Path) -> None:
        self._storage = storage
        self._keys = keys
        self._clock = clock
        if not source.is_file():
            raise InvalidInput(
                "SOURCE", f"expected a file, because it is read more than once; {source} is none"
            )
        self._file = ExportFile(source)
        self._size = self._file.size

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._size

    def run(self, checking: Progress = unseen, writing: Progress = unseen) -> Tally:
        """Import.

        :param checking: is told of bytes of the file,
        :param writing: and of records that were written or read again.
        :returns: what has moved in.
        :raises MoveRefused: when the file is not whole, the storage not empty, or what is stored in the end is not what
            is in the file.
        """
        checked = self._file.check(self._keys, checking)
        place = self._begin(checked)
        records = self._file.records(self._keys, place)
        while batch := list(islice(records, BATCH * BATCHES)):
            for start in range(0, len(batch), BATCH):
                part = [record for record, _ in batch[start : start + BATCH]]
                self._storage.moving.write(part)
                writing(len(part))
            self._note(checked, batch[-1][1])
        there = tallied(self._storage.moving, lambda record: _counts(record, checked), writing)
        different = checked.tally.differences(there)
        if different:
            raise MoveRefused(
                "what is stored is not what is in the file (numbers in the file, and stored); import into an empty "
                "storage again, while no serve and no worker uses it",
                *different,
            )
        self._put({"export": checked.mac, "finished_at": self._clock.now(), "records": there.counts})
        return there

    def _begin(self, checked: Checked) -> Place:
        """Where to go on; the beginning in a storage in which nothing is."""
        found = import_mark(self._storage)
        if found is None:
            self._demand_empty()
            self._note(checked, Place())
            return Place()
        if "finished_at" in found:
            raise MoveRefused("an export was imported into this storage already; import needs an empty one")
        if found.get("export") != checked.mac:
            raise MoveRefused(
                "the import of another file into this storage has not ended: run that one to its end, or take an empty "
                "storage"
            )
        return Place(**found["place"])

    def _demand_empty(self) -> None:
        for page in pages(self._storage.moving):
            if any(movable(one) and not isinstance(one, PinnedScope) for one in page.records):
                raise MoveRefused(
                    "the storage is not empty: import needs one in which only `init` has written"
                )

    def _note(self, checked: Checked, place: Place) -> None:
        self._put(
            {
                "export": checked.mac,
                "place": {"offset": place.offset, "kind": place.kind, "left": place.left},
            }
        )

    def _put(self, facts: Mapping[str, Any]) -> None:
        mark = LogObject(MARK, json.dumps(facts).encode())
        transact(self._storage, lambda uow: uow.tlog.put(mark))


def import_mark(storage: Storage) -> dict[str, Any] | None:
    """What a storage says of an import; None when there never was one."""
    with storage.reading() as uow:
        found = uow.tlog.get(MARK)
    return None if found is None else dict(json.loads(found.data))


def _counts(record: Moved, checked: Checked) -> bool:
    if isinstance(record, PinnedScope):
        # `init` may have written more: what the catalog here says
        return (record.scope_id, record.version, record.revision) in checked.pinned
    return movable(record)
