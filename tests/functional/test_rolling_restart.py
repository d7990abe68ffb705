"""Servers come and go under load, and nobody notices: the real nginx of docs/samples before two nodes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.fronts import direct, two_nodes
from tests.support.load import load
from tests.support.patience import eventually

pytestmark = pytest.mark.slow


def test_two_nodes_are_restarted_in_turn_under_load_and_no_request_fails(tmp_path):
    with two_nodes(tmp_path, **{"server.drain_s": 60}) as (front, nodes), load(front) as running:
        for node in nodes:
            assert node.stop() == 0
            running.goes_on()
            node.start()  # what comes back is used at once, and the other one is next
        running.goes_on()
    assert running.seen[200] > 200
    for node in nodes:
        assert "not finished" not in node.log.read_text()
        assert "Traceback" not in node.log.read_text()


def test_process_that_is_ended_under_load_loses_nothing(tmp_path):
    """One of two web processes after the other; what is new goes to the one that stays."""
    with direct(tmp_path, **{"server.drain_s": 60}) as front, load(front) as running:
        for pid in front.web_processes():
            os.kill(pid, signal.SIGTERM)
            eventually(lambda pid=pid: pid not in front.processes(), lambda: front.log)
            assert listening(front) == 1, "its place is not taken before somebody answers there"
            running.goes_on()
            eventually(lambda: listening(front) == 2, lambda: front.log)


def listening(front):
    """How many sockets take connections at the port (state 0A of proc_pid_net(5))."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return sum(row[1].endswith(f":{front.port:04X}") and row[3] == "0A" for row in rows)
