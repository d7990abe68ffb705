"""A name server on loopback whose answers a test decides one by one, and a resolver that asks it as libc would."""

from __future__ import annotations

import itertools
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address

from tests.support.patience import PATIENCE_S

A, CNAME, AAAA = 1, 5, 28
Records = Sequence[tuple[int, str]]
Script = Callable[[str, int, int], Records | bytes | None]
"""From name, type and the number of the query to records, raw bytes, or silence."""
LONGEST_CHAIN = 16


@dataclass
class NameServer:
    """:ivar asked: name and type of every query, in order."""

    port: int
    script: Script
    asked: list[tuple[str, int]] = field(default_factory=list)
    patience_s: float = PATIENCE_S

    def resolve(self, host: str, port: int) -> list[str]:
        """All addresses of a name, A before AAAA.

        :raises OSError: when there are none.
        """
        found = [address for kind in (A, AAAA) for address in self._follow(host, kind)]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found

    def _follow(self, name: str, kind: int) -> list[str]:
        for _ in range(LONGEST_CHAIN):
            records = self._ask(name, kind)
            addresses = [value for one, value in records if one == kind]
            aliases = [value for one, value in records if one == CNAME]
            if addresses or not aliases:
                return addresses
            name = aliases[0]
        raise socket.gaierror(socket.EAI_AGAIN, "the chain of names has no end")

    def _ask(self, name: str, kind: int) -> list[tuple[int, str]]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(self.patience_s)
            question = b"".join(bytes([len(label)]) + label for label in name.encode().split(b"."))
            query = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + question + struct.pack(">BHH", 0, kind, 1)
            asking.sendto(query, ("127.0.0.1", self.port))
            try:
                return _records(asking.recv(65535), len(query))
            except (struct.error, IndexError, ValueError) as error:
                raise OSError(f"no DNS answer: {error}") from error


@contextmanager
def name_server(script: Script) -> Iterator[NameServer]:
    """Serve over UDP until the block ends."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind(("127.0.0.1", 0))
    server = NameServer(listening.getsockname()[1], script)

    def serve() -> None:
        for number in itertools.count():
            query, peer = listening.recvfrom(4096)
            if query == b"end":
                return
            name, kind = _question(query)
            server.asked.append((name, kind))
            answer = server.script(name, kind, number)
            if answer is not None:
                listening.sendto(answer if isinstance(answer, bytes) else _reply(query, answer), peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"end", ("127.0.0.1", server.port))
        thread.join()
        listening.close()


def _question(query: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels), struct.unpack_from(">H", query, at + 1)[0]


def _reply(query: bytes, records: Records) -> bytes:
    found = query[:2] + struct.pack(">HHHHH", 0x8180, 1, len(records), 0, 0) + query[12:]
    for kind, value in records:
        if kind == CNAME:
            data = b"".join(bytes([len(label)]) + label for label in value.encode().split(b".")) + b"\0"
        else:
            data = ip_address(value).packed
        found += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(data)) + data
    return found


def _records(reply: bytes, at: int) -> list[tuple[int, str]]:
    count = struct.unpack_from(">H", reply, 6)[0]
    found = []
    for _ in range(count):
        kind, _, _, length = struct.unpack_from(">HHIH", reply, at + 2)
        data = reply[at + 12 : at + 12 + length]
        at += 12 + length
        if kind == CNAME:
            found.append((kind, _question(b"\0" * 12 + data + b"\0" * 5)[0]))
        else:
            found.append((kind, str(ip_address(data))))
    return found
