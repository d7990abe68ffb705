"""What the ledger vouches for once a key has leaked."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from consentcore.consent.vouching import Vouching
from tests.support.delivery_log import find_notice


@pytest.mark.parametrize(
    ("member", "value", "vouched"),
    [
        ("change", "extended", True),
        ("change", "renewed", True),
        ("change", "created", False),
        ("change", "anything", False),
        ("resource_ids", ["site|a", "site|b", "site|c"], False),
    ],
    ids=["as-it-is", "older-word", "other-event", "no-word", "more-sites"],
)
def test_a_notice_of_before_may_call_a_change_by_the_word_of_then(scenario, member, value, vouched):
    scenario.approve("sites.read", resources=("site|a",))
    event = scenario.approve("sites.read", resources=("site|a", "site|b")).event
    with scenario.storage.reading() as uow:
        notice, events = find_notice(uow, event.event_id), uow.ledger.of_grant(event.grant_id)
        data = json.loads(notice.data)
        assert member in data
        said = replace(notice, data=json.dumps({**data, member: value}))
        assert Vouching(scenario.keys, {}).notice(uow, said, events) is vouched
