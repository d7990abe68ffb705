"""Look-ups of tokens that are asked about again and again."""

from __future__ import annotations

from dataclasses import replace

from consentcore.testing.factories import NOW
from consentcore_sqlalchemy.lookups import lookup_again


def test_same_rows_give_the_very_same_value_and_changed_ones_another(storage, world):
    issued = world.redeem()

    def find(client_id=world.client.client_id):
        return storage.protocol.find_token(client_id, issued.access)

    first = find()
    assert find() is first
    assert find("nobody") is not first
    storage.protocol.kill_family(issued.code.family_id, NOW + 5)
    assert (find().family_killed_at, first.family_killed_at) == (NOW + 5, None)


def test_a_changed_client_is_in_the_next_look_up(storage, world):
    issued = world.redeem()
    before = storage.protocol.find_token(world.client.client_id, issued.access)
    with storage.transaction() as uow:
        uow.clients.update(replace(world.client, name="Another"))
    after = storage.protocol.find_token(world.client.client_id, issued.access)
    assert (before.client.name, after.client.name) == (world.client.name, "Another")
    assert after.token == before.token


def test_a_refresh_token_comes_once_and_is_not_kept(storage, world):
    issued = world.redeem()
    kept = lookup_again.cache_info()
    first, second = (storage.protocol.find_token(world.client.client_id, issued.refresh) for _ in range(2))
    assert first == second
    assert lookup_again.cache_info() == kept
