"""A port where somebody listens and says nothing, for plugins that reach over a network."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest


class SilentPort:
    """Gives a kit the fixture :meth:`silent_port`."""

    @pytest.fixture
    def silent_port(self) -> Iterator[int]:
        """A port of 127.0.0.1 where somebody listens and says nothing."""
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
            yield listening.getsockname()[1]
