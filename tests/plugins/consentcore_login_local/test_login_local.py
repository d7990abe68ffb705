from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import consentcore_login_local
from consentcore.api import (
    DAY,
    Authenticated,
    InvalidInput,
    LoginAttempt,
    LoginProvider,
    NotFound,
    Refused,
    Storage,
    StorageUnavailable,
    Throttled,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.fakes import ManualClock
from consentcore.testing.login import LoginConformance
from consentcore_login_local import LoginLocalSettings
from consentcore_login_local.provider import LocalLogin
from consentcore_login_local.rules import common_passwords
from consentcore_login_local.throttle import Try
from consentcore_memory import MemoryStorage
from tests.support.postgres import storage_at
from tests.support.sqlite_template import migrated_sqlite

GOOD = "correct horse battery staple"
HOME, CAFE = "192.0.2.7", "198.51.100.20"


class TestConformance(LoginConformance):
    @pytest.fixture
    def storage(self) -> Storage:
        return MemoryStorage()

    @pytest.fixture
    def login(self, storage: Storage) -> LoginProvider:
        return consentcore_login_local.consentcore_login(LoginLocalSettings(), storage, ManualClock())


@pytest.fixture
def storage():
    return MemoryStorage()


@pytest.fixture
def login(storage):
    return cheap(storage)


def cheap(storage, **settings) -> LocalLogin:
    """A provider whose hashes cost next to nothing; who guesses how often is the same."""
    return LocalLogin(LoginLocalSettings(argon2_time_cost=1, argon2_memory_kib=8, **settings), storage)


@pytest.fixture
def owner(storage, login):
    owner = factories.owner(email="ada@example.org", name="Ada Lovelace-Byron")
    with storage.transaction() as uow:
        uow.owners.add(owner)
        login.set_password(uow, owner.owner_id, GOOD)
    return owner


def attempt(login, password, email="ada@example.org", addr=HOME, now=NOW):
    return login.authenticate(LoginAttempt(email, password, addr, now))


def stored_hash(storage, owner):
    with storage.reading() as uow:
        return uow.owners.password_hash(owner.owner_id)


@pytest.mark.usefixtures("owner")
class TestThrottle:
    def test_80_a_pair_waits_until_the_window_ends(self, login):
        start = NOW - NOW % 300_000
        assert {type(attempt(login, f"wrong {n}", now=start)) for n in range(10)} == {Refused}
        assert attempt(login, GOOD, now=start + 1500) == Throttled(299)
        assert isinstance(attempt(login, GOOD, now=start + 300_000), Authenticated)

    def test_80_the_owner_gets_in_from_elsewhere_meanwhile(self, login):
        for n in range(20):
            attempt(login, f"wrong {n}", addr=CAFE)
        assert isinstance(attempt(login, GOOD), Authenticated)

    def test_80_many_addresses_do_not_make_many_guesses(self, login):
        outcomes = [attempt(login, f"wrong {n}", addr=f"203.0.{n // 10}.1") for n in range(1000)]
        # ten from each of the first ten addresses, then one from each of the others
        assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 100 + 90

    def test_80_many_addresses_do_not_lock_the_owner_out(self, login):
        assert isinstance(attempt(login, GOOD), Authenticated)
        for n in range(200):
            attempt(login, f"wrong {n}", addr=f"203.0.{n}.1")
        assert isinstance(attempt(login, "a slip"), Refused)
        assert isinstance(attempt(login, GOOD), Authenticated)
        assert isinstance(attempt(login, GOOD, addr=CAFE), Authenticated)

    def test_80_an_address_is_held_up_over_all_accounts(self, storage):
        login = cheap(storage, failures_per_address=50)
        outcomes = [attempt(login, "wrong", f"user{n}@example.org", CAFE) for n in range(60)]
        assert [type(outcome) for outcome in outcomes] == [Refused] * 50 + [Throttled] * 10

    def test_80_who_signed_in_from_an_address_is_not_held_up_by_its_guessers(self, storage):
        login = cheap(storage, failures_per_address=50)
        assert isinstance(attempt(login, GOOD, addr=CAFE), Authenticated)
        later = NOW + DAY
        for n in range(60):
            attempt(login, "wrong", f"user{n}@example.org", CAFE, later)
        assert isinstance(attempt(login, GOOD, addr=CAFE, now=later), Authenticated)

    def test_81_an_account_that_does_not_exist_is_throttled_alike(self, login):
        outcomes = [attempt(login, "wrong", "nobody@example.org") for _ in range(12)]
        assert [type(outcome) for outcome in outcomes] == [Refused] * 10 + [Throttled] * 2

    def test_successes_weigh_nothing(self, login):
        for _ in range(9):
            attempt(login, "wrong")
        for _ in range(200):
            assert isinstance(attempt(login, GOOD), Authenticated)

    def test_a_success_does_not_buy_further_guesses(self, login):
        for _ in range(9):
            assert isinstance(attempt(login, "wrong"), Refused)
        assert isinstance(attempt(login, GOOD), Authenticated)
        assert isinstance(attempt(login, "wrong"), Refused)
        assert isinstance(attempt(login, "wrong"), Throttled)

    def test_80_parallel_guesses_do_not_slip_through(self, storage):
        login = cheap(storage, parallel_hashes=16)
        together = threading.Barrier(16)

        def guess(_number):
            together.wait()
            return attempt(login, "wrong")

        with ThreadPoolExecutor(16) as pool:
            outcomes = list(pool.map(guess, range(16)))
        assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 10

    def test_parallel_right_passwords_all_get_in(self, login):
        together = threading.Barrier(24)

        def sign_in(_number):
            together.wait()
            return attempt(login, GOOD)

        with ThreadPoolExecutor(24) as pool:
            assert {type(outcome) for outcome in pool.map(sign_in, range(24))} == {Authenticated}

    def test_80_a_guess_beyond_the_limit_stands_in_nobodys_way(self, login):
        for n in range(10):
            attempt(login, f"wrong {n}")
        with login._argon2.turn:  # somebody's password is being computed
            assert isinstance(attempt(login, "wrong"), Throttled)

    def test_80_a_flood_of_guesses_is_none_of_rows(self, storage):
        login = cheap(storage, failures_per_address=20)
        for n in range(500):
            attempt(login, "wrong", f"user{n}@example.org", CAFE)
        for _ in range(500):
            attempt(login, "wrong", addr=HOME)
        # 20 accounts from the café, each with its pair and itself, and the address; one pair, account, address
        assert len(storage.counters._windows) <= 20 * 2 + 1 + 3

    def test_80_what_the_storage_failed_at_is_no_guess(self, storage, login, monkeypatch):
        def down():
            raise StorageUnavailable("down")

        with monkeypatch.context() as broken:
            broken.setattr(storage, "reading", down)
            for _ in range(50):
                with pytest.raises(StorageUnavailable):
                    attempt(login, GOOD)
        assert isinstance(attempt(login, GOOD), Authenticated)

    def test_limits_are_settings(self, storage):
        login = cheap(storage, failures_per_account=2, failures_per_address=3, window_s=60)
        kinds = [type(attempt(login, "wrong")) for _ in range(3)]
        assert kinds == [Refused, Refused, Throttled]
        assert isinstance(attempt(login, "wrong", "b@example.org"), Refused)
        assert isinstance(attempt(login, "wrong", "c@example.org"), Throttled)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("", "unix:", False),
    ],
)
def test_addresses_count_as_what_one_customer_has(one, other, same):
    assert (Try.of("a@b", one, NOW).pair == Try.of("a@b", other, NOW).pair) is same


