"""How a permission stands at a moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.domain.grant import Standing, standing
from consentcore.domain.grant_states import GrantState
from consentcore.testing import factories

END = factories.NOW + 1000
GRANT = factories.grant("owner-1", "client-1", expires_at=END)
CLIENT = factories.client(client_id="client-1")


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (END - 1, Standing(GrantState.ACTIVE)),
        (END, Standing(GrantState.EXPIRED, END, recorded=False)),
        (END + 10**9, Standing(GrantState.EXPIRED, END, recorded=False)),
    ],
)
def test_a_permission_ends_at_its_date_whenever_somebody_looks(now, found):
    assert standing(GRANT, now) == found
    assert standing(GRANT, now, CLIENT) == found


def test_a_row_that_an_older_worker_wrote_late_ended_at_its_date_all_the_same():
    late = replace(GRANT, state=GrantState.EXPIRED, changed_at=END + 10**9)
    assert standing(late, END + 10**10) == Standing(GrantState.EXPIRED, END)


@pytest.mark.parametrize("state", sorted(set(GrantState) - {GrantState.ACTIVE, GrantState.EXPIRED}))
def test_what_somebody_ended_stays_as_it_was_recorded(state):
    ended = replace(GRANT, state=state, changed_at=END - 5)
    off = replace(CLIENT, enabled=False)
    assert standing(ended, END + 10, off) == Standing(state, END - 5)


def test_a_permission_of_an_application_that_is_shut_out_does_not_stand():
    found = standing(GRANT, END - 1, replace(CLIENT, enabled=False))
    assert (found.state, found.recorded, found.active) == (GrantState.REVOKED, False, False)
