"""Servers come and go under load, and nobody notices: the real nginx of docs/samples before two nodes."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.fronts import PREFIX, direct, two_nodes
from tests.support.patience import PATIENCE_S, eventually
from tests.support.platform import PASSWORD

pytestmark = pytest.mark.slow


class Load:
    """People and applications, until the block ends: new connections and kept ones, GET and what must not be sent
    twice.

    :ivar seen: how often each answer came.
    :ivar wrong: those that should not have come.
    """

    def __init__(self, front):
        self.front, self.seen, self.wrong = front, Counter(), []
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(kind, keep))
            for kind in (self._look, self._introspect, self._sign_in)
            for keep in (True, False)
        ]

    def _look(self, session):
        return session.get(
            f"{self.front.url}/.well-known/oauth-authorization-server", timeout=PATIENCE_S
        ), 200

    def _introspect(self, session):
        auth = (self.front.client_id, self.front.client_secret)
        url = f"{self.front.url}{PREFIX}/introspect"
        return session.post(url, data={"token": "unknown"}, auth=auth, timeout=PATIENCE_S), 200

    def _sign_in(self, session):
        """A POST with a body of many kilobytes, which is refused."""
        url = f"{self.front.url}/login"
        return session.post(url, data={"password": PASSWORD * 2000}, timeout=PATIENCE_S), 403

    def _run(self, kind, keep):
        session = requests.Session()
        session.trust_env = False  # of certificates, whose place may be in the environment
        session.verify = str(self.front.certificate.path) if self.front.certificate else True
        while not self._stop.is_set():
            try:
                answer, expected = kind(session)
                self.seen[answer.status_code] += 1
                if answer.status_code != expected:
                    self.wrong.append((kind.__name__, answer.status_code, answer.text[:100]))
            except requests.RequestException as error:
                self.wrong.append((kind.__name__, repr(error)))
            if not keep:
                session.close()

    def goes_on(self):
        """Wait until as many requests again have been answered."""
        before = self.seen.total()
        eventually(lambda: self.wrong or self.seen.total() > before + 60, lambda: self.seen)
        assert self.wrong == []

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def load(front):
    with Load(front) as running:
        running.goes_on()
        yield running
    assert running.wrong == []


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
