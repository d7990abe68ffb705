"""What a code is made of."""

from __future__ import annotations

import uuid

from consentcore.oauth.codes import new_code
from consentcore.testing import factories
from consentcore.testing.fakes import fixed_keys


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
