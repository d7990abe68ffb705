"""The conformance kits of today against the wheels of then: what a kit asks for in addition must be a capability.

Not that of a storage: its API has another major version now.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from consentcore.api import Owner, Secret, SystemClock
from consentcore.testing import (
    LoginConformance,
    ManualClock,
    NotifierConformance,
    RedirectLoginConformance,
    ScopeCatalogConformance,
)
from consentcore_memory import MemoryStorage
from tests.support.sinks import Answer, http_sink

ORIGIN = "https://badges.example"


@pytest.fixture(autouse=True)
def installed(wheels_of_then, monkeypatch):
    monkeypatch.syspath_prepend(str(wheels_of_then))


class TestDoorman(LoginConformance):
    @pytest.fixture
    def storage(self):
        return MemoryStorage()

    @pytest.fixture
    def login(self, installed, storage, tmp_path):
        from consentcore_doorman import Doorman, DoormanSettings

        return Doorman(DoormanSettings(path=tmp_path / "passwords"), storage, ManualClock())


class TestBadge(RedirectLoginConformance):
    @pytest.fixture
    def storage(self):
        storage = MemoryStorage()
        with storage.transaction() as uow:
            uow.owners.add(Owner("ada", "ada@example.org", 0))
        return storage

    @pytest.fixture
    def login(self, installed, storage):
        from consentcore_badge import Badge, BadgeSettings

        return Badge(BadgeSettings(), storage, SystemClock())

    @pytest.fixture
    def broken_login(self, installed, storage):
        from consentcore_badge import Badge, BadgeSettings

        return Badge(BadgeSettings(reader="https://elsewhere.example"), storage, SystemClock())

    @pytest.fixture
    def provider(self):
        def provider(sent):
            query = parse_qs(urlsplit(sent.url).query)
            return {
                "state": sent.state,
                "proof": query["proof"][0],
                "from": ORIGIN,
                "badge": "ada@example.org",
            }

        return provider


class TestPier(ScopeCatalogConformance):
    @pytest.fixture
    def catalog(self, installed):
        from consentcore_pier import Pier, PierSettings

        return Pier(PierSettings())


class TestPager(NotifierConformance):
    capabilities = frozenset({"network"})

    @pytest.fixture
    def make(self, installed):
        from consentcore_pager import PagerNotifier, PagerSettings

        def make(url, **settings):
            return PagerNotifier(PagerSettings(url=Secret(url), allow_networks=("127.0.0.0/8",), **settings))

        return make

    @pytest.fixture
    def notifier(self, make):
        with http_sink(contract=False) as room:
            room.answer = Answer(200)
            yield make(room.url("/room"))

    @pytest.fixture
    def broken_notifier(self, make):
        return make("http://127.0.0.1:9/")

    @pytest.fixture
    def hanging_notifier(self, make, silent_port):
        return make(f"http://127.0.0.1:{silent_port}/", timeout_s=0.2)
