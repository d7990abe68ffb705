"""Initial access tokens: used as often as they may be, by whomever at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import InitialAccessToken, Storage, StorageConflict, UnitOfWork, transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.threads import together


def add_tokens(storage: Storage, *tokens: InitialAccessToken) -> None:
    """Store tokens."""
    with storage.transaction() as uow:
        for token in tokens:
            uow.registration_tokens.add(token)


class RegistrationTokenGroup:
    """:class:`consentcore.api.RegistrationTokenRepository`."""

    def test_registration_token_comes_back_equal_until_its_time_is_over(self, storage: Storage) -> None:
        token = factories.registration_token(note="für „Agent“", uses=7, used=2, seal=b"k1:\x00\xff")
        add_tokens(storage, token)
        with storage.reading() as uow:
            found = uow.registration_tokens.get(token.token_hash, token.expires_at - 1)
            assert found == token
            assert found.seal == token.seal
            assert uow.registration_tokens.get(token.token_hash, token.expires_at) is None
            assert uow.registration_tokens.get(b"?" * 32, NOW) is None

    def test_registration_token_is_used_as_often_as_it_may_be(self, storage: Storage) -> None:
        token = factories.registration_token(uses=2)
        add_tokens(storage, token)
        with storage.transaction() as uow:
            assert uow.registration_tokens.use(token.token_hash, token.expires_at) is None
            assert uow.registration_tokens.use(b"?" * 32, NOW) is None
            assert uow.registration_tokens.use(token.token_hash, NOW) == replace(token, used=1)
            assert uow.registration_tokens.use(token.token_hash, NOW) == replace(token, used=2)
            assert uow.registration_tokens.use(token.token_hash, NOW) is None
        with storage.reading() as uow:
            assert uow.registration_tokens.get(token.token_hash, NOW) == replace(token, used=2)

    def test_use_of_a_registration_token_that_is_rolled_back_was_none(self, storage: Storage) -> None:
        token = factories.registration_token()
        add_tokens(storage, token)

        def use_and_fail(uow: UnitOfWork) -> None:
            assert uow.registration_tokens.use(token.token_hash, NOW)
            raise LookupError

        with pytest.raises(LookupError):
            transact(storage, use_and_fail)
        assert transact(storage, lambda uow: uow.registration_tokens.use(token.token_hash, NOW))

    def test_as_many_at_once_use_a_registration_token_as_may(self, storage: Storage) -> None:
        token = factories.registration_token(uses=2)
        add_tokens(storage, token)

        def use(uow: UnitOfWork) -> bool:
            return uow.registration_tokens.use(token.token_hash, NOW) is not None

        outcomes = together(6, lambda _: transact(storage, use, attempts=50))
        assert sorted(outcomes) == [False] * 4 + [True] * 2

    def test_registration_token_is_stored_once_under_its_hash(self, storage: Storage) -> None:
        token = factories.registration_token()
        add_tokens(storage, token)
        with pytest.raises(StorageConflict):
            add_tokens(storage, replace(token, token_id="another"))

    def test_registration_tokens_are_listed_oldest_first_and_removed_by_id(self, storage: Storage) -> None:
        late = factories.registration_token(token_id="a", created_at=NOW + 1)
        second = factories.registration_token(token_id="c")
        first = factories.registration_token(token_id="b")
        add_tokens(storage, late, second, first)
        with storage.reading() as uow:
            assert list(uow.registration_tokens.list()) == [first, second, late]
        with storage.transaction() as uow:
            assert uow.registration_tokens.remove("c")
            assert not uow.registration_tokens.remove("?")
        with storage.reading() as uow:
            assert list(uow.registration_tokens.list()) == [first, late]
            assert uow.registration_tokens.get(second.token_hash, NOW) is None

    def test_registration_tokens_go_when_their_time_is_over(self, storage: Storage) -> None:
        over = factories.registration_token(expires_at=NOW + 1)
        alive = factories.registration_token(expires_at=NOW + 2, used=1)
        add_tokens(storage, over, alive)
        assert sum(storage.purge(NOW + 1, 1000).counts.values()) == 1
        with storage.reading() as uow:
            assert list(uow.registration_tokens.list()) == [alive]
