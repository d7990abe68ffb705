"""An application is kept out for a while or for good, by one set of rules, whoever asks."""

from __future__ import annotations

import pytest

from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.grant import standing
from consentcore.domain.grant_states import GrantState
from tests.unit.clients.conftest import DAY


def test_what_stands_is_counted(registry, monkeypatch):
    monkeypatch.setattr("consentcore.consent.shut_out.PAGE", 2)
    registry.register()
    for _ in range(3):
        registry.add_grant()
    registry.add_grant(expires_at=registry.clock.now() - 1)
    assert registry.access.standing_consents("app") == 3
    registry.access.suspend("app", by="ops", reason="")
    assert registry.access.standing_consents("app") == 3
    registry.access.disable("app", by="ops", reason="")
    assert registry.access.standing_consents("app") == 0


def test_who_disabled_it_when_and_why_is_kept_and_the_first_one_counts(registry):
    registry.register()
    registry.access.suspend("app", by="ops", reason="")
    at = registry.clock.advance(1000)
    done = registry.access.disable("app", by="ops", reason=" sold data ")
    assert (done.changed, done.client) == (True, registry.get())
    assert (done.client.disabled.at, done.client.disabled.by, done.client.disabled.reason) == (
        at,
        "ops",
        "sold data",
    )
    assert (done.client.enabled, done.client.suspended) == (False, None)
    again = registry.access.disable("app", by="eve", reason="")
    assert (again.changed, again.client) == (False, done.client)


def test_it_is_let_in_again_once_what_ended_with_it_is_recorded(registry):
    registry.register()
    grant = registry.add_grant()
    registry.access.disable("app", by="ops", reason="sold data")
    ended_at = registry.get().disabled.at
    assert registry.grant(grant.grant_id).state is GrantState.ACTIVE  # the worker writes it
    registry.clock.advance(1000)
    assert registry.access.enable("app").changed
    ended = registry.grant(grant.grant_id)
    assert not standing(ended, registry.clock.now(), registry.get()).active
    assert (ended.state, ended.changed_at) == (GrantState.REVOKED, ended_at)
    assert (registry.get().enabled, registry.get().disabled) == (True, None)
    assert not registry.access.enable("app").changed


def test_what_is_suspended_goes_on_as_if_nothing_had_been(registry):
    before = registry.register().client
    assert registry.access.suspend("app", by="ops", reason="").client.suspended is not None
    assert not registry.access.suspend("app", by="eve", reason="").changed
    assert registry.access.resume("app").changed
    assert registry.get() == before
    assert not registry.access.resume("app").changed


@pytest.mark.parametrize("typed", [{"resource_server": True}, {}], ids=["an API", "disabled"])
def test_only_an_application_that_is_enabled_is_suspended(registry, typed):
    registry.register(**typed)
    if not typed:
        registry.access.disable("app", by="ops", reason="")
    before = registry.get()
    with pytest.raises(InvalidInput, match="client_id: expected an application"):
        registry.access.suspend("app", by="ops", reason="")
    assert registry.get() == before


def test_a_reason_is_a_line_of_its_length(registry):
    registry.register()
    registry.add_grant(expires_at=registry.clock.now() + DAY)
    for call in (registry.access.disable, registry.access.suspend):
        with pytest.raises(InvalidInput, match="reason: expected 0 to 1000 characters"):
            call("app", by="ops", reason="x" * 1001)
    assert (registry.get().enabled, registry.get().suspended) == (True, None)


def test_what_is_not_there_is_not_found(registry):
    for call in (registry.access.standing_consents, registry.access.enable, registry.access.resume):
        with pytest.raises(NotFound):
            call("gone")
