"""What the energy company of the demo knows of its customers: whose sites are whose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from consentcore.ports.keys import pairwise_subject

if TYPE_CHECKING:
    from consentcore.runtime import Runtime


class KnownSites:
    """The customers and their sites.

    :param owner_ids: of the customers.
    """

    def __init__(self, runtime: Runtime, owner_ids: Sequence[str]) -> None:
        self._runtime = runtime
        self._owner_ids = owner_ids

    def of(self, client_id: str, subject: str) -> Mapping[str, str]:
        """Names of a customer's sites by id, in the order of the list; none of whom nobody knows.

        :param subject: the application's name for the customer.
        """
        for owner_id in self._owner_ids:
            if pairwise_subject(self._runtime.keys, client_id, owner_id) == subject:
                return self._sites_of(owner_id)
        return {}

    def _sites_of(self, owner_id: str) -> dict[str, str]:
        with self._runtime.storage.reading() as uow:
            owner = uow.owners.get(owner_id)
        found: dict[str, str] = {}
        after = ""
        while owner is not None:
            page = self._runtime.directories.page(owner, ("site",), after=after)
            found |= {one.resource_id: one.label for one in page.resources}
            after = page.next_after
            if not after:
                break
        return found
