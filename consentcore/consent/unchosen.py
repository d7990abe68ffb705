"""Consents that were given before scopes needed a choice of resources, or where none could be made: they stand, allow
nothing of any site, and are asked about at the application's next request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from consentcore.consent.choice import is_unchosen
from consentcore.domain.grant_states import GrantState

if TYPE_CHECKING:
    from consentcore.consent.choice import ChoiceRules
    from consentcore.domain.grant import Grant
    from consentcore.ports.storage import Storage

BATCH = 500


def unchosen(storage: Storage, rules: ChoiceRules, now: int) -> Iterator[Grant]:
    """Every one that stands at ``now``, by id; none where nobody has anything to choose from.

    :param now: milliseconds since the epoch.
    :raises StorageError: when the store fails.
    """
    after = ""
    while rules.offered:
        with storage.reading() as uow:
            grants = uow.grants.all(states={GrantState.ACTIVE}, after=after, limit=BATCH)
        yield from (one for one in grants if one.is_active(now) and is_unchosen(one, rules))
        if len(grants) < BATCH:
            return
        after = grants[-1].grant_id
