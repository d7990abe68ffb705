"""The load generator against a real server on loopback."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.load import open_balanced, run
from bench.wire import get


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # the generator opens more connections than it keeps


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5

    def do_GET(self):
        if self.path == "/slow":
            time.sleep(0.05)
        if self.path == "/hang-up":
            self.close_connection = True
            return
        body = self.path.encode()
        self.send_response(500 if self.path == "/bad" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Paths:
    """Asks for paths in turn; None in the list ends it."""

    def __init__(self, *paths, times=10**9):
        self.left = times
        self.paths = paths
        self.seen = []

    def next(self):
        if not self.left:
            return None
        self.left -= 1
        return get("127.0.0.1", self.paths[self.left % len(self.paths)])

    def accept(self, answer):
        self.seen.append(answer.body.decode())
        return "" if answer.status == 200 else f"status {answer.status}"


@pytest.fixture(scope="module")
def address():
    server = Listener(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_address
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def connected(address, count):
    connections = open_balanced(address, count, [os.getpid()])
    yield connections
    for connection in connections:
        connection.sock.close()


def test_every_answer_is_counted_once_and_timed(address):
    source = Paths("/a", "/b", times=50)
    with connected(address, 4) as connections:
        sample = run(connections, source, 10)
    assert len(sample.latencies) == len(source.seen) == 50
    assert set(source.seen) == {"/a", "/b"}
    assert all(0 < latency <= sample.elapsed for latency in sample.latencies)
    assert sample.exhausted
    assert not sample.errors


def test_each_connection_waits_for_its_answer(address):
    with connected(address, 3) as connections:
        sample = run(connections, Paths("/slow"), 0.4)
    assert min(sample.latencies) >= 0.05
    assert len(sample.latencies) <= 3 * sample.elapsed / 0.05
    assert len(sample.latencies) >= 3, "the connections work side by side"
    assert not sample.exhausted
    assert 0.35 < sample.elapsed < 60


def test_bad_answers_are_errors_and_are_not_timed(address):
    with connected(address, 2) as connections:
        sample = run(connections, Paths("/bad", "/a", times=10), 10)
    assert sample.errors == {"status 500": 5}
    assert len(sample.latencies) == 5
    assert "500" in sample.example


def test_connection_that_ends_is_replaced(address):
    with connected(address, 1) as connections:
        sample = run(connections, Paths("/a", "/hang-up", times=6), 10)
    assert sample.errors == {"connection closed": 3}
    assert len(sample.latencies) == 3


def test_connections_can_be_used_for_a_second_run(address):
    with connected(address, 2) as connections:
        run(connections, Paths("/a", times=5), 10)
        assert len(run(connections, Paths("/b", times=5), 10).latencies) == 5
