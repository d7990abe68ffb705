"""What the energy company of the demo knows of its customers: whose sites are whose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from consentcore.domain.described_client import kept_id
from consentcore.ports.keys import pairwise_subject

if TYPE_CHECKING:
    from consentcore.domain.owner import Owner
    from consentcore.runtime import Runtime


class KnownSites:
    """The customers and their sites."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def of(self, client_id: str, subject: str) -> Mapping[str, str]:
        """Names of a customer's sites by id, in the order of the list; none of whom nobody knows.

        :param subject: the application's name for the customer.
        """
        kept = kept_id(client_id)
        for owner in self._customers():
            if pairwise_subject(self._runtime.keys, kept, owner.owner_id) == subject:
                return self._sites_of(owner)
        return {}

    def _customers(self) -> Iterator[Owner]:
        """Everybody who has an account, those who were added while the demo runs too."""
        after = ""
        while True:
            with self._runtime.storage.reading() as uow:
                some = uow.owners.list(after=after)
            yield from some
            if not some:
                return
            after = some[-1].owner_id

    def _sites_of(self, owner: Owner) -> dict[str, str]:
        found: dict[str, str] = {}
        after = ""
        while True:
            page = self._runtime.directories.page(owner, ("site",), after=after)
            found |= {one.resource_id: one.label for one in page.resources}
            after = page.next_after
            if not after:
                return found
