"""The kits for notifiers, catalogs and logins: passed by small honest plugins, failed by careless ones."""

from __future__ import annotations

import hashlib
import logging
import secrets
import subprocess
import sys
from dataclasses import replace

import pytest

from consentcore.api import (
    Authenticated,
    Delivered,
    InvalidInput,
    NoticeKind,
    Refused,
    Retry,
    Scope,
    ScopeType,
    Throttled,
    normalise_email,
)
from consentcore.testing import (
    LoginConformance,
    ManualClock,
    NotifierConformance,
    ScopeCatalogConformance,
    factories,
    fixed_keys,
    memory_storage,
)
from consentcore.testing.fakes import FakeEnvelope
from consentcore_memory import MemoryStorage


class FolderNotifier:
    """Writes a file per notice and audience."""

    retry_schedule_s = (1.0, 2.0)

    def __init__(self, folder):
        self._folder = folder

    def targets(self, envelope):
        return [str(audience) for audience in envelope.notice.audiences]

    def send(self, envelope, target):
        try:
            (self._folder / f"{envelope.notice.notice_id}-{target}").write_bytes(envelope.body)
        except OSError as error:
            return Retry(str(error), error="folder")
        return Delivered()


class TestFolderNotifier(NotifierConformance):
    capabilities = frozenset({"readback"})

    @pytest.fixture
    def told(self, tmp_path):
        return lambda: [path.name[:36] for path in tmp_path.iterdir()]

    @pytest.fixture
    def notifier(self, tmp_path):
        return FolderNotifier(tmp_path)

    @pytest.fixture
    def broken_notifier(self, tmp_path):
        return FolderNotifier(tmp_path / "missing")


class ListCatalog:
    def __init__(self, *scopes):
        self._scopes = scopes

    def scopes(self):
        return self._scopes


COMFORT = Scope("comfort.read", "Room temperatures", "sees how warm it is")
ALL_READ = Scope("all.read", "Everything", "sees everything", includes=("comfort.read",))


class TestListCatalog(ScopeCatalogConformance):
    @pytest.fixture
    def catalog(self):
        return ListCatalog(
            COMFORT, ALL_READ, Scope("offline_access", "Stay", "stays signed in", type=ScopeType.SESSION)
        )


class ScryptLogin:
    """The smallest login that keeps the promises."""

    def __init__(self, storage):
        self._storage = storage

    def authenticate(self, attempt):
        try:
            address = normalise_email(attempt.email)
        except InvalidInput:
            return Refused()
        if self._storage.counters.count(attempt.remote_addr, attempt.now, 60_000) >= 20:
            return Throttled(60)
        with self._storage.reading() as uow:
            owner = uow.owners.by_email(address)
            encoded = uow.owners.password_hash(owner.owner_id) if owner is not None else None
        salt, _, expected = (encoded or "00:none").partition(":")
        if self._hash(salt, attempt.password) == expected:
            return Authenticated(owner.owner_id, "urn:example:password", ("pwd",))
        self._storage.counters.hit(attempt.remote_addr, attempt.now, 60_000)
        return Refused()

    def set_password(self, uow, owner_id, password):
        if not 8 <= len(password) <= 1000 or password in {"password", "12345678"}:
            raise InvalidInput("password", "expected 8 or more characters that nobody guesses")
        salt = secrets.token_hex(8)
        uow.owners.set_password_hash(owner_id, f"{salt}:{self._hash(salt, password)}")

    @staticmethod
    def _hash(salt, password):
        data = password.encode("utf-8", "surrogatepass")
        return hashlib.scrypt(data, salt=bytes.fromhex(salt), n=16, r=8, p=1).hex()


class TestScryptLogin(LoginConformance):
    @pytest.fixture
    def storage(self):
        return MemoryStorage()

    @pytest.fixture
    def login(self, storage):
        return ScryptLogin(storage)


@pytest.mark.parametrize(
    ("scopes", "test"),
    [
        ([], "test_has_scopes"),
        ([COMFORT, COMFORT], "test_ids_are_scope_tokens_and_distinct"),
        ([replace(COMFORT, scope_id="two words")], "test_ids_are_scope_tokens_and_distinct"),
        ([replace(COMFORT, version="1@2")], "test_references_lead_back_to_the_id"),
        ([replace(COMFORT, label="x" * 61)], "test_every_scope_says_in_words_what_it_is"),
        ([replace(COMFORT, sees=" ")], "test_every_scope_says_in_words_what_it_is"),
        ([replace(COMFORT, level=5)], "test_figures_are_in_their_bounds"),
        ([replace(COMFORT, includes=("all.read",)), ALL_READ], "test_inclusion_has_no_circle"),
        ([Scope("offline_access", "Stay", "stays")], "test_offline_access_is_about_the_session"),
    ],
)
def test_careless_catalog_is_noticed(scopes, test):
    with pytest.raises(AssertionError):
        getattr(ScopeCatalogConformance(), test)(ListCatalog(*scopes))


