from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from consentcore.domain.errors import InvalidInput
from consentcore.owners.account_links import AccountLinks
from consentcore.owners.service import NewOwner, OwnerService
from consentcore.owners.sessions import OwnerSessions
from consentcore.ports.login import Authenticated, Refused
from consentcore.ports.storage import transact
from consentcore.settings import AccountSettings
from consentcore.testing.fakes import ManualClock, fixed_keys
from consentcore_memory import MemoryStorage

if TYPE_CHECKING:
    from consentcore.domain.notice import Notice
    from consentcore.domain.owner import Owner
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage

HOUR = 3_600_000


@dataclass
class PlainLogin:
    """A login provider that keeps passwords as they are."""

    storage: Storage
    kept: dict[str, str] = field(default_factory=dict)

    def authenticate(self, attempt):
        with self.storage.reading() as uow:
            owner = uow.owners.by_email(attempt.email)
        good = owner is not None and self.kept.get(owner.owner_id) == attempt.password
        return Authenticated(owner.owner_id, "urn:test", ("pwd",)) if good else Refused()

    def set_password(self, _uow, owner_id: str, password: str) -> None:
        if len(password) < 8:
            raise InvalidInput("password", "expected at least 8 characters")
        self.kept[owner_id] = password


@dataclass
class Accounts:
    """A store and the services over it."""

    storage: Storage
    keys: KeyRing
    clock: ManualClock
    login: PlainLogin
    owners: OwnerService
    links: AccountLinks
    sessions: OwnerSessions

    def do(self, work):
        return transact(self.storage, work)

    def add(self, email: str, password: str = "correct horse") -> Owner:
        owner = self.owners.prepare(NewOwner(email))
        self.do(lambda uow: self.owners.add(uow, owner, password))
        return owner

    def get(self, owner_id: str) -> Owner:
        with self.storage.reading() as uow:
            return uow.owners.get(owner_id)

    @property
    def told(self) -> list[Notice]:
        return list(self.storage.outbox.unexpanded(100))


@pytest.fixture
def accounts() -> Accounts:
    clock, keys = ManualClock(), fixed_keys()
    storage = MemoryStorage()
    login = PlainLogin(storage)
    owners = OwnerService(clock, login)
    links = AccountLinks(keys, clock, owners, AccountSettings())
    return Accounts(storage, keys, clock, login, owners, links, OwnerSessions(keys, clock, 12 * HOUR))