def test_counters_name_nobody():
    found = Try.of("ada@example.org", HOME, NOW)
    assert not any("ada" in name or "192" in name for name in (found.account, found.address, found.pair))


def test_setting_a_password_does_not_wait_for_who_waits_for_the_storage(tmp_path):
    """SQLite has one writer: it must not need what somebody has who wants to write."""
    migrated_sqlite(tmp_path / "db.sqlite")
    storage = storage_at(f"sqlite:///{tmp_path}/db.sqlite")
    login, owner = cheap(storage), factories.owner(email="ada@example.org")
    with ThreadPoolExecutor(1) as pool:
        with storage.transaction() as uow:
            uow.owners.add(owner)
            signing_in = pool.submit(attempt, login, GOOD)
            while login._argon2.turn._value:  # until it has its turn, and wants to count
                time.sleep(0.001)
            login.set_password(uow, owner.owner_id, GOOD)
        assert isinstance(signing_in.result(20), Authenticated), (
            "it began before the owner was there to be found"
        )
    storage.close()


class TestHashes:
    def test_are_argon2id_with_the_parameters_set(self, storage, owner):
        provider = LocalLogin(LoginLocalSettings(), storage)
        with storage.transaction() as uow:
            provider.set_password(uow, owner.owner_id, GOOD)
        assert stored_hash(storage, owner).startswith("$argon2id$v=19$m=19456,t=2,p=1$")

    def test_are_renewed_when_the_parameters_change(self, storage, login, owner):
        before = stored_hash(storage, owner)
        assert isinstance(attempt(login, GOOD), Authenticated)
        assert stored_hash(storage, owner) == before

        stronger = LocalLogin(LoginLocalSettings(argon2_time_cost=2, argon2_memory_kib=16), storage)
        assert attempt(stronger, "wrong") == Refused()
        assert stored_hash(storage, owner) == before
        assert isinstance(attempt(stronger, GOOD), Authenticated)
        assert "m=16,t=2" in stored_hash(storage, owner)
        assert isinstance(attempt(stronger, GOOD), Authenticated)

    def test_renewal_never_brings_an_old_password_back(self, storage, login, owner):
        old = stored_hash(storage, owner)
        with storage.transaction() as uow:
            login.set_password(uow, owner.owner_id, "a newer password")
        newer = stored_hash(storage, owner)
        login._rehash(owner.owner_id, old, GOOD)
        assert stored_hash(storage, owner) == newer

    def test_an_unreadable_one_refuses(self, storage, login, owner):
        with storage.transaction() as uow:
            uow.owners.set_password_hash(owner.owner_id, "no hash")
        assert attempt(login, GOOD) == Refused()

    def test_81_everybody_costs_the_same_one_computation(self, storage, login, owner, monkeypatch):
        computed = []
        matches = login._argon2.matches
        monkeypatch.setattr(
            login._argon2, "matches", lambda encoded, text: computed.append(encoded) or matches(encoded, text)
        )
        attempt(login, "wrong")
        attempt(login, "wrong", "nobody@example.org")
        attempt(login, "wrong", "not an address")
        attempt(login, "x" * 5000)
        assert len(computed) == 4
        assert {encoded.rsplit("$", 2)[0] for encoded in computed} == {"$argon2id$v=19$m=8,t=1,p=1"}


