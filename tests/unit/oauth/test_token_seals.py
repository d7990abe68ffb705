"""Somebody who can write into the store and has no key makes nothing that works."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import Grace
from consentcore.domain.clock import MINUTE
from consentcore.domain.secret import ACCESS, CODE, REFRESH, digest, mint
from consentcore.testing import factories
from consentcore_memory.state import Family, StoredToken


def committed(scenario):
    """The store's tables, to be written into behind everybody's back."""
    return scenario.storage._engine.writing()


def row_of(scenario, clear):
    return scenario.storage._engine.committed.tokens.get(digest(clear))


def put(scenario, row, **changes):
    with committed(scenario) as state:
        token = replace(row.token, **changes)
        state.tokens.put(token.token_hash, replace(row, token=token))


def is_active(scenario, clear):
    return scenario.introspect(clear)["active"]


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_rt_09_a_token_that_no_exchange_recorded_does_not_work(scenario, kind):
    """Its seal is that of another token, none, or one that somebody thought of."""
    tokens = scenario.tokens()
    known = row_of(scenario, tokens[kind])
    for seal in (known.token.seal, b"", b"test1:" + b"?" * 32, b"nobody:" + b"?" * 32, b"test1"):
        forged = mint(ACCESS if kind == "access_token" else REFRESH)
        put(scenario, known, token_hash=digest(forged), seal=seal)
        assert not is_active(scenario, forged)
        assert scenario.refresh(forged).error == "invalid_grant"
    assert is_active(scenario, tokens[kind])


@pytest.mark.parametrize(
    "changes",
    [
        {"grant_id": "another"},
        {"family_id": "another"},
        {"client_id": "another"},
        {"scopes": ("sites.read", "device.control.setpoint")},
        {"expires_at": factories.NOW + 10**12},
        {"created_at": 5},
        {"audience": ("https://other.example/",)},
        {"acr": "high"},
        {"auth_time": 7},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_rt_09_a_token_whose_row_was_changed_does_not_work(scenario, changes):
    tokens = scenario.tokens()
    put(scenario, row_of(scenario, tokens["access_token"]), **changes)
    assert not is_active(scenario, tokens["access_token"])


def test_rt_09_a_token_of_ones_own_opens_nobody_elses_grant(scenario):
    """With a family of the victim's grant and its proof: both are in the store for everybody to read."""
    mine, theirs = scenario.tokens(), scenario.tokens()
    victim = row_of(scenario, theirs["access_token"]).token
    put(
        scenario, row_of(scenario, mine["access_token"]), family_id=victim.family_id, grant_id=victim.grant_id
    )
    assert not is_active(scenario, mine["access_token"])


def test_rt_09_a_family_that_was_killed_does_not_come_back(scenario):
    tokens = scenario.tokens()
    family = row_of(scenario, tokens["access_token"]).token.family_id
    assert scenario.post("revoke", {"token": tokens["refresh_token"]}).status == 200
    for proof in (b"", b"?" * 16):
        with committed(scenario) as state:
            born = state.families.get(family).created_at
            state.families.put(family, Family(family, born, None, proof))
        assert not is_active(scenario, tokens["access_token"])
        assert scenario.refresh(tokens["refresh_token"]).error == "invalid_grant"


def test_rt_09_a_rotated_token_does_not_come_back(scenario):
    first = scenario.tokens()["refresh_token"]
    assert scenario.refresh(first).status == 200
    row = row_of(scenario, first)
    put(scenario, StoredToken(row.token), rotated_at=None, nonce=None, nonce_key_id="")
    assert scenario.refresh(first).error == "invalid_grant"


def test_rt_09_a_code_that_was_used_or_written_by_somebody_else_gives_nothing(scenario):
    clear = scenario.code()
    assert scenario.exchange(clear).status == 200
    forged = mint(CODE)
    with committed(scenario) as state:
        used = state.codes.get(digest(clear))
        state.codes.put(used.code_hash, replace(used, used_at=None))
        state.codes.put(digest(forged), replace(used, code_hash=digest(forged), used_at=None))
    assert scenario.exchange(clear).error == "invalid_grant"
    assert scenario.exchange(forged).error == "invalid_grant"


def test_rt_09_the_grace_gives_nothing_under_another_family(scenario):
    """A rotation of one's own, moved into the victim's family, would be answered with tokens that are sealed for it."""
    mine, theirs = scenario.tokens(), scenario.tokens()
    successor = scenario.refresh(mine["refresh_token"]).json
    victim = row_of(scenario, theirs["access_token"]).token
    for clear in (mine["refresh_token"], successor["refresh_token"], successor["access_token"]):
        put(scenario, row_of(scenario, clear), family_id=victim.family_id, grant_id=victim.grant_id)
    outcome = scenario.storage.protocol.rotate_refresh(
        factories.rotation(digest(mine["refresh_token"]), victim.client_id, now=scenario.clock.now())
    )
    assert isinstance(outcome, Grace)  # the storage alone does not notice
    assert scenario.refresh(mine["refresh_token"], scope="sites.read").error == "invalid_grant"


def test_rt_09_a_grace_that_was_prolonged_gives_nothing(scenario):
    """When a token was used, its row says by itself: the grace is counted from its successor, which is sealed."""
    first = scenario.tokens()["refresh_token"]
    successor = scenario.refresh(first).json
    assert scenario.refresh(first).json == successor
    scenario.clock.advance(5 * MINUTE)
    put(scenario, row_of(scenario, first), rotated_at=scenario.clock.now())
    assert scenario.refresh(first).error == "invalid_grant"
    assert not is_active(scenario, successor["access_token"])


def test_rt_09_what_is_refused_is_logged_without_the_token(scenario, caplog):
    tokens = scenario.tokens()
    put(scenario, row_of(scenario, tokens["access_token"]), scopes=("everything",))
    scenario.introspect(tokens["access_token"])
    assert "is not as we wrote it, and is refused" in caplog.text
    assert tokens["access_token"] not in caplog.text
