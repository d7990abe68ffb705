"""Ending to listen without losing a connection, with real sockets."""

from __future__ import annotations

import contextlib
import select
import socket
import sys
import threading

import pytest

from consentcore.server import accepting
from consentcore.server.listeners import Listeners

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the processes share one socket")


@pytest.fixture
def listeners():
    with contextlib.closing(Listeners("127.0.0.1", 0, 2)) as made:
        yield made


class Accepting:
    """What a web process does: accepts on a descriptor of its own until told otherwise."""

    def __init__(self, listeners, index):
        with socket.socket(fileno=socket.dup(listeners.fd(index))) as borrowed:
            self.sock = borrowed.dup()
        accepting.begin(self.sock.fileno())
        self.sock.settimeout(0.05)
        self.accepted, self.errors, self.stopped = [], [], threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.stopped.is_set():
            try:
                self.accepted.append(self.sock.accept()[0])
            except TimeoutError:
                pass
            except OSError as error:
                self.errors.append(error)
                return

    def end(self, *, alone):
        accepting.end(self.sock.fileno(), alone=alone)
        self.stopped.set()
        self.thread.join()
        assert self.errors == [], "whoever accepts must not run in circles"
        self.sock.close()


def test_what_waits_in_the_queue_is_accepted_before_the_end(listeners):
    """Connections are made all the time until there is nobody any more: each is accepted, or refused."""
    process = Accepting(listeners, 0)
    made, refused = [], threading.Event()

    def knock():
        while True:
            try:
                made.append(socket.create_connection(listeners.address, 30))
            except ConnectionRefusedError:
                refused.set()
                return

    clients = [threading.Thread(target=knock) for _ in range(4)]
    for client in clients:
        client.start()
    process.end(alone=False)
    for client in clients:
        client.join()
    assert refused.is_set()
    assert len(process.accepted) == len(made) > 0
    for sock in process.accepted:
        sock.sendall(b"x")
    assert [sock.recv(1) for sock in made] == [b"x"] * len(made)
    for sock in (*made, *process.accepted):
        sock.close()


def test_others_on_the_port_take_every_new_connection(listeners):
    leaving, staying = Accepting(listeners, 0), Accepting(listeners, 1)
    leaving.end(alone=False)
    clients = [socket.create_connection(listeners.address) for _ in range(20)]
    for sock in clients:
        sock.settimeout(30)
        sock.sendall(b"x")
    staying.end(alone=False)
    assert len(staying.accepted) == 20
    for sock in (*clients, *leaving.accepted, *staying.accepted):
        sock.close()


def test_connection_waits_for_the_process_that_takes_the_place_of_the_only_one(listeners):
    listeners.drop(1)
    process = Accepting(listeners, 0)
    process.end(alone=True)
    knocked = []
    client = threading.Thread(target=lambda: knocked.append(socket.create_connection(listeners.address, 60)))
    client.start()
    following = Accepting(listeners, 0)
    client.join()
    following.end(alone=True)
    assert len(following.accepted) == len(knocked) == 1
    for sock in (*knocked, *following.accepted):
        sock.close()


def test_place_of_a_process_that_has_ended_can_be_taken_again_and_again(listeners):
    for _ in range(3):
        process = Accepting(listeners, 0)
        socket.create_connection(listeners.address).close()
        process.end(alone=False)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(listeners.address)
        assert len(process.accepted) == 1
        process.accepted[0].close()


def test_engine_that_polls_is_never_told_of_the_end(listeners):
    """It would ask again and again what has happened, and send no answer meanwhile."""
    process = Accepting(listeners, 0)
    with contextlib.closing(select.epoll()) as poll:
        poll.register(process.sock.fileno(), select.EPOLLIN | select.EPOLLET)
        process.end(alone=False)
        assert poll.poll(0) == []


def test_open_connections_are_known_by_their_port(listeners):
    process = Accepting(listeners, 0)
    assert accepting.connections(listeners.address[1]) == frozenset()
    client = socket.create_connection(listeners.address)
    process.end(alone=False)
    (server,) = process.accepted
    assert len(accepting.connections(listeners.address[1])) == 1
    server.close()
    assert accepting.connections(listeners.address[1]) == frozenset()
    client.close()
