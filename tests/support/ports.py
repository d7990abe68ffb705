"""Ports for servers that cannot choose one themselves and say which."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from consentcore.demo.serving import bind


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port on loopback that a server may listen on until the block ends, and that nobody else is given.

    Looking for a free one and letting it go again would leave it to whichever test asks next.
    """
    with bind("127.0.0.1", 0, listen=False) as held:
        yield held.getsockname()[1]
