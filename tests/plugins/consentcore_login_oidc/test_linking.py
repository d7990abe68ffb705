"""Who becomes which owner: by issuer and subject, by address only where the operator and the provider vouch for it."""

from __future__ import annotations

import threading

import pytest

from consentcore.api import (
    Authenticated,
    ConfigurationError,
    NoticeKind,
    Owner,
    OwnerIdentity,
    OwnerTicket,
    Refused,
    StorageConflict,
    transact,
)
from consentcore.domain.secret import digest
from consentcore.owners.links import Purpose
from consentcore.testing import factories
from consentcore_login_oidc.linking import Person, find_owner
from consentcore_login_oidc.settings import OidcSettings
from tests.plugins.consentcore_login_oidc.conftest import begin, complete
from tests.support.dynamo import dynamo_storage

ADA = "ada@example.org"


@pytest.fixture
def ada(storage) -> Owner:
    """Somebody who is a data owner already, with the address of the one who signs in."""
    owner = factories.owner(email=ADA)
    transact(storage, lambda uow: uow.owners.add(owner))
    return owner


def identities(storage, owner_id: str) -> list[tuple[str, str]]:
    with storage.reading() as uow:
        return [(one.issuer, one.subject) for one in uow.identities.of_owner(owner_id)]


def owner_of(storage, outcome) -> Owner:
    assert isinstance(outcome, Authenticated)
    with storage.reading() as uow:
        return uow.owners.get(outcome.owner_id)


def test_somebody_new_becomes_an_owner(made, provider, storage):
    provider.claims = {
        "email": "Ada@Example.ORG",
        "name": "Ada\r\n Lovelace ",
        "locale": "fr-FR",
        "zoneinfo": "Europe/Paris",
    }
    owner = owner_of(storage, complete(made(), provider))
    assert (owner.email, owner.name, owner.locale, owner.timezone) == (
        ADA,
        "Ada Lovelace",
        "fr-FR",
        "Europe/Paris",
    )
    assert identities(storage, owner.owner_id) == [(provider.issuer, "subject-1")]
    assert owner_of(storage, complete(made(), provider)) == owner


def test_odd_claims_do_no_harm(made, provider, storage):
    provider.claims = {"name": 7, "locale": "../..", "zoneinfo": "../../etc/passwd", "amr": "pwd", "acr": 3}
    owner = owner_of(storage, complete(made(), provider))
    assert (owner.name, owner.locale, owner.timezone) == ("", "en", "UTC")


def test_nobody_is_made_where_that_is_off(made, provider, storage):
    assert complete(made(create_owners=False), provider) == Refused("unknown")
    with storage.reading() as uow:
        assert uow.owners.by_email(ADA) is None


@pytest.mark.parametrize(
    "claims",
    [{"email_verified": False}, {"email_verified": None}, {"email_verified": "true"}, {"email": "nonsense"}],
    ids=str,
)
def test_an_address_that_is_not_verified_makes_no_owner(made, provider, claims):
    provider.claims = claims
    assert complete(made(), provider) == Refused("unverified")


def test_a_provider_of_ones_own_need_not_say_verified(made, provider, storage):
    provider.claims = {"email_verified": None}
    assert owner_of(storage, complete(made(trust_email=True), provider)).email == ADA


def test_an_account_is_never_taken_over_by_its_address_alone(made, provider, storage, ada):
    assert complete(made(), provider) == Refused("taken")
    assert identities(storage, ada.owner_id) == []


def test_it_is_taken_over_where_both_vouch_for_it(made, provider, storage, ada):
    login = made(link_verified_email=True, create_owners=False)
    assert owner_of(storage, complete(login, provider)) == ada
    assert identities(storage, ada.owner_id) == [(provider.issuer, "subject-1")]


def test_it_is_not_taken_over_by_an_address_that_is_not_verified(made, provider, storage, ada):
    provider.claims = {"email_verified": False}
    for settings in ({}, {"create_owners": False}):
        outcome = complete(made(link_verified_email=True, **settings), provider)
        assert outcome == Refused("unknown" if settings else "unverified")
    assert identities(storage, ada.owner_id) == []


def test_who_has_the_address_next_does_not_get_the_account(made, provider, storage, ada):
    login = made(link_verified_email=True)
    complete(login, provider)
    provider.claims = {"sub": "subject-2"}
    assert complete(login, provider) == Refused("taken")
    assert identities(storage, ada.owner_id) == [(provider.issuer, "subject-1")]


def test_subjects_of_another_issuer_are_other_people(made, provider, storage, ada):
    link = OwnerIdentity("https://other.example", "subject-1", ada.owner_id, 1)
    transact(storage, lambda uow: uow.identities.add(link))
    assert complete(made(), provider) == Refused("taken")


def test_only_addresses_of_some_domains_are_let_in(made, provider, storage):
    login = made(allowed_domains=("Example.com", "@example.org"))
    assert isinstance(complete(login, provider), Authenticated)
    provider.claims = {"sub": "other", "email": "eve@notexample.org"}
    assert complete(login, provider) == Refused("not_allowed")
    provider.claims = {"sub": "other", "email": "eve@example.org", "email_verified": False}
    assert complete(login, provider) == Refused("unverified")


def test_an_address_that_changed_at_the_provider_changes_here(made, provider, storage):
    before = owner_of(storage, complete(made(), provider))
    provider.claims = {"email": "ada@new.example"}
    owner = owner_of(storage, complete(made(), provider))
    assert owner.owner_id == before.owner_id
    assert (owner.email, owner.previous_email) == ("ada@new.example", ADA)
    notices = storage.outbox.unexpanded(10)
    assert [(one.kind, one.owner_id) for one in notices] == [(NoticeKind.EMAIL_CHANGED, owner.owner_id)]


