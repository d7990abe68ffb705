"""Applications that register themselves (RFC 7591): who may, how often, and what becomes of it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from consentcore.clients.metadata import member_of, read_metadata
from consentcore.domain.clock import HOUR, window_left_s
from consentcore.domain.errors import ConsentcoreError, InvalidInput
from consentcore.domain.secret import digest
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.clients.registration_tokens import RegistrationTokens
    from consentcore.clients.service import ClientService, NewClient
    from consentcore.clients.strangers import StrangerRules
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork
    from consentcore.settings import RegistrationSettings

log = logging.getLogger("consentcore.clients")


class TooManyRegistrations(ConsentcoreError):
    """As many as there may be in an hour; nothing was registered.

    :ivar retry_after_s: seconds.
    """

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("too many applications have registered themselves")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Registrations:
    """Registers applications by what they say themselves. Safe to share between threads.

    :ivar clients: makes and stores what operators register too.
    :ivar rules: what they may have.
    :ivar tokens: what lets them in.
    """

    clients: ClientService
    storage: Storage
    settings: RegistrationSettings
    rules: StrangerRules
    tokens: RegistrationTokens

    def admit(self, token: str) -> None:
        """Look whether somebody may register an application, before anything that they say is looked at.

        :param token: an initial access token; "" without one.
        :raises TokenRefused: it is none that is good, or one is needed.
        """
        if not token and self.settings.endpoint == "open":
            return
        with self.storage.reading() as uow:
            self.tokens.check(uow, token)

    def register(self, members: Mapping[str, Any], network: str, token: str = "") -> NewClient:
        """Register an application; its secret is in the answer only.

        :param members: the metadata, as they came.
        :param network: where the request comes from.
        :param token: the initial access token that :meth:`admit` has let in, used with that; "" without one, and then
            the limits for strangers count.
        :raises TokenRefused: the token was used up meanwhile.
        :raises InvalidInput: naming the member of the metadata that is wrong.
        :raises TooManyRegistrations: within this hour.
        :raises Busy: when too many host names are being looked up.
        """
        now = self.clients.clock.now()
        if not token:
            self._check_rate(network, now)
        described = read_metadata(members, self.rules, client_id=str(uuid.uuid4()), at=now)
        try:
            made = self.clients.prepare(described.form)
        except InvalidInput as error:
            raise InvalidInput(member_of(error.field), error.expected) from None
        made = replace(made, client=replace(made.client, self_registered=described.said))
        if not token:
            self._count(network, now)
        made = transact(self.storage, lambda uow: self._store(uow, made, token))
        log.info("the application %s has registered itself from %s", made.client.client_id, network)
        return made

    def _store(self, uow: UnitOfWork, made: NewClient, token: str) -> NewClient:
        """Use the token and store what it is used for: both, or neither."""
        if token and made.client.self_registered:
            said = replace(made.client.self_registered, token_id=self.tokens.use(uow, token))
            made = replace(made, client=replace(made.client, self_registered=said))
        self.clients.add(uow, made)
        return made

    def _limits(self, network: str) -> dict[str, int]:
        """Counters and what they may come to. Keys hold hashes: the counters name nobody."""
        limits = {_name(network): self.settings.per_address, _name(""): self.settings.per_hour}
        return {name: limit for name, limit in limits.items() if limit}

    def _check_rate(self, network: str, now: int) -> None:
        """Refuse what would be one too many, before anybody is asked or anything is written."""
        for name, limit in self._limits(network).items():
            if self.storage.counters.count(name, now, HOUR) >= limit:
                raise TooManyRegistrations(window_left_s(now, HOUR))

    def _count(self, network: str, now: int) -> None:
        """Count a registration that is sound; many at once cannot get past the limit together."""
        for name, limit in self._limits(network).items():
            if self.storage.counters.hit(name, now, HOUR) > limit:
                raise TooManyRegistrations(window_left_s(now, HOUR))


def _name(network: str) -> str:
    return f"registration:{digest(network).hex()[:32]}" if network else "registration"
