"""What a login provider must do: inherit :class:`LoginConformance`, override ``storage`` and ``login``."""

from __future__ import annotations

import pytest

from consentcore.api import (
    Authenticated,
    GradedLogin,
    InvalidInput,
    LoginAttempt,
    LoginOutcome,
    LoginProvider,
    Owner,
    Refused,
    Storage,
    Throttled,
    transact,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW

GOOD = "Mülleimer-Tandem-47-ヒント"
"""A password that no rule refuses."""


class LoginConformance:
    """Every promise of :mod:`consentcore.ports.login` for a provider that keeps passwords."""

    @pytest.fixture
    def storage(self) -> Storage:
        """Give an empty, migrated storage."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'storage'")

    @pytest.fixture
    def login(self, storage: Storage) -> LoginProvider:
        """Give the provider on that storage, with the limits an operator would set."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'login'")

    @pytest.fixture
    def owner(self, storage: Storage, login: LoginProvider) -> Owner:
        """A data owner whose password is :data:`GOOD`."""
        owner = factories.owner(email="ada@example.org")
        with storage.transaction() as uow:
            uow.owners.add(owner)
            login.set_password(uow, owner.owner_id, GOOD)
        return owner

    @staticmethod
    def _try(
        login: LoginProvider, password: str, email: str = "ada@example.org", addr: str = "192.0.2.7"
    ) -> LoginOutcome:
        return login.authenticate(LoginAttempt(email, password, addr, NOW))

    def test_right_password_names_the_owner(self, login: LoginProvider, owner: Owner) -> None:
        outcome = self._try(login, GOOD)
        assert isinstance(outcome, Authenticated)
        assert outcome.owner_id == owner.owner_id
        assert outcome.amr

    @pytest.mark.usefixtures("owner")
    def test_it_says_of_a_sign_in_what_it_can_say(self, login: LoginProvider) -> None:
        """For a :class:`GradedLogin`."""
        known = login.acr_values if isinstance(login, GradedLogin) else ()
        outcome = self._try(login, GOOD)
        assert isinstance(outcome, Authenticated)
        assert not known or outcome.acr in known

    @pytest.mark.usefixtures("owner")
    def test_address_is_found_as_people_type_it(self, login: LoginProvider) -> None:
        assert isinstance(self._try(login, GOOD, email="  ADA@Example.ORG "), Authenticated)

    @pytest.mark.usefixtures("owner")
    def test_wrong_password_and_unknown_owner_are_refused_alike(self, login: LoginProvider) -> None:
        wrong = self._try(login, GOOD + "x")
        unknown = self._try(login, GOOD, email="nobody@example.org")
        assert wrong == unknown == Refused()

    @pytest.mark.usefixtures("owner")
    @pytest.mark.parametrize(
        "password", ["", " ", GOOD.lower(), GOOD[:-1], f" {GOOD}", "x" * 5000, "\x00", "\ud800"]
    )
    def test_odd_passwords_are_refused_without_an_error(self, login: LoginProvider, password: str) -> None:
        assert self._try(login, password) == Refused()

    @pytest.mark.usefixtures("owner")
    @pytest.mark.parametrize("email", ["", "ada", "ada@", "\x00@example.org", "ü" * 5000, "a@b\r\nc: d"])
    def test_odd_addresses_are_refused_without_an_error(self, login: LoginProvider, email: str) -> None:
        assert self._try(login, GOOD, email=email) == Refused()

    def test_owner_without_a_password_is_refused(self, storage: Storage, login: LoginProvider) -> None:
        transact(storage, lambda uow: uow.owners.add(factories.owner(email="new@example.org")))
        assert self._try(login, "", email="new@example.org") == Refused()
        assert self._try(login, GOOD, email="new@example.org") == Refused()

    def test_new_password_replaces_the_old_one(
        self, storage: Storage, login: LoginProvider, owner: Owner
    ) -> None:
        transact(storage, lambda uow: login.set_password(uow, owner.owner_id, "Another-" + GOOD))
        assert self._try(login, GOOD) == Refused()
        assert isinstance(self._try(login, "Another-" + GOOD), Authenticated)

    def test_no_character_of_a_long_password_is_ignored(
        self, storage: Storage, login: LoginProvider, owner: Owner
    ) -> None:
        long = GOOD * 4
        transact(storage, lambda uow: login.set_password(uow, owner.owner_id, long + "a"))
        assert self._try(login, long + "b") == Refused()
        assert isinstance(self._try(login, long + "a"), Authenticated)

    @pytest.mark.parametrize("password", ["", "short", "password", "12345678", "x" * 100_000])
    def test_poor_passwords_are_not_stored(
        self, storage: Storage, login: LoginProvider, owner: Owner, password: str
    ) -> None:
        with pytest.raises(InvalidInput), storage.transaction() as uow:
            login.set_password(uow, owner.owner_id, password)
        assert isinstance(self._try(login, GOOD), Authenticated)

    def test_password_is_not_stored_in_the_clear(self, storage: Storage, owner: Owner) -> None:
        with storage.reading() as uow:
            encoded = uow.owners.password_hash(owner.owner_id)
        assert encoded is None or GOOD not in encoded

    @pytest.mark.usefixtures("owner")
    def test_successes_are_never_throttled(self, login: LoginProvider) -> None:
        for _ in range(25):
            assert isinstance(self._try(login, GOOD), Authenticated)

    @pytest.mark.usefixtures("owner")
    def test_guessing_is_slowed_down_at_some_point(self, login: LoginProvider) -> None:
        for number in range(200):
            outcome = self._try(login, f"guess number {number}")
            if isinstance(outcome, Throttled):
                assert outcome.retry_after_s >= 1
                return
        pytest.fail("200 wrong passwords from one address within one moment were all looked at")
