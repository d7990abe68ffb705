"""How the parts are put together."""

from __future__ import annotations

import threading

import pytest

from consentcore.api import ConfigurationError
from consentcore.config import load_mapping
from consentcore.configured_keys import key_ring
from consentcore.domain.errors import InvalidInput
from consentcore.keys import create_key_file
from consentcore.runtime import build_runtime
from consentcore.testing import ManualClock

BASE = {
    "consentcore.issuer": "https://as.example",
    "consentcore.storage": "memory",
    "consentcore.login": "login_local",
    "consentcore.scopes": "scopes_file",
    "consentcore.notifiers": "webhook",
    "consentcore.plugin.webhook.allow_networks": "127.0.0.0/8",
}


@pytest.fixture
def config(tmp_path):
    create_key_file(tmp_path / "keys")
    return load_mapping({}, {**BASE, "consentcore.keys": str(tmp_path / "keys")}, environ={})


@pytest.fixture
def runtime(config):
    made = build_runtime(config, clock=ManualClock())
    yield made
    made.close()


def test_everything_can_be_made(runtime):
    assert "comfort.read" in runtime.catalog
    assert list(runtime.notifiers) == ["webhook"]
    assert list(runtime.resources) == []
    assert dict(runtime.anchors) == {}
    assert runtime.server.metadata()["issuer"] == "https://as.example"
    assert runtime.service.until(("comfort.read",), runtime.clock.now()) > runtime.clock.now()


@pytest.mark.parametrize(
    "part", ["login", "notifiers", "resources", "anchors", "service", "server", "egress"]
)
def test_parts_are_made_once_whichever_thread_asks_first(runtime, part):
    found = []
    barrier = threading.Barrier(8)

    def ask():
        barrier.wait()
        found.append(getattr(runtime, part))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(one) for one in found}) == 1


def test_outgoing_requests_may_reach_what_the_notifiers_may(runtime):
    runtime.egress.check_url("http://127.0.0.1:9/")
    with pytest.raises(InvalidInput):
        runtime.egress.check_url("http://10.0.0.1/")


def test_missing_key_ring_names_the_line(tmp_path):
    ini = tmp_path / "a.ini"
    ini.write_text(
        "[app:main]\nconsentcore.keys = nowhere\n" + "".join(f"{k} = {v}\n" for k, v in BASE.items())
    )
    from consentcore.config import load_ini

    with pytest.raises(ConfigurationError) as caught:
        key_ring(load_ini(ini, environ={}))
    assert caught.value.problems[0].startswith(
        f"{ini} line 2: consentcore.keys: there is no file {tmp_path}/nowhere"
    )
