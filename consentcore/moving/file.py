"""The file of a move: a head, the records of each kind in the order of their bytes, and an end that closes it.

The same records make the same file, byte for byte. Its end carries a MAC over all of it by a subkey of the key ring
that the records were sealed with, so that whoever has only the file can change nothing in it unnoticed, and an import
with another key ring ends before it has begun.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import IO, TYPE_CHECKING, Any

from consentcore.domain.errors import KeyUnavailable
from consentcore.domain.json_text import read_json
from consentcore.domain.past_scopes import PinnedScope
from consentcore.moving.errors import MoveRefused
from consentcore.moving.everything import Progress, unseen
from consentcore.moving.records import RECORDS, line_of, record_of, write_json
from consentcore.moving.tally import Tally
from consentcore.ports.moving import MOVED

if TYPE_CHECKING:
    from pathlib import Path

    from consentcore.ports.keys import KeyRing
    from consentcore.ports.moving import Moved

PURPOSE = "moving"
FORMAT = 1
"""Version of the file: another one is refused."""
LONGEST_HEAD = 1 << 20
"""Bytes of the first line: of a file that is something else it may be all of it."""
_STEP = 1000


class _Hashed:
    """Writes lines and hashes them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()

    def write(self, line: bytes) -> None:
        self.sha256.update(line)
        self._file.write(line)


def write_export(
    file: IO[bytes],
    keys: KeyRing,
    parts: Iterable[tuple[str, int, Iterable[bytes]]],
    progress: Progress = unseen,
) -> Tally:
    """Write an export.

    :param parts: every kind of :data:`MOVED` with the number of its lines and these, in their order.
    :returns: what is in it.
    """
    out, tally, key_id = _Hashed(file), Tally(), keys.current_id
    members = {kind: one.members for kind, one in RECORDS.items()}
    out.write(_line({"consentcore-export": FORMAT, "key": key_id, "kinds": members}))
    for kind, count, lines in parts:
        out.write(_line({"kind": kind, "records": count}))
        for number, line in enumerate(lines, start=1):
            out.write(line)
            tally.add(kind, line)
            if number % _STEP == 0:
                progress(_STEP)
    mac = keys.mac(PURPOSE, out.sha256.digest(), key_id)
    out.write(_line({"end": True, "digests": tally.digests, "mac": mac.hex()}))
    return tally


@dataclass(frozen=True)
class Place:
    """Where reading goes on.

    :ivar offset: of the next byte.
    :ivar kind: of the record there; "" before the first one.
    :ivar left: so many records of that kind are behind it.
    """

    offset: int = 0
    kind: str = ""
    left: int = 0


@dataclass(frozen=True)
class Checked:
    """A file that is whole, and written with this key ring.

    :ivar tally: of its records, as this release writes them.
    :ivar mac: what tells it from every other file, in hexadecimal.
    :ivar pinned: scopes, versions and revisions of its words of scopes.
    """

    tally: Tally
    mac: str
    pinned: frozenset[tuple[str, str, int]]


