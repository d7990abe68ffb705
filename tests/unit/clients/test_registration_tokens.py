"""Initial access tokens (RFC 7591 section 3): hashed, over in their time, good for so many applications."""

from __future__ import annotations

import pytest

from consentcore.clients.registration_tokens import RegistrationTokens, TokenRefused
from consentcore.domain.clock import DAY
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.secret import CLIENT_SECRET, REGISTRATION, digest, looks_like, mint


@pytest.fixture
def tokens(registry):
    return RegistrationTokens(registry.clock)


def make(registry, tokens, **asked):
    new = tokens.prepare(**{"note": "for Agent", "days": 7, "uses": 1, **asked})
    registry.do(lambda uow: tokens.add(uow, new))
    return new


def refused(registry, work):
    with pytest.raises(TokenRefused):
        registry.do(work)


def test_only_a_hash_of_it_is_stored(registry, tokens):
    new = make(registry, tokens)
    assert looks_like(REGISTRATION, new.secret)
    with registry.storage.reading() as uow:
        (kept,) = tokens.list(uow)
    assert kept == new.token
    assert kept.token_hash == digest(new.secret)
    assert new.secret not in repr(kept)
    assert kept.expires_at - kept.created_at == 7 * DAY


def test_it_is_good_for_as_many_as_it_says(registry, tokens):
    new = make(registry, tokens, uses=2)
    for _ in range(2):
        registry.do(lambda uow: tokens.check(uow, new.secret))
        assert registry.do(lambda uow: tokens.use(uow, new.secret)) == new.token.token_id
    refused(registry, lambda uow: tokens.check(uow, new.secret))
    refused(registry, lambda uow: tokens.use(uow, new.secret))


def test_it_is_over_in_its_time_and_listed_no_more(registry, tokens):
    new = make(registry, tokens, days=1)
    registry.clock.advance(DAY)
    refused(registry, lambda uow: tokens.check(uow, new.secret))
    refused(registry, lambda uow: tokens.use(uow, new.secret))
    with registry.storage.reading() as uow:
        assert tokens.list(uow) == []


def test_an_operator_ends_it(registry, tokens):
    new = make(registry, tokens)
    registry.do(lambda uow: tokens.end(uow, new.token.token_id))
    refused(registry, lambda uow: tokens.check(uow, new.secret))
    with pytest.raises(NotFound):
        registry.do(lambda uow: tokens.end(uow, new.token.token_id))


@pytest.mark.parametrize("shown", ["", "x", mint(CLIENT_SECRET), mint(REGISTRATION)], ids=range(4))
def test_what_is_none_lets_nobody_in(registry, tokens, shown):
    make(registry, tokens)
    refused(registry, lambda uow: tokens.check(uow, shown))


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"days": 0}, "days"), ({"days": 366}, "days"), ({"uses": 0}, "uses"), ({"note": "x" * 101}, "note")],
    ids=str,
)
def test_what_is_wrong_is_named(tokens, asked, field):
    with pytest.raises(InvalidInput) as caught:
        tokens.prepare(**{"note": "", "days": 1, "uses": 1, **asked})
    assert caught.value.field == field
