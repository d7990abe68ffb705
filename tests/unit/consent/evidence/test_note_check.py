"""Old rows that were put back: each was written by us, and none is the newest. What was noted of them finds them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.clients.unused import remove
from consentcore.consent.checkpoint import advance
from consentcore.consent.evidence.noting import sweep
from consentcore.consent.evidence.statements import NOTED, StatementType, statements
from consentcore.consent.ledger import seal_of
from consentcore.consent.verify import verify_all
from consentcore.domain.clock import DAY
from consentcore.keys.record_notes import ENDED, RECORD, UNSTATED, EndedNote, RecordNote, note_ended, written
from consentcore.keys.recorded_storage import RecordedStorage
from consentcore.keys.ring import Keys, MasterKey
from consentcore.keys.sealed_storage import SealedStorage
from consentcore.testing import ManualClock, factories, memory_storage
from consentcore.testing.factories import NOW

MASTER = MasterKey("k1", b"1" * 32)


class House:
    """A storage with seals and notes; an owner, an application, an endpoint, an identity, a sign-in."""

    def __init__(self, keys=None) -> None:
        self.keys = keys or Keys([MASTER])
        self.bare = memory_storage()
        self.recorded = RecordedStorage(self.bare, self.keys, ManualClock(NOW))
        self.storage = SealedStorage(self.recorded, self.keys, seal_of)
        self.clock = ManualClock(NOW)
        self.owner = factories.owner()
        self.client = factories.client()
        self.endpoint = factories.endpoint(self.client.client_id)
        self.identity = factories.identity(self.owner.owner_id)
        self.session = factories.session(self.owner.owner_id)
        with self.storage.transaction() as uow:
            uow.owners.add(self.owner)
            uow.owners.set_password_hash(self.owner.owner_id, "first")
            uow.clients.add(self.client)
            uow.clients.add_endpoint(self.endpoint)
            uow.identities.add(self.identity)
            uow.owners.add_session(self.session)

    def state(self):
        """Everything as it is, to take rows of later."""
        return self.bare._engine.committed.fork()

    def put_back(self, then, table, key):
        """One row as it was; None where there was none."""
        now = self.bare._engine.committed.fork()
        rows, row = getattr(now, table), getattr(then, table).get(key)
        if row is None:
            rows.drop([key])
        else:
            rows.put(key, row)
        self.bare._engine._state = now

    def sign(self):
        advance(self.storage, self.keys, self.clock, {})

    def problems(self):
        return [one.text for one in verify_all(self.storage, self.keys).problems]


@pytest.fixture
def house():
    return House()


def change(house, what):
    with house.storage.transaction() as uow:
        if what == "owner":
            uow.owners.update(replace(house.owner, email="new@example.org"))
        elif what == "password":
            uow.owners.set_password_hash(house.owner.owner_id, "second")
        elif what == "client":
            uow.clients.update(replace(house.client, name="Another"))
        elif what == "endpoint":
            uow.clients.update_endpoint(replace(house.endpoint, url="https://elsewhere.example/"))
        elif what == "endpoint removed":
            uow.clients.remove_endpoint(house.endpoint.endpoint_id)
        elif what == "client removed":
            remove(house.client, uow)
        elif what == "identity removed":
            uow.identities.drop(house.owner.owner_id)
        elif what == "session":
            uow.owners.end_session(house.session.session_hash)
        else:
            uow.owners.end_sessions(house.owner.owner_id)


RECORDS = {
    "owner": ("owners", lambda house: house.owner.owner_id, "the owner"),
    "password": ("passwords", lambda house: house.owner.owner_id, "the password of owner"),
    "client": ("clients", lambda house: house.client.client_id, "the application"),
    "endpoint": ("endpoints", lambda house: house.endpoint.endpoint_id, "the endpoint"),
}
ENDS = {
    "session": ("sessions", lambda house: house.session.session_hash, "a sign-in of owner"),
    "every session": ("sessions", lambda house: house.session.session_hash, "a sign-in of owner"),
}


REMOVED = {
    "client removed": ("clients", "the application"),
    "endpoint removed": ("endpoints", "the endpoint"),
    "identity removed": ("identities", "an identity"),
}


@pytest.mark.parametrize("stated", [True, False], ids=["in the log", "waiting"])
@pytest.mark.parametrize("what", [*RECORDS, *ENDS])
def test_rt_09_a_genuine_row_of_before_is_found(house, what, stated):
    table, key, says = {**RECORDS, **ENDS}[what]
    house.sign()
    then = house.state()
    change(house, what)
    if stated:
        house.sign()
    assert house.problems() == []
    house.put_back(then, table, key(house))
    (text,) = house.problems()
    assert says in text


@pytest.mark.parametrize("what", RECORDS)
def test_rt_09_a_record_that_is_deleted_is_found(house, what):
    table, key, says = RECORDS[what]
    house.sign()
    now = house.bare._engine.committed.fork()
    getattr(now, table).drop([key(house)])
    house.bare._engine._state = now
    assert any(says in text for text in house.problems())


@pytest.mark.parametrize("stated", [True, False], ids=["in the log", "waiting"])
@pytest.mark.parametrize("what", REMOVED)
def test_rt_09_what_was_removed_is_found_when_it_is_there_again(house, what, stated):
    house.sign()
    then = house.state()
    change(house, what)
    if stated:
        house.sign()
    table, says = REMOVED[what]
    now = house.state()
    key = next(key for key, _ in getattr(then, table).items() if getattr(now, table).get(key) is None)
    house.put_back(then, table, key)
    (text,) = house.problems()
    assert text.startswith(says)
    assert "is there again that was removed" in text


def test_what_was_removed_as_it_has_to_be_is_in_order(house):
    house.sign()
    for what in (*REMOVED, "every session"):
        change(house, what)
        assert house.problems() == []
        house.sign()
        assert house.problems() == []
    house.sign()


def test_rt_09_a_row_and_its_note_of_before_are_found(house):
    house.sign()
    then = house.state()
    change(house, "password")
    house.sign()
    house.put_back(then, "passwords", house.owner.owner_id)
    for path in [one for one, _ in then.log_objects.items() if one.startswith(RECORD)]:
        house.put_back(then, "log_objects", path)
    assert "an older one is there" in house.problems()[0]


def test_rt_09_a_note_that_was_made_up_is_not_stated(house):
    house.sign()
    then = house.state()
    change(house, "password")
    house.sign()
    house.put_back(then, "passwords", house.owner.owner_id)
    with house.bare.transaction() as uow:
        for kept in uow.tlog.list(RECORD):
            stranger = written(
                Keys([MasterKey("k1", b"2" * 32)]), kept.path, RecordNote("password", "x", 9, "y", "z")
            )
            uow.tlog.put(replace(stranger, path=kept.path.replace(RECORD, UNSTATED)))
    house.sign()
    assert len([text for text in house.problems() if "is not as it was written" in text]) == 5
    with house.bare.reading() as uow:
        assert len(uow.tlog.list(UNSTATED)) == 5


def test_rt_09_a_note_of_a_revoked_key_is_not_stated(house):
    change(house, "password")
    keys = Keys([MasterKey("k2", b"2" * 32), replace(MASTER, revoked_at=1)])
    advance(house.storage, keys, house.clock, {})
    with house.bare.reading() as uow:
        assert list(statements(uow, folder=NOTED)) == []


def test_a_key_that_is_rotated_makes_no_record_another_one(house):
    house.sign()
    keys = Keys([MasterKey("k2", b"2" * 32), MASTER])
    later = SealedStorage(RecordedStorage(house.bare, keys, house.clock), keys, seal_of)
    with later.transaction() as uow:
        uow.owners.update(house.owner)
    advance(later, keys, house.clock, {})
    assert verify_all(later, keys).problems == ()


def test_the_log_says_of_a_record_nothing_that_could_be_guessed(house):
    house.sign()
    with house.bare.reading() as uow:
        (said,) = statements(uow, folder=NOTED)
    assert said.type is StatementType.RECORDS
    records = said.facts["records"]
    assert len(records) == 5
    assert {tuple(sorted(one)) for one in records} == {("digest", "record", "revision")}
    assert house.owner.owner_id not in said.body
    assert house.client.client_id not in said.body


class TestTokens:
    """What protocol routes end."""

    @pytest.fixture
    def tokens(self, house):
        grant = factories.grant(house.owner.owner_id, house.client.client_id)
        with house.bare.transaction() as uow:
            uow.grants.add(grant)
        code = factories.code(grant)
        assert house.storage.protocol.issue_code(code)
        redemption = factories.redemption(code)
        house.storage.protocol.consume_code(redemption)
        return code, factories.renewal(redemption)

    def found(self, house):
        return [
            text for text in house.problems() if "again" in text or "never used" in text or "list of" in text
        ]

    def test_rt_09_a_family_that_was_given_back_is_found_alive(self, house, tokens):
        code, _ = tokens
        then = house.state()
        assert house.storage.protocol.kill_family(code.family_id, NOW)
        house.recorded._ended.flush()
        house.sign()
        assert self.found(house) == []
        house.put_back(then, "families", code.family_id)
        assert self.found(house) == [f"the tokens of family {code.family_id} are alive again"]

    def test_rt_09_a_family_that_was_compromised_is_noted_with_it(self, house, tokens):
        code, _ = tokens
        then = house.state()
        with house.storage.transaction() as uow:
            assert uow.tokens.kill_family(code.family_id, NOW)
        house.put_back(then, "families", code.family_id)
        assert len(self.found(house)) == 1

    def test_rt_09_a_refresh_token_that_was_used_is_found_unused(self, house, tokens):
        _, refresh = tokens
        then = house.state()
        rotation = factories.rotation(refresh.token_hash, house.client.client_id)
        house.storage.protocol.rotate_refresh(rotation)
        house.recorded._ended.flush()
        house.sign()
        assert self.found(house) == []
        house.put_back(then, "tokens", refresh.token_hash)
        assert len(self.found(house)) == 1

    def test_a_refresh_that_did_not_rotate_ends_nothing(self, house, tokens):
        _, refresh = tokens
        rotation = factories.rotation(refresh.token_hash, house.client.client_id, rotate=False)
        house.storage.protocol.rotate_refresh(rotation)
        house.recorded._ended.flush()
        assert self.found(house) == []

    def test_what_is_gathered_is_noted_when_the_storage_closes(self, house, tokens):
        code, _ = tokens
        house.storage.protocol.kill_family(code.family_id, NOW)
        house.storage.close()
        with house.bare.reading() as uow:
            assert len(uow.tlog.list("ending")) == 1

    @pytest.mark.parametrize("change", ["deleted", "changed"])
    def test_rt_09_a_list_that_is_missing_or_changed_is_found(self, house, tokens, change):
        code, _ = tokens
        house.storage.protocol.kill_family(code.family_id, NOW)
        house.recorded._ended.flush()
        house.sign()
        with house.bare.transaction() as uow:
            (kept,) = uow.tlog.list(ENDED)
            uow.tlog.remove([kept.path])
            if change == "changed":
                uow.tlog.put(replace(kept, data=kept.data + b" "))
        assert "the list of what is over" in self.found(house)[0]


def test_a_list_goes_when_nothing_of_it_could_work_any_more(house):
    with house.storage.transaction() as uow:
        note_ended(uow, house.keys, EndedNote(1, families=("long ago",)))
        note_ended(uow, house.keys, EndedNote(NOW + 10_000 * DAY, families=("now",)))
    house.sign()
    with house.bare.reading() as uow:
        (kept,) = uow.tlog.list(ENDED)
    assert f"/{NOW + 10_000 * DAY:015d}-" in kept.path
    assert house.problems() == []
    with house.bare.transaction() as uow:
        sweep(uow, NOW + 10_001 * DAY)
        assert uow.tlog.list(ENDED) == []