class ExportFile:
    """An export that somebody brings; every method raises :class:`MoveRefused` when it is none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def size(self) -> int:
        """Bytes of it."""
        return self._path.stat().st_size

    def check(self, keys: KeyRing, progress: Progress = unseen) -> Checked:
        """Read all of it before any of it is used.

        :param progress: is told of bytes.
        """
        tally, raw, pinned = Tally(), Tally(), set()
        with self._path.open("rb") as file:
            source = _Source(file)
            key_id = self._head(source, keys)
            while (section := self._section(source)) is not None:
                kind, count = section
                for _ in range(count):
                    line = self._whole(source.line())
                    record = self._record(kind, line)
                    raw.add(kind, line)
                    tally.add(*line_of(record))
                    if isinstance(record, PinnedScope):
                        pinned.add(self._words_of(record))
                    progress(len(line))
            mac = source.end.get("mac")
        wanted = keys.mac(PURPOSE, source.digest, key_id).hex()
        if not isinstance(mac, str) or not mac.isascii() or not compare_digest(wanted, mac):
            raise self._no("it was changed after it was written: its end does not fit")
        if source.end.get("digests") != raw.digests:
            raise self._no("its digests do not fit its records")
        return Checked(tally, mac, frozenset(pinned))

    def records(self, keys: KeyRing, place: Place) -> Iterator[tuple[Moved, Place]]:
        """Records of a file that was checked, each with where reading goes on behind it.

        :param place: where it goes on; ``Place()`` begins.
        """
        with self._path.open("rb") as file:
            source = _Source(file)
            if place.offset:
                file.seek(place.offset)
            else:
                self._head(source, keys)
            kind, left = place.kind, place.left
            while True:
                for number in range(left, 0, -1):
                    record = self._record(kind, self._whole(source.line()))
                    yield record, Place(file.tell(), kind, number - 1)
                section = self._section(source)
                if section is None:
                    return
                kind, left = section

    def _head(self, source: _Source, keys: KeyRing) -> str:
        """The key id of the file, once it is one that can be read here."""
        line = source.line(LONGEST_HEAD)
        if len(line) < LONGEST_HEAD:
            self._whole(line)
        found = self._parsed(line)
        if found is None:
            raise self._no("it does not begin as an export of consentcore does: a line is no JSON object")
        if "consentcore-export" not in found:
            raise self._no("it does not begin as an export of consentcore does")
        if found["consentcore-export"] != FORMAT:
            raise self._no(f"it has format {found['consentcore-export']}, this release reads {FORMAT}")
        kinds = found.get("kinds")
        for kind, members in kinds.items() if isinstance(kinds, dict) else ():
            if not isinstance(members, list):
                raise self._no(f"its head says no members of {kind}")
            known = RECORDS[kind].members if kind in RECORDS else ()
            more = [str(one) for one in members if one not in known] if known else [kind]
            if more:
                raise self._no(f"a newer release wrote it: this one does not know {kind}: {', '.join(more)}")
        key_id = str(found.get("key"))
        try:
            keys.mac(PURPOSE, b"", key_id)
        except KeyUnavailable:
            raise self._no(
                f"it was written with the master key {key_id}, which consentcore.keys here does not have: "
                "the key ring moves too, apart from this file"
            ) from None
        return key_id

    def _section(self, source: _Source) -> tuple[str, int] | None:
        """The kind of the next records and how many there are; None at the end."""
        source.remember()
        found = self._object(source.line())
        if found.get("end") is True:
            source.end = found
            if source.line():
                raise self._no("there is something behind its end")
            return None
        kind, count = found.get("kind"), found.get("records")
        if not isinstance(kind, str) or kind not in MOVED or not isinstance(count, int):
            raise self._no("a line is neither a section nor the end")
        return kind, count

    def _object(self, line: bytes) -> dict[str, Any]:
        found = self._parsed(self._whole(line))
        if found is None:
            raise self._no("a line is no JSON object")
        return found

    def _parsed(self, line: bytes) -> dict[str, Any] | None:
        try:
            found = read_json(line)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def _record(self, kind: str, line: bytes) -> Moved:
        try:
            return record_of(kind, line)
        except ValueError as error:
            raise self._no(f"a record of kind {kind} cannot be read: {error}") from None

    def _words_of(self, record: PinnedScope) -> tuple[str, str, int]:
        found = (record.scope_id, record.version, record.revision)
        try:
            hash(found)
        except TypeError:  # made by hand: lists where texts and numbers are
            raise self._no("a record of kind pinned_scope has members of other kinds") from None
        return found

    def _whole(self, line: bytes) -> bytes:
        if not line.endswith(b"\n"):
            raise self._no("it is not whole: its end is missing")
        return line

    def _no(self, why: str) -> MoveRefused:
        return MoveRefused(f"{self._path}: {why}")


class _Source:
    """Reads lines and hashes them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.digest = b""
        self.end: dict[str, Any] = {}

    def line(self, longest: int = -1) -> bytes:
        line = self._file.readline(longest)
        self._sha256.update(line)
        return line

    def remember(self) -> None:
        """Keep the hash of all that was read so far."""
        self.digest = self._sha256.digest()


def _line(found: Mapping[str, Any]) -> bytes:
    return write_json(found).encode() + b"\n"