class Careless(FolderNotifier):
    retry_schedule_s = (60.0, 1.0)

    def targets(self, _envelope):
        return [secrets.token_hex(4), ""]

    def send(self, _envelope, _target):
        return None


@pytest.mark.parametrize(
    "test",
    [
        "test_schedule_is_finite_positive_and_never_goes_down",
        "test_notice_for_nobody_has_no_target",
        "test_sending_says_delivered",
        "test_same_notice_may_be_sent_again",
        "test_target_that_is_gone_meanwhile_is_no_error",
        "test_unreachable_medium_asks_for_another_try",
    ],
)
def test_careless_notifier_is_noticed(tmp_path, test):
    arguments = [Careless(tmp_path)]
    if "schedule" not in test:
        arguments.append(FakeEnvelope())
    with pytest.raises(AssertionError):
        getattr(NotifierConformance(), test)(*arguments)


class Leaky(FolderNotifier):
    """Logs whom it told, raises over what it does not expect, sends slowly and tells the medium no id."""

    def send(self, envelope, target):
        logging.getLogger("leaky").info("telling %s", envelope.owner.email)
        if "\r" in envelope.owner.name or envelope.notice.kind is NoticeKind.TEST:
            raise ValueError(envelope.owner.name)
        (self._folder / secrets.token_hex(18)).write_bytes(envelope.body)
        return Delivered()


def test_leaky_notifier_is_noticed(tmp_path, caplog):
    kit, leaky, envelope = NotifierConformance(), Leaky(tmp_path), FakeEnvelope()
    with pytest.raises(ValueError, match="eve"):
        kit.test_odd_names_are_survived(leaky, envelope)
    with pytest.raises(ValueError, match="Ada"):
        kit.test_every_kind_of_notice_has_an_outcome(leaky, envelope, NoticeKind.TEST)
    with pytest.raises(AssertionError):
        kit.test_success_puts_nothing_private_into_logs(leaky, envelope, ["ada@example.org"], caplog)
    with pytest.raises(AssertionError):
        kit.test_receiver_can_tell_what_came_twice(
            leaky, envelope, lambda: [one.name for one in tmp_path.iterdir()]
        )


def test_notifier_that_waits_for_ever_is_noticed(tmp_path, monkeypatch):
    class Waiting(FolderNotifier):
        def send(self, _envelope, _target):
            now[0] += 31
            return Retry("at last")

    now = [0.0]
    monkeypatch.setattr("consentcore.testing.notifier.time.monotonic", lambda: now[0])
    with pytest.raises(AssertionError, match="30 seconds"):
        NotifierConformance().test_silent_medium_is_given_up_in_time(Waiting(tmp_path), FakeEnvelope())


@pytest.mark.parametrize(("capability", "fixture"), [("network", "hanging_notifier"), ("readback", "told")])
def test_capability_that_is_declared_and_not_given_is_a_failure(capability, fixture):
    class Boasting(NotifierConformance):
        capabilities = frozenset({"network", "readback"})

    with pytest.raises(pytest.fail.Exception, match=fixture):
        Boasting()._not_offered(capability, fixture)


def test_manual_clock_stands_still_until_told():
    clock = ManualClock(5)
    assert (clock.now(), clock.advance(10), clock.now()) == (5, 15, 15)


def test_factories_make_different_things_and_take_overrides():
    first, second = factories.client(), factories.client(name="Other")
    assert first.client_id != second.client_id
    assert second.name == "Other"
    with pytest.raises(TypeError, match="nonsense"):
        factories.client(nonsense=1)


def test_factories_client_knows_its_secret():
    assert factories.client().knows_secret("factories-client-secret", factories.NOW)


def test_plugin_and_factories_load_nothing_heavy():
    script = (
        "import sys, consentcore.testing.pytest_plugin, consentcore.testing.factories\n"
        "print(sorted({'pyramid', 'sqlalchemy', 'cryptography', 'boto3'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_fixed_keys_are_real_and_the_same_every_time():
    sealed = fixed_keys("new1", "old1").seal("webhook", b"secret", "endpoint-1")
    assert fixed_keys("new1", "old1").open("webhook", sealed, "endpoint-1") == b"secret"
    assert list(fixed_keys("new1", "old1").ids) == ["new1", "old1"]
    assert fixed_keys().mac("ledger", b"x") != fixed_keys("new1").mac("ledger", b"x")


def test_storage_in_memory_is_empty_and_another_each_time():
    first, second = memory_storage(), memory_storage()
    ada = factories.owner(email="ada@example.org")
    with first.transaction() as uow:
        uow.owners.add(ada)
    with second.reading() as uow:
        assert uow.owners.get(ada.owner_id) is None
