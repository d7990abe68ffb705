"""One cache of key sets: who asks the source when, who waits, and what is used while it is down."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest

from consentcore.jose.source_cache import RefreshPolicy, SourceCache, SourceUnavailable
from tests.support.patience import PATIENCE_S

POLICY = {"fresh": 100, "retry": 10, "first_retry": 5, "unknown_asks": 1, "unknown_within": 30}
OLDEST = 1000


class Source:
    """Says what a test wants, and counts how often it was asked."""

    def __init__(self, *keys: str) -> None:
        self.keys: tuple[str, ...] | Exception = keys
        self.asked = 0
        self.hold: threading.Event | None = None
        self.begun = threading.Event()

    def fetch(self) -> tuple[str, ...]:
        self.asked += 1
        self.begun.set()
        if self.hold is not None:
            assert self.hold.wait(PATIENCE_S)
        if isinstance(self.keys, Exception):
            raise self.keys
        return self.keys


class Reader:
    """One cache with a clock that is set by hand."""

    def __init__(self, source: Source, **policy) -> None:
        self.source = source
        self.now = 0.0
        self.cache: SourceCache[tuple[str, ...]] = SourceCache(RefreshPolicy(**{**POLICY, **policy}))

    def find(self, key: str, **options):
        def pick(keys):
            return key if key in keys else None

        return self.cache.find(pick, self.source.fetch, lambda: self.now, oldest=OLDEST, **options)


@pytest.fixture
def source():
    return Source("a")


@pytest.fixture
def reader(source):
    return Reader(source)


DOWN = SourceUnavailable("it is down")


def test_fetched_once_and_kept(reader, source):
    assert [reader.find("a") for _ in range(3)] == ["a"] * 3
    assert source.asked == 1
    reader.now = 99
    reader.find("a")
    assert source.asked == 1


def test_what_is_old_is_fetched_again_and_what_was_withdrawn_is_forgotten(reader, source):
    reader.find("a")
    source.keys = ("b",)
    reader.now = 100
    assert reader.find("a") is None
    assert reader.find("b") == "b"
    assert source.asked == 2


def test_an_unknown_key_asks_again_but_not_often(reader, source):
    reader.find("a")
    assert [reader.find("b") for _ in range(50)] == [None] * 50
    assert source.asked == 1, "asked a moment ago"
    source.keys = ("a", "b")
    reader.now = 30
    assert reader.find("b") == "b"
    assert [reader.find("c") for _ in range(50)] == [None] * 50
    assert source.asked == 2


def test_several_asks_within_a_window(source):
    reader = Reader(source, unknown_asks=2)
    reader.find("a")
    assert [reader.find("b") for _ in range(9)] == [None] * 9
    assert source.asked == 2
    reader.now = 29
    reader.find("b")
    assert source.asked == 2
    reader.now = 30
    assert [reader.find("b") for _ in range(9)] == [None] * 9
    assert source.asked == 4


def test_while_the_source_is_down_what_was_known_does(reader, source):
    reader.find("a")
    source.keys = DOWN
    for now in (100, 500, 999):
        reader.now = now
        assert reader.find("a") == "a"
    assert source.asked == 4
    reader.now = 1000
    with pytest.raises(SourceUnavailable, match="it is down"):
        reader.find("a")


def test_a_source_that_failed_is_left_alone_for_a_while(reader, source):
    reader.find("a")
    source.keys = DOWN
    reader.now = 100
    assert [reader.find("a") for _ in range(9)] == ["a"] * 9
    assert source.asked == 2
    reader.now = 110
    source.keys = ("b",)
    assert reader.find("a") is None
    assert reader.find("b") == "b"


def test_where_nothing_was_ever_read_it_is_asked_sooner(reader, source):
    source.keys = DOWN
    for asked, now in ((1, 0), (1, 4), (2, 5), (2, 9), (3, 10)):
        reader.now = now
        with pytest.raises(SourceUnavailable, match="it is down"):
            reader.find("a")
        assert source.asked == asked, now


def test_an_empty_set_makes_no_hammer(reader, source):
    source.keys = ()
    assert [reader.find("a") for _ in range(9)] == [None] * 9
    assert source.asked == 1
    source.keys = ("a",)
    reader.now = 5
    assert reader.find("a") == "a"


def test_the_pause_counts_from_the_end_of_a_failure(reader, source):
    """A source that takes longer to fail than the pause would be asked by one thread after another."""

    def slow():
        reader.now += 60
        raise DOWN

    source.fetch = slow
    with pytest.raises(SourceUnavailable):
        reader.find("a")
    source.fetch = Source("a").fetch
    with pytest.raises(SourceUnavailable):
        reader.find("a")
    reader.now += 5
    assert reader.find("a") == "a"


def test_other_errors_are_the_callers_and_block_nobody(reader, source):
    source.keys = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        reader.find("a")
    source.keys = ("a",)
    reader.now = 5
    assert reader.find("a") == "a"


def test_whoever_has_to_wait_says_so(reader, source):
    waits = []

    @contextmanager
    def waiting():
        waits.append(source.asked)
        yield

    assert reader.find("a", waiting=waiting) == "a"
    assert waits == [0]
    for _ in range(3):
        reader.find("a", waiting=waiting)
        assert reader.find("unknown", waiting=waiting) is None
    assert waits == [0], "nobody waits for an answer that is there, or that is not to be had"


def in_thread(work):
    found = []

    def run():
        try:
            found.append(work())
        except SourceUnavailable as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, found


def test_one_thread_asks_and_the_others_find_what_it_brought(reader, source):
    source.hold = threading.Event()
    threads = [in_thread(lambda: reader.find("a")) for _ in range(4)]
    assert source.begun.wait(PATIENCE_S)
    source.hold.set()
    for thread, found in threads:
        thread.join(PATIENCE_S)
        assert found == ["a"]
    assert source.asked == 1


def test_nobody_waits_for_what_is_only_old(reader, source):
    reader.find("a")
    reader.now = 100
    source.begun.clear()
    source.hold = threading.Event()
    thread, found = in_thread(lambda: reader.find("a"))
    assert source.begun.wait(PATIENCE_S)
    assert reader.find("a") == "a"
    assert thread.is_alive()
    source.hold.set()
    thread.join(PATIENCE_S)
    assert found == ["a"]


def test_waiting_has_an_end(source):
    reader = Reader(source, wait_s=0.05)
    source.hold = threading.Event()
    thread, found = in_thread(lambda: reader.find("a"))
    assert source.begun.wait(PATIENCE_S)
    with pytest.raises(SourceUnavailable, match="being asked already"):
        reader.find("a")
    source.hold.set()
    thread.join(PATIENCE_S)
    assert found == ["a"]


def test_after_a_failure_nobody_has_to_wait_for_the_next_one(source):
    reader = Reader(source, wait_s=PATIENCE_S, wait_after_failure=False)
    source.keys = DOWN
    with pytest.raises(SourceUnavailable):
        reader.find("a")
    reader.now = 5
    source.begun.clear()
    source.hold = threading.Event()
    thread, found = in_thread(lambda: reader.find("a"))
    assert source.begun.wait(PATIENCE_S)
    with pytest.raises(SourceUnavailable, match="it is down"):
        reader.find("a")
    assert thread.is_alive()
    source.hold.set()
    thread.join(PATIENCE_S)
    assert [str(error) for error in found] == ["it is down"]


def test_whom_the_answer_of_another_does_not_help_asks_again(source):
    """Where the window has room: a key may have appeared after the other one's question."""
    reader = Reader(source, unknown_asks=2)
    source.hold = threading.Event()
    first, _ = in_thread(lambda: reader.find("a"))
    assert source.begun.wait(PATIENCE_S)
    second, found = in_thread(lambda: reader.find("b"))
    source.hold.set()
    for thread in (first, second):
        thread.join(PATIENCE_S)
    assert found == [None]
    assert source.asked == 2
