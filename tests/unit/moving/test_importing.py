"""Moving in: all of it or an answer why not, and after a break from where it was."""

from __future__ import annotations

import json
import os

import pytest

from consentcore.api import PinnedScope
from consentcore.domain.errors import InvalidInput
from consentcore.moving import importing
from consentcore.moving.errors import MoveRefused
from consentcore.moving.exporting import Export
from consentcore.moving.importing import MARK, Import, import_mark
from consentcore.moving.records import RECORDS
from consentcore.testing import ManualClock, factories, fixed_keys
from consentcore.testing.factories.moving import House
from consentcore.testing.storage.moving import everything, in_order
from consentcore_memory import MemoryStorage

KEYS = fixed_keys()
CLOCK = ManualClock()


class Breaks(Exception):
    """The process ends here."""


@pytest.fixture
def records():
    return House().records


@pytest.fixture
def source(records, tmp_path):
    storage = MemoryStorage()
    storage.moving.write(records)
    Export(storage.moving, KEYS, tmp_path / "house").run()
    return tmp_path / "house"


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 3)
    monkeypatch.setattr(importing, "BATCHES", 2)


def move_in(storage, source, keys=KEYS):
    return Import(storage, keys, CLOCK, source).run()


def moved(storage):
    return in_order(one for one in everything(storage) if getattr(one, "path", "") != MARK)


def test_everything_is_there_and_the_storage_says_so(records, source):
    storage = MemoryStorage()
    found = move_in(storage, source)
    assert moved(storage) == in_order(records)
    assert sum(found.counts.values()) == len(records)
    mark = import_mark(storage)
    assert mark is not None
    assert (mark["finished_at"], mark["records"]["token"]) == (CLOCK.now(), 4)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("number", "after"), [(number, after) for number in range(1, 13) for after in (0, 1)]
)
def test_what_was_broken_off_goes_on(records, source, monkeypatch, number, after):
    storage = MemoryStorage()
    write, calls = storage.moving.write, []

    def breaking(some):
        calls.append(some)
        if after:
            write(some)
        if len(calls) == number:
            raise Breaks
        if not after:
            write(some)

    monkeypatch.setattr(storage.moving, "write", breaking)
    with pytest.raises(Breaks):
        move_in(storage, source)
    assert "finished_at" not in (import_mark(storage) or {})
    monkeypatch.setattr(storage.moving, "write", write)
    move_in(storage, source)
    assert moved(storage) == in_order(records)


def test_going_on_does_not_begin_from_the_start(records, source, small, monkeypatch):
    storage = MemoryStorage()
    write, written = storage.moving.write, []
    monkeypatch.setattr(storage.moving, "write", lambda some: written.extend(some) or write(some))
    marks = storage.moving.__class__.write

    def breaking(some):
        if len(written) > 20:
            raise Breaks
        written.extend(some)
        marks(storage.moving, some)

    monkeypatch.setattr(storage.moving, "write", breaking)
    with pytest.raises(Breaks):
        move_in(storage, source)
    del written[:]
    monkeypatch.setattr(storage.moving, "write", lambda some: written.extend(some) or write(some))
    move_in(storage, source)
    assert len(written) <= len(records) - 18


def test_storage_that_is_not_empty_is_refused(source):
    storage = MemoryStorage()
    storage.moving.write([factories.owner()])
    before = moved(storage)
    with pytest.raises(MoveRefused, match="the storage is not empty"):
        move_in(storage, source)
    assert moved(storage) == before
    assert import_mark(storage) is None


def test_words_of_scopes_that_init_wrote_are_replaced_and_others_stay(records, source):
    storage = MemoryStorage()
    other = factories.pinned_scope("later.read")
    storage.moving.write([factories.pinned_scope("sites.read", pinned_at=1), other])
    move_in(storage, source)
    assert moved(storage) == in_order([*records, other])


def test_second_import_is_refused(source):
    storage = MemoryStorage()
    move_in(storage, source)
    with pytest.raises(MoveRefused, match="was imported into this storage already"):
        move_in(storage, source)


def test_another_file_does_not_go_on_where_one_was_broken_off(source, tmp_path, small, monkeypatch):
    storage, other = MemoryStorage(), MemoryStorage()
    Export(other.moving, KEYS, tmp_path / "other").run()
    write = storage.moving.write
    monkeypatch.setattr(storage.moving, "write", lambda _some: (_ for _ in ()).throw(Breaks))
    with pytest.raises(Breaks):
        move_in(storage, source)
    monkeypatch.setattr(storage.moving, "write", write)
    with pytest.raises(MoveRefused, match="another file into this storage has not ended"):
        move_in(storage, tmp_path / "other")


