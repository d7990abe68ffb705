"""Applications register themselves: within limits, and never as somebody whom an operator has registered."""

from __future__ import annotations

import pytest

from consentcore.clients.registration import Registrations, TooManyRegistrations
from consentcore.clients.registration_tokens import RegistrationTokens, TokenRefused
from consentcore.clients.strangers import StrangerRules
from consentcore.domain.errors import InvalidInput
from consentcore.domain.secret import digest
from consentcore.domain.self_registration import SelfRegistration
from consentcore.settings import RegistrationSettings

RULES = StrangerRules(("sites.read",), ("https://api.example",))
HOME = "198.51.100.7"


@pytest.fixture
def make(registry):
    def make(**settings) -> Registrations:
        found = RegistrationSettings(**{"endpoint": "open", **settings})
        tokens = RegistrationTokens(registry.clock)
        return Registrations(registry.clients, registry.storage, found, RULES, tokens)

    return make


def one(registrations, network=HOME, **members):
    return registrations.register({"redirect_uris": ["https://app.example/cb"], **members}, network)


def all_clients(registry):
    with registry.storage.reading() as uow:
        return list(uow.clients.list())


def test_an_application_is_kept_as_one_that_nobody_has_checked(registry, make):
    made = one(make(), client_name="Agent", software_id="s")
    (kept,) = all_clients(registry)
    assert kept == made.client
    assert kept.self_registered == SelfRegistration(registry.clock.now(), software_id="s")
    assert (kept.name, kept.scopes, kept.audiences) == ("Agent", RULES.scopes, RULES.audiences)
    assert (kept.verified_at, kept.publisher, kept.require_pkce) == (None, "", True)
    assert kept.secrets[0].hash == digest(made.client_secret)


def test_a_public_one_gets_no_secret(make):
    assert one(make(), token_endpoint_auth_method="none").client_secret is None


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"redirect_uris": ["http://app.example/cb"]}, "redirect_uris"),
        ({"redirect_uris": ["com.example.app:/cb"]}, "redirect_uris"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"jwks": {"keys": []}}, "jwks"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks"),
        ({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://127.0.0.1/k"}, "jwks_uri"),
        ({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "oct"}]}}, "jwks"),
    ],
    ids=str,
)
def test_what_an_operator_may_not_register_a_stranger_may_not_either(registry, make, members, field):
    with pytest.raises(InvalidInput) as caught:
        one(make(), **members)
    assert caught.value.field == field
    assert all_clients(registry) == []


def test_one_address_registers_so_many_an_hour(registry, make):
    registrations = make(per_address=2)
    for _ in range(2):
        one(registrations)
    with pytest.raises(TooManyRegistrations) as caught:
        one(registrations)
    assert 0 < caught.value.retry_after_s <= 3600
    one(registrations, "198.51.100.8")
    registry.clock.advance(caught.value.retry_after_s * 1000)
    one(registrations)
    assert len(all_clients(registry)) == 4


def test_all_addresses_together_register_so_many_an_hour(registry, make):
    registrations = make(per_hour=2)
    for number in range(2):
        one(registrations, f"198.51.100.{number}")
    with pytest.raises(TooManyRegistrations):
        one(registrations, "198.51.100.9")
    assert len(all_clients(registry)) == 2


def test_what_is_refused_is_not_counted(make):
    registrations = make(per_address=1)
    with pytest.raises(InvalidInput):
        one(registrations, redirect_uris=[])
    one(registrations)


def test_no_limit_is_none(registry, make):
    registrations = make(per_address=0, per_hour=0)
    for _ in range(25):
        one(registrations)
    assert len(all_clients(registry)) == 25


def token_of(registry, registrations, **asked):
    new = registrations.tokens.prepare(**{"note": "", "days": 1, "uses": 1, **asked})
    registry.do(lambda uow: registrations.tokens.add(uow, new))
    return new


def test_without_a_token_nobody_gets_in_where_one_is_needed(make):
    with pytest.raises(TokenRefused):
        make(endpoint="token").admit("")
    make(endpoint="open").admit("")


def test_whom_a_token_lets_in_is_kept_with_it_and_not_counted_among_strangers(registry, make):
    registrations = make(endpoint="token", per_address=1)
    new = token_of(registry, registrations, uses=2)
    for _ in range(2):
        registrations.admit(new.secret)
        made = registrations.register({"redirect_uris": ["https://app.example/cb"]}, HOME, new.secret)
    assert made.client.self_registered.token_id == new.token.token_id
    assert [one.self_registered.token_id for one in all_clients(registry)] == [new.token.token_id] * 2
    with pytest.raises(TokenRefused):
        registrations.admit(new.secret)


def test_what_is_refused_uses_no_token_up_and_what_is_used_up_registers_nothing(registry, make):
    registrations = make(endpoint="token")
    new = token_of(registry, registrations)
    with pytest.raises(InvalidInput):
        registrations.register({"redirect_uris": []}, HOME, new.secret)
    registrations.register({"redirect_uris": ["https://app.example/cb"]}, HOME, new.secret)
    with pytest.raises(TokenRefused):
        registrations.register({"redirect_uris": ["https://app.example/cb"]}, HOME, new.secret)
    assert len(all_clients(registry)) == 1


def test_a_token_is_looked_at_where_none_is_needed_too(make):
    with pytest.raises(TokenRefused):
        make(endpoint="open").admit("no token of ours")
