"""Idle connections, taken and given back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest
from sqlalchemy import create_engine, exc
from sqlalchemy.util import queue

from consentcore_sqlalchemy.idle import IdlePool, IdleQueue
from tests.support.patience import eventually

AMPLE_S = 60.0


def test_what_was_given_back_last_is_taken_first():
    idle = IdleQueue(3)
    for each in "abc":
        idle.put(each, block=False)
    assert [idle.get(block=False) for _ in range(3)] == ["c", "b", "a"]
    assert (idle.qsize(), idle.empty(), idle.full()) == (0, True, False)


def test_no_more_are_kept_than_shall_be():
    idle = IdleQueue(1)
    idle.put_nowait("a")
    assert idle.full()
    with pytest.raises(queue.Full):
        idle.put("b", block=False)
    assert (idle.get_nowait(), idle.qsize()) == ("a", 0)


def test_who_does_not_wait_or_has_waited_finds_none():
    idle = IdleQueue(1)
    with pytest.raises(queue.Empty):
        idle.get(block=False)
    with pytest.raises(queue.Empty):
        idle.get(block=True, timeout=0)
    assert idle._waiting == 0


def test_who_waits_gets_what_is_given_back():
    idle, got = IdleQueue(2), []
    threads = [Thread(target=lambda: got.append(idle.get(timeout=AMPLE_S))) for _ in range(2)]
    for each in threads:
        each.start()
    eventually(lambda: idle._waiting == 2)
    idle.put("a", block=False)
    idle.put("b", block=False)
    for each in threads:
        each.join()
    assert (sorted(got), idle._waiting) == (["a", "b"], 0)


def test_what_somebody_else_takes_first_is_waited_for_again():
    idle, got = IdleQueue(2), []
    waits = Thread(target=lambda: got.append(idle.get(timeout=AMPLE_S)))
    waits.start()
    eventually(lambda: idle._waiting == 1)
    with idle._given_back:
        idle._given_back.notify()  # and there is none
    idle.put("a", block=False)
    waits.join()
    assert got == ["a"]


def test_many_share_few_and_nobody_is_left_waiting():
    idle, out = IdleQueue(2), set()
    for each in "ab":
        idle.put(each, block=False)

    def use(_):
        mine = idle.get(timeout=AMPLE_S)
        assert mine not in out
        out.add(mine)
        out.remove(mine)
        idle.put(mine, block=False)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(2000)))
    assert (idle.qsize(), idle._waiting) == (2, 0)


@pytest.fixture
def engine():
    made = create_engine(
        "sqlite://",
        poolclass=IdlePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=0.01,
        connect_args={"check_same_thread": False},
    )
    yield made
    made.dispose()


def test_the_pool_has_its_bound(engine):
    with engine.connect(), pytest.raises(exc.TimeoutError):
        engine.connect()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_the_pool_is_made_anew_as_it_was(engine):
    before = engine.pool
    engine.dispose()
    assert engine.pool is not before
    assert (type(engine.pool), type(engine.pool._pool), engine.pool.size()) == (IdlePool, IdleQueue, 1)


def test_what_the_pool_says_stands_in_the_log_of_sqlalchemy(engine, caplog):
    with caplog.at_level("INFO", logger="consentcore_sqlalchemy"):
        engine.dispose()
    assert (engine.pool.logger.name, caplog.records) == ("sqlalchemy.pool.impl.IdlePool", [])


def test_a_thread_that_waits_gets_the_connection_of_another(engine):
    engine.pool._timeout = AMPLE_S
    held, waits, found = engine.connect(), Event(), []

    def use():
        waits.set()
        with engine.connect() as connection:
            found.append(connection.exec_driver_sql("SELECT 1").scalar())

    other = Thread(target=use)
    other.start()
    eventually(lambda: engine.pool._pool._waiting == 1)
    held.close()
    other.join()
    assert (waits.is_set(), found) == (True, [1])
