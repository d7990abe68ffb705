from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait

from consentcore.server.slow_requests import SlowLane

SLOW = frozenset({("POST", "/login")})


def environ(method, path):
    return {"REQUEST_METHOD": method, "PATH_INFO": path}


def test_what_is_slow_is_told_by_method_and_path():
    lane = SlowLane(SLOW, 2)
    assert lane.takes(environ("POST", "/login"))
    assert not lane.takes(environ("GET", "/login"))
    assert not lane.takes(environ("POST", "/token"))


def test_a_single_thread_has_no_lane():
    assert not SlowLane(SLOW, 0).takes(environ("POST", "/login"))


def test_waiting_takes_no_thread_and_nothing_is_lost():
    lane, done = SlowLane(SLOW, 2), []
    gate, inside = threading.Event(), threading.Semaphore(0)

    def held():
        inside.release()
        gate.wait(10)
        done.append("held")

    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(lane.run, held) for _ in range(2)]
        for _ in jobs:
            assert inside.acquire(timeout=10)
        for number in range(50):
            pool.submit(lane.run, lambda number=number: done.append(number)).result(10)
        assert (done, lane.idle) == ([], False)
        gate.set()
        wait(jobs, 10)
    assert sorted(map(str, done)) == sorted([*map(str, range(50)), "held", "held"])
    assert lane.idle


def test_no_more_than_its_width_run_and_every_job_runs_once():
    lane, running, most, done = SlowLane(SLOW, 2), [], [], []

    def job(number):
        running.append(number)
        most.append(len(running))
        running.remove(number)
        done.append(number)

    with ThreadPoolExecutor(8) as pool:
        wait([pool.submit(lane.run, lambda number=number: job(number)) for number in range(2000)])
    assert sorted(done) == list(range(2000))
    assert max(most) <= 2
