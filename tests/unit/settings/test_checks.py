"""Where to listen."""

from __future__ import annotations

import pytest

from consentcore.settings import parse_listen


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:6543", ("127.0.0.1", 6543)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:80", ("::1", 80)),
        ("*:80", ("0.0.0.0", 80)),
        (":80", ("0.0.0.0", 80)),
    ],
)
def test_listen(text, expected):
    assert parse_listen(text) == expected


@pytest.mark.parametrize(
    "text", ["", "6543", "host", "host:", "host:x", "host:70000", "::1:80", "a:1 b:2", "host:-1"]
)
def test_listen_that_is_not_host_and_port(text):
    with pytest.raises(ValueError, match="expected HOST:PORT"):
        parse_listen(text)
