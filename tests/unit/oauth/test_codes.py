"""What a code is made of."""

from __future__ import annotations

import uuid

from consentcore.oauth.codes import new_code
from consentcore.testing import factories
from consentcore.testing.fakes import fixed_keys


def test_code_is_not_older_than_the_change_of_its_grant():
    """Which another node has made, whose clock is ahead."""
    keys, request = fixed_keys(), factories.request("client")
    grant = factories.grant("owner", "client", refresh_from=5000)
    for now, begun in ((1000, 5000), (5000, 5000), (9000, 9000)):
        _, code = new_code(request, grant, (), keys, now=now, ttl_ms=60, auth_time=None, acr="")
        assert (code.created_at, code.expires_at) == (begun, begun + 60)


def test_a_family_has_a_random_uuid_of_its_own():
    keys, grant = fixed_keys(), factories.grant("owner", "client")
    request = factories.request("client")
    made = [
        new_code(request, grant, grant.scope_ids, keys, now=1, ttl_ms=1, auth_time=None, acr="")[1]
        for _ in range(64)
    ]
    families = [uuid.UUID(code.family_id) for code in made]
    assert {(each.version, each.variant) for each in families} == {(4, uuid.RFC_4122)}
    assert [str(each) for each in families] == [code.family_id for code in made]
    assert len({*families}) == 64
