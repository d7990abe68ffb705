"""``python -m bench.receiver``: takes webhooks over kept connections, and tells how many there were.

POST answers 204 at once, or after ``--delay`` seconds. GET answers the number of POSTs as text. As little as a receiver
can cost: it shares the processors with what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


class Receiver(asyncio.Protocol):
    """One connection. :cvar taken: POSTs of all connections."""

    taken = 0
    delay_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = _length(head)
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        if head.startswith(b"get "):
            text = str(Receiver.taken).encode()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))
            return
        Receiver.taken += 1
        if Receiver.delay_s:
            asyncio.get_running_loop().call_later(Receiver.delay_s, self._transport.write, _TAKEN)
        else:
            self._transport.write(_TAKEN)
        if b"\r\nconnection: close" in head:
            self._transport.close()


def _length(head: bytes) -> int:
    _, found, rest = head.partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(Receiver, "127.0.0.1", 0)
    print(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await stopped.wait()
    server.close()


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m bench.receiver")
    parser.add_argument("--delay", type=float, default=0.0)
    Receiver.delay_s = parser.parse_args().delay
    asyncio.run(_serve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
