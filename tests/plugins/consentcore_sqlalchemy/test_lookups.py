"""Look-ups of tokens that are asked about again and again."""

from __future__ import annotations

from consentcore.testing.factories import NOW


def test_same_rows_give_the_very_same_value_and_changed_ones_another(storage, world):
    issued = world.redeem()

    def find(client_id=world.client.client_id):
        return storage.protocol.find_token(client_id, issued.access)

    first = find()
    assert find() is first
    assert find("nobody") is not first
    storage.protocol.kill_family(issued.code.family_id, NOW + 5)
    assert (find().family_killed_at, first.family_killed_at) == (NOW + 5, None)
