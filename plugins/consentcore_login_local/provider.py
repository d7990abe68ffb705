"""The provider: one path for everybody, whether the account exists or not."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from consentcore.api import (
    Authenticated,
    InvalidInput,
    LoginAttempt,
    LoginOutcome,
    NotFound,
    Refused,
    Storage,
    StorageError,
    Throttled,
    UnitOfWork,
    normalise_email,
    transact,
)
from consentcore_login_local.hashing import Argon2
from consentcore_login_local.rules import LONGEST, check_password, composed, spellings
from consentcore_login_local.throttle import Limits, Throttle, Try

if TYPE_CHECKING:
    from consentcore_login_local import LoginLocalSettings

ACR = "urn:consentcore:password"
AMR = ("pwd",)
NOBODY = "nobody@invalid"


class LocalLogin:
    """:class:`consentcore.api.LoginProvider` with passwords in the storage."""

    def __init__(self, settings: LoginLocalSettings, storage: Storage) -> None:
        self._storage = storage
        self._argon2 = Argon2(
            time_cost=settings.argon2_time_cost,
            memory_kib=settings.argon2_memory_kib,
            parallel=settings.parallel_hashes,
        )
        limits = Limits(
            pair=settings.failures_per_account,
            account=settings.failures_per_account_everywhere,
            address=settings.failures_per_address,
            window_ms=settings.window_s * 1000,
        )
        self._throttle = Throttle(storage.counters, limits)

    @property
    def acr_values(self) -> tuple[str, ...]:
        return (ACR,)

    def authenticate(self, attempt: LoginAttempt) -> LoginOutcome:
        email = _email(attempt.email)
        counted = Try.of(email, attempt.remote_addr, attempt.now)
        # Guesses beyond the limits do not stand in the way of those whose password has to be computed.
        wait = self._throttle.blocked(counted)
        if wait:
            return Throttled(wait)
        # Counted only by whose turn it is: right passwords that wait in a queue must not look like guesses.
        with self._argon2.turn:
            wait = self._throttle.enter(counted)
            if wait:
                return Throttled(wait)
            try:
                owner_id, encoded = self._find(email)
                right = self._matching(encoded, attempt.password)
            except Exception:
                with suppress(StorageError):
                    self._throttle.take_back(counted)
                raise
        if right is None or not owner_id:
            self._throttle.failed(counted)
            return Refused()
        self._throttle.succeeded(counted)
        kept = composed(right)
        if len(kept) > LONGEST:  # of an older rule: in this form it would never be tried
            kept = right
        if right != kept or self._argon2.is_outdated(encoded):
            self._rehash(owner_id, encoded, kept)
        return Authenticated(owner_id, ACR, AMR)

    def set_password(self, uow: UnitOfWork, owner_id: str, password: str) -> None:
        owner = uow.owners.get(owner_id)
        if owner is None:
            raise NotFound("owner", owner_id)
        password = composed(password)
        check_password(password, owner)
        with self._argon2.other_turn:
            encoded = self._argon2.hash(password)
        uow.owners.set_password_hash(owner_id, encoded)

    def _find(self, email: str) -> tuple[str, str]:
        """Owner id ("" when there is none) and a hash to check, by the same two reads for everybody."""
        with self._storage.reading() as uow:
            owner = uow.owners.by_email(email)
            owner_id = owner.owner_id if owner else ""
            encoded = uow.owners.password_hash(owner_id)
        return owner_id, encoded or self._argon2.dummy

    def _matching(self, encoded: str, password: str) -> str | None:
        """The form of the password that is the right one, tried in order; None when none is.

        One computation where the forms do not differ, which is nearly always, and never more than three.
        """
        # Longer ones were never accepted; hashing a megabyte would be a gift to an attacker.
        forms = spellings(password)
        if not forms:
            self._argon2.matches(encoded, "")
        return next((form for form in forms if self._argon2.matches(encoded, form)), None)

    def _rehash(self, owner_id: str, checked: str, password: str) -> None:
        with self._argon2.other_turn:
            renewed = self._argon2.hash(password)

        def store(uow: UnitOfWork) -> None:
            # Somebody may have set another password since this one was checked.
            if uow.owners.password_hash(owner_id) == checked:
                uow.owners.set_password_hash(owner_id, renewed)

        transact(self._storage, store)


def _email(text: str) -> str:
    try:
        return normalise_email(text)
    except InvalidInput:
        return NOBODY