def test_links_that_went_to_the_address_of_before_end_with_it(made, provider, storage):
    owner_id = owner_of(storage, complete(made(), provider)).owner_id
    tickets = [OwnerTicket(digest(one.value), one.value, owner_id, 0, 2**50) for one in Purpose]
    transact(storage, lambda uow: [uow.tickets.add(one) for one in tickets])
    complete(made(), provider)
    assert live(storage, tickets) == tickets
    provider.claims = {"email": "ada@new.example"}
    complete(made(), provider)
    assert live(storage, tickets) == []


def live(storage, tickets: list[OwnerTicket]) -> list[OwnerTicket]:
    with storage.reading() as uow:
        found = [uow.tickets.get(one.ticket_hash, 1) for one in tickets]
    return [one for one in found if one is not None]


@pytest.mark.parametrize(
    ("settings", "claims"),
    [
        ({"follow_email": False}, {"email": "ada@new.example"}),
        ({}, {"email": "ada@new.example", "email_verified": False}),
        ({}, {"email": "grace@example.org"}),
    ],
    ids=["not wanted", "not verified", "taken"],
)
def test_it_stays_otherwise(made, provider, storage, settings, claims):
    transact(storage, lambda uow: uow.owners.add(factories.owner(email="grace@example.org")))
    before = owner_of(storage, complete(made(), provider))
    provider.claims = claims
    assert owner_of(storage, complete(made(**settings), provider)) == before


def test_two_first_sign_ins_at_once_make_one_owner(made, provider, storage):
    login, found = made(), []
    sent = begin(login)
    provider.sends_back(sent.url)
    threads = [
        threading.Thread(target=lambda: found.append(complete(login, provider, sent))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({outcome.owner_id for outcome in found}) == 1


class TestDomains:
    """IDNA 2003 made ``strasse`` of ``straße``: two domains, two people."""

    @pytest.fixture
    def other(self, storage) -> Owner:
        owner = factories.owner(email="ada@strasse.example")
        transact(storage, lambda uow: uow.owners.add(owner))
        return owner

    @pytest.mark.parametrize(
        "typed", ["ada@straße.example", "ada@STRAẞE.example", "ada@xn--strae-oqa.example"]
    )
    def test_address_of_another_domain_opens_nobodys_account(self, made, provider, storage, other, typed):
        provider.claims = {"email": typed}
        found = owner_of(storage, complete(made(link_verified_email=True), provider))
        assert (found.email, found.owner_id != other.owner_id) == ("ada@xn--strae-oqa.example", True)

    def test_address_of_the_same_domain_opens_the_account(self, made, provider, storage, other):
        provider.claims = {"email": "Ada@STRASSE.example"}
        assert owner_of(storage, complete(made(link_verified_email=True), provider)) == other

    def test_address_that_was_misread_is_put_right_and_its_real_owner_told_nothing(
        self, made, provider, storage, other
    ):
        provider.claims = {"email": "ada@straße.example"}
        transact(
            storage,
            lambda uow: uow.identities.add(OwnerIdentity(provider.issuer, "subject-1", other.owner_id, 0)),
        )
        found = owner_of(storage, complete(made(), provider))
        assert (found.owner_id, found.email) == (other.owner_id, "ada@xn--strae-oqa.example")
        assert found.previous_email == ""

    @pytest.mark.parametrize("allowed", ["straße.example", "@STRAẞE.example", "xn--strae-oqa.example"])
    def test_allowed_domain_lets_in_its_own_addresses_only(self, made, provider, storage, allowed):
        login = made(allowed_domains=(allowed,))
        provider.claims = {"email": "ada@strasse.example"}
        assert complete(login, provider) == Refused("not_allowed")
        provider.claims = {"email": "ada@straße.example"}
        assert owner_of(storage, complete(login, provider)).email == "ada@xn--strae-oqa.example"

    def test_allowed_domain_that_is_no_name_is_said_at_start(self, made):
        with pytest.raises(ConfigurationError, match=r"allowed_domains: expected .*U\+2603"):
            made(allowed_domains=("☃.example",))


def test_name_keeps_what_its_language_needs(made, provider, storage):
    provider.claims = {"name": "سارا می\u200cخواهد\u202e\x07"}
    assert owner_of(storage, complete(made(), provider)).name == "سارا می\u200cخواهد"


def test_of_two_accounts_with_one_address_that_come_at_once_only_one_is_linked(dynamo):
    """Each has looked before the other is written: the later commit has to find that."""
    storage = dynamo_storage(dynamo)
    settings = OidcSettings("https://idp.example", "us", link_verified_email=True)
    owner = factories.owner(email=ADA)
    transact(storage, lambda uow: uow.owners.add(owner))
    first, second = (Person("https://idp.example", name, ADA, "", "en", "UTC") for name in ("a", "b"))

    def overtaken() -> None:
        with storage.transaction() as uow:
            find_owner(uow, first, settings, factories.NOW)
            transact(storage, lambda other: find_owner(other, second, settings, factories.NOW))

    with pytest.raises(StorageConflict):
        overtaken()
    assert identities(storage, owner.owner_id) == [("https://idp.example", "b")]
    assert transact(storage, lambda uow: find_owner(uow, first, settings, factories.NOW)) == Refused("taken")
