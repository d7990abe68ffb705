from __future__ import annotations

import contextlib
import socket
import sys

import pytest

from consentcore.server import accepting
from consentcore.server.listeners import CannotListen, Listeners


def accepted(listeners, index):
    sock = socket.socket(fileno=socket.dup(listeners.fd(index)))
    with contextlib.closing(sock):
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                sock.accept()[0].close()
                count += 1
    return count


def test_port_0_becomes_a_real_one_and_two_servers_never_share_it():
    with contextlib.closing(Listeners("127.0.0.1", 0, 2)) as listeners:
        host, port = listeners.address
        assert port > 0
        assert listeners.url == f"http://127.0.0.1:{port}"
        with pytest.raises(CannotListen, match=f"cannot listen on 127.0.0.1:{port}: "):
            Listeners(host, port, 2)
    Listeners(host, port, 1).close()


def test_nobody_is_let_in_before_a_process_listens():
    with contextlib.closing(Listeners("127.0.0.1", 0, 2)) as listeners:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(listeners.address)
        accepting.begin(listeners.fd(1))
        for _ in range(10):
            socket.create_connection(listeners.address).close()
        assert accepted(listeners, 1) == 10


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all processes share one socket")
def test_connections_avoid_a_process_that_is_down():
    with contextlib.closing(Listeners("127.0.0.1", 0, 2)) as listeners:
        for index in (0, 1):
            accepting.begin(listeners.fd(index))  # as a web process does when it can answer
        listeners.drop(0)
        listeners.drop(1)  # the last one stays
        clients = [socket.create_connection(listeners.address) for _ in range(20)]
        assert accepted(listeners, 1) == 20
        for client in clients:
            client.close()
        accepting.begin(listeners.fd(0))  # it is back
        clients = [socket.create_connection(listeners.address) for _ in range(40)]
        counts = accepted(listeners, 0), accepted(listeners, 1)
        assert sum(counts) == 40
        assert 0 not in counts
        for client in clients:
            client.close()
