"""What the transparency log keeps beside the events."""

from __future__ import annotations

import pytest

from consentcore.api import LogObject, Storage, StorageConflict, UnitOfWork, transact
from consentcore.testing.threads import together


class TlogGroup:
    """What :class:`consentcore.api.TlogRepository` promises."""

    def test_object_comes_back_and_the_later_one_takes_its_place(self, storage: Storage) -> None:
        first, second = (
            LogObject("tile/0/x001/234", bytes(range(256)) * 32),
            LogObject("tile/0/x001/234", b""),
        )
        with storage.transaction() as uow:
            assert uow.tlog.get(first.path) is None
            uow.tlog.put(first)
            assert uow.tlog.get(first.path) == first
        with storage.reading() as uow:
            assert uow.tlog.get(first.path) == first
        with storage.transaction() as uow:
            assert uow.tlog.get(first.path, lock=True) == first
            uow.tlog.put(second)
        with storage.reading() as uow:
            assert uow.tlog.get(first.path) == second

    def test_objects_of_a_folder_come_by_path_in_pages(self, storage: Storage) -> None:
        inside = [LogObject(f"a/{name}", name.encode()) for name in ("-", "1", "10", "2/1", "Z", "b", "~")]
        others = [LogObject(path, b"x") for path in ("a-b/1", "a0/1", "A/1", "b/1", "aa/1")]
        with storage.transaction() as uow:
            for one in (*reversed(inside), *others):
                uow.tlog.put(one)
        with storage.reading() as uow:
            first = uow.tlog.list("a", limit=3)
            assert list(first) == inside[:3]
            assert list(uow.tlog.list("a", after=first[-1].path)) == inside[3:]
            assert list(uow.tlog.list("a", after=inside[-1].path)) == []
            assert list(uow.tlog.list("nothing")) == []

    def test_object_vanishes_with_its_transaction(self, storage: Storage) -> None:
        kept = LogObject("state/lease", b"0")
        with storage.transaction() as uow:
            uow.tlog.put(kept)

        def undone(uow: UnitOfWork) -> None:
            uow.tlog.put(LogObject("state/lease", b"1"))
            uow.tlog.put(LogObject("state/other", b"1"))
            raise StorageConflict("undone")

        with pytest.raises(StorageConflict):
            transact(storage, undone, attempts=1)
        with storage.reading() as uow:
            assert list(uow.tlog.list("state")) == [kept]

    def test_of_many_that_count_in_an_object_nobody_is_lost(self, storage: Storage) -> None:
        with storage.transaction() as uow:
            uow.tlog.put(LogObject("state/count", b"0"))

        def count(uow: UnitOfWork) -> None:
            seen = uow.tlog.get("state/count", lock=True)
            assert seen is not None
            uow.tlog.put(LogObject("state/count", str(int(seen.data) + 1).encode()))

        together(6, lambda _: transact(storage, count, attempts=50))
        with storage.reading() as uow:
            assert uow.tlog.get("state/count") == LogObject("state/count", b"6")

    def test_what_is_removed_is_gone_and_nothing_else(self, storage: Storage) -> None:
        kept, gone = LogObject("unstated/b", b"2"), LogObject("unstated/a", b"1")
        with storage.transaction() as uow:
            uow.tlog.put(kept)
            uow.tlog.put(gone)
        with storage.transaction() as uow:
            uow.tlog.remove([gone.path, "unstated/never"])
            assert uow.tlog.get(gone.path) is None
        with storage.reading() as uow:
            assert list(uow.tlog.list("unstated")) == [kept]
