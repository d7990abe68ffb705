"""Applications that have registered themselves and were never used are removed, and no others."""

from __future__ import annotations

import pytest

from consentcore.clients import unused
from consentcore.clients.unused import UnusedClients
from consentcore.domain.client import Halt
from consentcore.domain.clock import DAY
from consentcore.domain.self_registration import SelfRegistration
from consentcore.testing import factories


@pytest.fixture
def old(registry):
    """When what is old enough was made."""
    return registry.clock.now() - 30 * DAY


def add(registry, client_id, at, **fields):
    said = fields.pop("self_registered", SelfRegistration(at))
    client = factories.client(client_id=client_id, created_at=at, self_registered=said, **fields)
    registry.do(lambda uow: uow.clients.add(client))
    return client


def left(registry, days=30):
    unused_clients = UnusedClients(registry.storage, registry.clock, days)
    while unused_clients.step():
        pass
    with registry.storage.reading() as uow:
        return [one.client_id for one in uow.clients.list()]


def test_what_nobody_has_ever_answered_goes_with_all_that_belongs_to_it(registry, old):
    add(registry, "gone", old)
    registry.do(lambda uow: uow.clients.add_endpoint(factories.endpoint("gone")))
    registry.do(lambda uow: uow.clients.set_logo(factories.logo("gone")))
    add(registry, "young", old + 1)
    assert left(registry) == ["young"]
    with registry.storage.reading() as uow:
        assert list(uow.clients.endpoints("gone")) == []
        assert uow.clients.logo("gone") is None


def test_what_somebody_has_answered_or_looked_at_stays(registry, old):
    add(registry, "answered", old)
    registry.add_grant("answered")
    add(registry, "checked", old, verified_at=old)
    add(registry, "disabled", old, enabled=False, disabled=Halt(old))
    add(registry, "registered", old, self_registered=None)
    add(registry, "suspended", old, suspended=Halt(old))
    assert left(registry) == ["answered", "checked", "disabled", "registered", "suspended"]


def test_nothing_goes_where_no_time_is_set(registry, old):
    add(registry, "kept", old)
    assert left(registry, days=0) == ["kept"]


def test_pages_follow_each_other(registry, old, monkeypatch):
    monkeypatch.setattr(unused, "PAGE", 2)
    for number in range(5):
        add(registry, f"c{number}", old if number % 2 else old + 1)
    assert left(registry) == ["c0", "c2", "c4"]
