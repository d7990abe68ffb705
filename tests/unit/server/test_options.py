from __future__ import annotations

import pytest

from consentcore.domain.errors import ConfigurationError
from consentcore.server.options import ServeOptions


def test_json_gives_the_same_options():
    options = ServeOptions(
        ini="a.ini", port=0, mode="proxied", trusted_proxies=("10.0.0.0/8",), certificate_header="nginx"
    )
    assert ServeOptions.from_json(options.to_json()) == options


def test_all_problems_are_named_at_once():
    with pytest.raises(ConfigurationError) as caught:
        ServeOptions(
            ini="a.ini",
            port=70000,
            mode="fast",
            workers=0,
            threads=0,
            app="nothing",
            max_body_bytes=1,
            trusted_proxies=("proxy.example",),
        )
    text = str(caught.value)
    for name in ("port", "mode", "workers", "threads", "max_body_bytes", "trusted_proxies"):
        assert f"consentcore.server.{name}: expected" in text
    assert "app: expected module:function" in text
    assert len(caught.value.problems) == 7
