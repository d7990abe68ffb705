"""Giving notes of records, and of what is over, their place in the log: what anchors know cannot be taken back."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from consentcore.consent.evidence.statements import StatementType
from consentcore.keys.record_notes import (
    ENDED,
    ENDING,
    LOOKING,
    RECORD,
    UNSTATED,
    EndedNote,
    LookNote,
    RecordNote,
    looked_folder,
    read_note,
    written,
)
from consentcore.ports.tlog import LogObject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consentcore.keys.record_notes import N
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork

log = logging.getLogger("consentcore.evidence")
SWEPT = 100
"""Lists that are removed in one commit at most."""

Facts = dict[str, object]


def due(uow: UnitOfWork, keys: KeyRing, most: int) -> list[tuple[StatementType, Facts]]:
    """What there is to state of records and of what is over; with it, the notes go where verification looks for them.

    :param most: notes in one commit; each is three writes.
    """
    said: list[tuple[StatementType, Facts]] = []
    if records := _records(uow, keys, most):
        said.append((StatementType.RECORDS, {"records": records}))
    left = max(0, most - len(records))
    if lists := [
        _kept(uow, keys, path, note, ENDED) for path, note in _waiting(uow, keys, ENDING, EndedNote, left)
    ]:
        said.append((StatementType.ENDED, {"lists": lists}))
    left = max(0, left - len(lists))
    looks = list(_waiting(uow, keys, LOOKING, LookNote, left))
    if looked := [_kept(uow, keys, path, note, looked_folder(note.owner_id)) for path, note in looks]:
        said.append((StatementType.LOOKED, {"looks": looked}))
    return said


def sweep(uow: UnitOfWork, now: int, *, folder: str = ENDED, most: int = SWEPT) -> None:
    """Remove lists of what would not work any more in any case, or looks that are as old as they become.

    :param now: milliseconds since the epoch.
    :param most: so many in one commit.
    """
    kept = uow.tlog.list(folder, limit=min(most, SWEPT))
    old = [one.path for one in kept if until_of(one.path) < now]
    if old:
        uow.tlog.remove(old)


def until_of(path: str) -> int:
    """Until when a list or a look is kept, in milliseconds since the epoch; 0 where its name does not say, because then
    it is none of ours."""
    until = path.rpartition("/")[2].partition("-")[0]
    return int(until) if re.fullmatch("[0-9]{1,15}", until) else 0


def _records(uow: UnitOfWork, keys: KeyRing, most: int) -> list[Facts]:
    said: list[Facts] = []
    for path, note in _waiting(uow, keys, UNSTATED, RecordNote, most):
        kept = uow.tlog.get(f"{RECORD}/{note.name}")
        known = read_note(keys, RecordNote, kept) if kept else None
        if known is not None and known.revision >= note.revision:
            _tell_once("a note of a record is one of before, and is not stated: %s", path)
            continue
        uow.tlog.put(written(keys, f"{RECORD}/{note.name}", note))
        uow.tlog.remove([path])
        said.append({"record": note.name, "revision": note.revision, "digest": note.digest})
    return said


def _kept(uow: UnitOfWork, keys: KeyRing, path: str, note: EndedNote | LookNote, folder: str) -> Facts:
    """Keep a note where it is looked for, and what to say of it."""
    kept = written(keys, f"{folder}/{note.until:015d}-{path.rpartition('/')[2]}", note)
    uow.tlog.put(kept)
    uow.tlog.remove([path])
    return {"kept": kept.path, "sha256": sha256(kept.data).hexdigest()}


def _waiting(
    uow: UnitOfWork, keys: KeyRing, folder: str, kind: type[N], most: int
) -> Iterator[tuple[str, N]]:
    """Notes that wait, each as it is by now: nobody changes it any more before this transaction ends."""
    count, after = 0, ""
    while count < most and (page := uow.tlog.list(folder, after=after, limit=100)):
        for seen in page:
            note = _locked(uow, keys, seen, kind)
            if note is None:
                continue
            yield seen.path, note
            count += 1
            if count == most:
                return
        after = page[-1].path


def _locked(uow: UnitOfWork, keys: KeyRing, seen: LogObject, kind: type[N]) -> N | None:
    kept = uow.tlog.get(seen.path, lock=True)
    note = None if kept is None else read_note(keys, kind, kept)
    if note is None:
        if kept is not None:
            _tell_once("a note is not as we wrote it, and is not stated: %s", seen.path)
        return None
    key_id = note.seal.partition(":")[0]
    if keys.revoked_at(key_id):
        _tell_once(
            f"a note is sealed by the key {key_id}, which was revoked, and is not stated: %s", seen.path
        )
        return None
    return note


@lru_cache(maxsize=10_000)
def _tell_once(text: str, path: str) -> None:
    """Say what is wrong with a note that goes on waiting, and is met again every few seconds: once in a process."""
    log.error(text, path)
