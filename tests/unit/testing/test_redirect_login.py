"""The kit for redirect logins: a small plugin that keeps every promise, and some that do not."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from urllib.parse import urlencode

import pytest

from consentcore.api import (
    Authenticated,
    OwnerIdentity,
    RedirectLogin,
    RedirectTo,
    Refused,
    Unavailable,
    transact,
)
from consentcore.testing import RedirectLoginConformance, factories
from consentcore_memory import MemoryStorage

SHARED = b"known to the provider and to us"
ISSUER = "https://door.example"


def signed(nonce: str) -> str:
    return hmac.new(SHARED, nonce.encode(), hashlib.sha256).hexdigest()


class DoorLogin:
    """A provider that signs a nonce; everybody who comes back is the same person."""

    label, origin = "the door", ISSUER

    def __init__(self, storage, *, down: bool = False) -> None:
        self._storage = storage
        self._down = down

    def begin(self, *, callback_url, fresh, now):
        if self._down:
            return Unavailable()
        state, nonce = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        query = {"state": state, "ask": hashlib.sha256(nonce.encode()).hexdigest(), "back": callback_url}
        return RedirectTo(f"{ISSUER}/?{urlencode(query)}", state, nonce)

    def complete(self, returned):
        if self._down:
            return Unavailable()
        if returned.params.get("error"):
            return Refused("cancelled")
        proof = returned.params.get("code", "").encode("utf-8", "replace")
        if not hmac.compare_digest(proof, signed(returned.transient).encode()):
            return Refused("failed")
        return Authenticated(transact(self._storage, self._owner), "door", ("hwk",), returned.now)

    def end(self, *, return_url):
        return "" if self._down else f"{ISSUER}/bye"

    @staticmethod
    def _owner(uow):
        known = uow.identities.get(ISSUER, "1")
        if known is None:
            owner = factories.owner()
            uow.owners.add(owner)
            known = OwnerIdentity(ISSUER, "1", owner.owner_id, owner.created_at)
            uow.identities.add(known)
        return known.owner_id


class TestDoorLogin(RedirectLoginConformance):
    plugin = DoorLogin

    @pytest.fixture
    def storage(self):
        return MemoryStorage()

    @pytest.fixture
    def login(self, storage):
        return self.plugin(storage)

    @pytest.fixture
    def broken_login(self, storage):
        return DoorLogin(storage, down=True)

    @pytest.fixture
    def provider(self):
        return lambda sent: {"state": sent.state, "code": signed(sent.transient)}


def test_what_a_plugin_is_is_told_by_its_methods():
    assert isinstance(DoorLogin(MemoryStorage()), RedirectLogin)


class AskedDoor(DoorLogin):
    """One that says how people came in, and takes up what it is asked."""

    acr_values = ("door",)

    def begin_asked(self, *, callback_url, asked, now):
        return self.begin(callback_url=callback_url, fresh=asked.fresh, now=now)


class TestAskedDoor(TestDoorLogin):
    plugin = AskedDoor


class SameState(DoorLogin):
    def begin(self, **options):
        sent = super().begin(**options)
        return RedirectTo(
            f"{ISSUER}/?state=always-the-same-one-here", "always-the-same-one-here", sent.transient
        )


class BelievesAnybody(DoorLogin):
    def complete(self, returned):
        return Authenticated(transact(self._storage, self._owner), "door", ())


class ForgetsPeople(DoorLogin):
    def complete(self, returned):
        owner = factories.owner()
        transact(self._storage, lambda uow: uow.owners.add(owner))
        return Authenticated(owner.owner_id, "door", ())


def _begin(kit, login):
    kit.test_browser_is_sent_with_a_state_of_its_own(login, time.time_ns() // 1_000_000)


def _odd(kit, login):
    kit.test_odd_answers_are_refused_without_an_error(login, 1, {"code": "nonsense"})


def _other_question(kit, login):
    kit.test_answer_to_another_question_is_not_believed(
        login, lambda sent: {"code": signed(sent.transient)}, 1
    )


def _same_person(kit, login):
    kit.test_person_becomes_one_owner_for_ever(login._storage, login, lambda sent: {}, 1, fresh=False)


@pytest.mark.parametrize(
    ("plugin", "test"),
    [
        (SameState, _begin),
        (BelievesAnybody, _odd),
        (BelievesAnybody, _other_question),
        (ForgetsPeople, _same_person),
    ],
)
def test_careless_plugin_is_noticed(plugin, test):
    with pytest.raises(AssertionError):
        test(RedirectLoginConformance(), plugin(MemoryStorage()))