COMPOSED, DECOMPOSED = "Gar\u00e7on \u00c5ngstr\u00f6m", "Garc\u0327on A\u030angstro\u0308m"
MIXED = "Gar\u00e7on A\u030angstro\u0308m"
SIGN = "Garc\u0327on \u212bngstr\u00f6m"
SPELLINGS = [COMPOSED, DECOMPOSED, MIXED, SIGN]


class TestAccents:
    """One person, two devices: what looks the same may be other characters (UAX 15), and is the same password."""

    @pytest.mark.parametrize("typed", SPELLINGS, ids=ascii)
    @pytest.mark.parametrize("set_as", SPELLINGS, ids=ascii)
    def test_password_set_on_one_device_is_right_on_another(self, storage, login, owner, set_as, typed):
        with storage.transaction() as uow:
            login.set_password(uow, owner.owner_id, set_as)
        before = stored_hash(storage, owner)
        assert login._argon2.matches(before, COMPOSED)
        assert isinstance(attempt(login, typed), Authenticated)
        assert stored_hash(storage, owner) == before, "NFC is kept from the start"
        assert attempt(login, typed[:-1]) == Refused()

    @pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED], ids=["composed", "decomposed"])
    @pytest.mark.parametrize("kept_as", [COMPOSED, DECOMPOSED], ids=["composed", "decomposed"])
    def test_hash_of_before_is_found_and_becomes_that_of_nfc(self, storage, login, owner, kept_as, typed):
        keep(storage, login, owner, kept_as)
        assert attempt(login, f"{typed}!") == Refused()
        assert isinstance(attempt(login, typed), Authenticated)
        assert login._argon2.matches(stored_hash(storage, owner), COMPOSED)
        assert isinstance(attempt(login, typed), Authenticated)

    def test_hash_of_neither_form_is_found_by_what_was_typed_then(self, storage, login, owner):
        keep(storage, login, owner, MIXED)
        assert attempt(login, COMPOSED) == Refused()
        assert isinstance(attempt(login, MIXED), Authenticated)
        assert isinstance(attempt(login, COMPOSED), Authenticated)

    def test_81_number_of_computations_tells_nothing_of_the_account(self, storage, login, owner, monkeypatch):
        counted = {}
        matches = login._argon2.matches
        for email in ("ada@example.org", "nobody@example.org", "no address"):
            tried = counted[email] = []
            monkeypatch.setattr(
                login._argon2,
                "matches",
                lambda encoded, text, t=tried: t.append(text) or matches(encoded, text),
            )
            for typed in ("plain", COMPOSED, DECOMPOSED, MIXED):
                attempt(login, typed, email)
        assert [len(tried) for tried in counted.values()] == [1 + 2 + 2 + 3] * 3

    def test_80_three_forms_are_one_guess(self, storage, owner):
        login = cheap(storage, failures_per_account=2)
        assert [attempt(login, f"{MIXED}!") for _ in range(2)] == [Refused(), Refused()]
        assert isinstance(attempt(login, f"{MIXED}!"), Throttled)

    def test_82_length_is_that_of_the_form_that_is_kept(self, storage, login, owner):
        with pytest.raises(InvalidInput, match="at least 8"), storage.transaction() as uow:
            login.set_password(uow, owner.owner_id, "e\u0301" * 4)
        with storage.transaction() as uow:
            login.set_password(uow, owner.owner_id, "e\u0301" * 1024)
        assert isinstance(attempt(login, "e\u0301" * 1024), Authenticated)
        assert isinstance(attempt(login, "\u00e9" * 1024), Authenticated)
        assert attempt(login, "e\u0301" * 1023) == Refused()

    def test_82_name_of_the_owner_is_refused_in_every_form(self, storage, login):
        someone = factories.owner(email="andre@example.org", name="Ang\u00e8le Moreau")
        with storage.transaction() as uow:
            uow.owners.add(someone)
        with pytest.raises(InvalidInput, match="name"), storage.transaction() as uow:
            login.set_password(uow, someone.owner_id, "Ange\u0300le Moreau")