def test_storage_that_loses_something_is_found_out_and_stays_unfinished(source, monkeypatch):
    storage = MemoryStorage()
    write = storage.moving.write
    monkeypatch.setattr(storage.moving, "write", lambda some: write(some[:-1]))
    with pytest.raises(MoveRefused, match="what is stored is not what is in the file") as refused:
        move_in(storage, source)
    assert refused.value.lines[1:] == ("delivery_attempt: 2 and 1",)
    assert "finished_at" not in (import_mark(storage) or {})


def _swapped(text):
    return text.replace(b'"sites.read"', b'"sites.reaf"')


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[:-1], "its end is missing"),
        (lambda text: text[: len(text) // 2], "its end is missing"),
        (lambda text: text.rsplit(b"\n", 2)[0] + b"\n", "its end is missing"),
        (_swapped, "it was changed after it was written"),
        (lambda text: text + b"more\n", "there is something behind its end"),
        (lambda text: b"PK" + text, "a line is no JSON object"),
        (lambda _text: b"", "its end is missing"),
        (lambda _text: b"{}\n", "does not begin as an export of consentcore does"),
        (lambda text: text.replace(b'export":1', b'export":2', 1), "it has format 2, this release reads 1"),
        (lambda text: text.replace(b'"client_id"', b'"shoe_size"', 1), "does not know client: shoe_size"),
        (lambda text: text.replace(b'"grant_use":', b'"grant_joy":', 1), "does not know grant_joy"),
        (
            lambda text: text.replace(b'"kind":"client"', b'"kind":"clients"', 1),
            "neither a section nor the end",
        ),
        (lambda text: text.replace(b'{"client_id":', b'{"client_ix":', 1), "no Client"),
        (
            lambda text: text.replace(b'"used_at":17', b'"used_at":"x', 1),
            "a record of kind grant_use cannot be read",
        ),
    ],
)
def test_file_that_is_not_whole_is_refused_before_anything_is_written(source, change, said):
    source.write_bytes(change(source.read_bytes()))
    storage = MemoryStorage()
    with pytest.raises(MoveRefused, match=said):
        move_in(storage, source)
    assert everything(storage) == []


def test_another_key_ring_is_refused_by_name(source):
    with pytest.raises(MoveRefused, match="master key test1, which consentcore.keys here does not have"):
        move_in(MemoryStorage(), source, fixed_keys("elsewhere1"))


def test_what_an_older_release_did_not_have_gets_its_default(records, tmp_path):
    """An export of a release before a member was there."""
    from consentcore.moving import file
    from consentcore.moving.records import RECORDS

    storage = MemoryStorage()
    storage.moving.write(records)
    older = tmp_path / "older"
    with pytest.MonkeyPatch.context() as patched:
        patched.delitem(RECORDS["client"]._forms, "logo")
        Export(storage.moving, KEYS, older).run()
    assert "logo" not in json.loads(older.read_bytes().split(b"\n")[0])["kinds"]["client"]
    target = MemoryStorage()
    move_in(target, older)
    assert moved(target) == in_order(records), "the client of a house has no logo of its own"
    assert file.FORMAT == 1


HEAD = json.dumps({"consentcore-export": 1, "kinds": {}, "key": KEYS.current_id})
DEEP = "[" * 200_000
WORDS = json.dumps(
    RECORDS["pinned_scope"].write(next(one for one in House().records if isinstance(one, PinnedScope)))
    | {"scope_id": ["a"]}
)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([DEEP], "it does not begin as an export of consentcore does"),
        (["x" * 2_000_000], "it does not begin as an export of consentcore does"),
        (["[]"], "it does not begin as an export of consentcore does"),
        ([HEAD, DEEP], "a line is no JSON object"),
        ([HEAD.replace("{}", '{"client": 5}')], "its head says no members of client"),
        ([HEAD, '{"kind": ["client"], "records": 1}'], "a line is neither a section nor the end"),
        ([HEAD, '{"kind": "client", "records": 1}', DEEP], "a record of kind client cannot be read"),
        ([HEAD, '{"end": true, "mac": "\\ud800"}'], "it was changed after it was written"),
        ([HEAD, '{"kind": "pinned_scope", "records": 1}', WORDS], "has members of other kinds"),
    ],
)
def test_a_file_that_somebody_made_by_hand_is_refused_with_what_is_wrong(tmp_path, lines, said):
    """As no fault of the storage, which one would try again."""
    file = tmp_path / "strange"
    file.write_text("".join(f"{line}\n" for line in lines))
    storage = MemoryStorage()
    with pytest.raises(MoveRefused, match=said):
        move_in(storage, file)
    assert everything(storage) == []


def test_pipe_is_refused_at_once(tmp_path):
    """It can be read once, and nobody might write into it."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match="SOURCE: expected a file"):
        move_in(MemoryStorage(), tmp_path / "pipe")
