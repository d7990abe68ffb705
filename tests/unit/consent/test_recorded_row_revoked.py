"""What a transition begins from where a revoked key has sealed the row, or the newest event."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.consent.checkpoint import advance
from consentcore.domain.clock import HOUR, MINUTE
from consentcore.domain.errors import InvalidTransition
from consentcore.keys import Keys, MasterKey
from consentcore.testing.factories import NOW
from tests.unit.consent.conftest import begin

OLD = MasterKey("old1", b"o" * 32, used_from=NOW - HOUR)
NEW = MasterKey("new1", b"n" * 32, used_from=NOW)


def with_keys(scenario, *keys):
    scenario.keys = Keys(keys, scenario.clock)
    for made in ("service", "_service"):
        scenario.__dict__.pop(made, None)
    return scenario


def sign(scenario):
    return advance(scenario.storage, scenario.keys, scenario.clock, {})


@pytest.fixture
def leaked():
    """A permission from before the leak, in the log; the key is revoked, and the log says so."""
    scenario = with_keys(begin(), OLD)
    scenario.grant_of_then = scenario.approve("comfort.read").grant
    sign(scenario)
    scenario.clock.advance(MINUTE)
    with_keys(scenario, NEW, replace(OLD, revoked_at=NOW))
    sign(scenario)
    return scenario


def forge(scenario, *scopes):
    """Somebody with the leaked key widens the permission, event and row well sealed."""
    with_keys(scenario, OLD)
    scenario.approve(*scopes)
    return with_keys(scenario, NEW, replace(OLD, revoked_at=NOW))


def test_rt_09_a_permission_in_the_log_goes_on_under_the_new_key(leaked):
    grant = leaked.approve("comfort.read", "sites.read").grant
    assert grant.grant_id == leaked.grant_of_then.grant_id
    assert grant.scope_ids == ("comfort.read", "sites.read")
    assert grant.key_id == "new1"


def test_rt_09_nothing_is_written_on_from_what_a_leaked_key_has_added(leaked):
    forge(leaked, "comfort.read", "ev.write")
    with pytest.raises(InvalidTransition):
        leaked.approve("sites.read")


@pytest.mark.parametrize("index", [0, 1, 2])
def test_rt_09_a_place_in_the_log_is_nobodys_by_saying_so(leaked, index):
    forge(leaked, "comfort.read", "ev.write")
    table = leaked.storage._engine.committed.events
    (key,) = [key for key, event in table.items() if event.sequence == 2]
    table._rows[key] = replace(table._rows[key], leaf_index=index)
    with pytest.raises(InvalidTransition):
        leaked.approve("sites.read")