def keep(storage, login, owner, password):
    """Store a hash as it was made before passwords had a form."""
    with storage.transaction() as uow:
        uow.owners.set_password_hash(owner.owner_id, login._argon2.hash(password))


class TestRules:
    @pytest.fixture
    def put(self, storage, login, owner):
        def put(password):
            with storage.transaction() as uow:
                login.set_password(uow, owner.owner_id, password)

        return put

    @pytest.mark.parametrize(
        ("password", "expected"),
        [
            ("seven77", "at least 8"),
            ("x" * 1025, "at most 1024"),
            ("Password1", "most common"),
            ("PASSWORD123 ", "most common"),
            ("12345678", "most common"),
            ("Ada@example.org", "e-mail address"),
            ("ada lovelace-byron", "name"),
            ("with\x00nul-inside", "NUL"),
            ("half\ud800surrogate", "NUL"),
        ],
    )
    def test_82_poor_ones_are_refused_without_repeating_them(self, put, login, password, expected):
        with pytest.raises(InvalidInput, match=expected) as caught:
            put(password)
        assert caught.value.field == "password"
        assert password not in str(caught.value)
        assert isinstance(attempt(login, GOOD), Authenticated)

    @pytest.mark.parametrize("password", ["8 chars!", "x" * 1024, "пароль-из-восьми", "  spaces count  "])
    def test_82_good_ones_are_kept_exactly(self, put, login, password):
        put(password)
        assert isinstance(attempt(login, password), Authenticated)
        assert attempt(login, password[:-1]) == Refused()
        assert attempt(login, password + " ") == Refused()

    def test_the_common_ones_are_a_few_hundred_that_could_be_chosen(self):
        assert len(common_passwords()) > 300
        assert all(len(word) >= 8 and word == word.casefold() for word in common_passwords())

    def test_an_owner_that_is_not_there_has_no_password(self, storage, login):
        with pytest.raises(NotFound), storage.transaction() as uow:
            login.set_password(uow, "nobody", GOOD)
