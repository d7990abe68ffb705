"""Statements that go to PostgreSQL without the driver's cursor."""

from __future__ import annotations

import psycopg
import pytest

from consentcore.api import StorageConflict, StorageError
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import populate
from consentcore_sqlalchemy.lines import Line, Wire
from tests.support.postgres import storage_at

pytestmark = pytest.mark.postgres


@pytest.fixture
def world(postgres_storage):
    return populate(postgres_storage)


@pytest.fixture
def read(world):
    """One statement of the hot path, on the one connection of its thread."""
    issued = world.redeem()
    return lambda client_id=world.client.client_id: world.storage.protocol.find_token(
        client_id, issued.access
    )


def line_of(storage):
    """The connection that was used last, which is the next one to be used."""
    entry = storage._database.engine.pool._do_get()
    entry.checkin(_fairy_was_created=False)
    return entry.info["consentcore_line"]


def prepared_on(storage):
    result = line_of(storage)._pg.exec_(b"SELECT count(*) FROM pg_prepared_statements")
    return int(result.get_value(0, 0))


def test_parameters_are_numbered_in_the_order_in_which_they_come():
    wire = Wire("SELECT %(b)s, %(a)s, %(b)s, 'a %% b'")
    assert (wire.sql, wire.names) == (b"SELECT $1, $2, $1, 'a % b'", ["b", "a"])


@pytest.mark.parametrize(
    ("value", "dumped"),
    [
        ("é", ((0,), ["é".encode()], [1])),
        (b"\0\xff", ((17,), [b"\0\xff"], [1])),
        (-5, ((20,), [b"-5"], [0])),
        (True, ((16,), [b"t"], [0])),
        (None, ((0,), [None], [0])),
        (["a", 1], None),
        ([1.5], None),
        (1.5, None),
    ],
)
def test_values_go_as_what_they_are_or_by_the_cursor(value, dumped):
    assert Wire("SELECT %(a)s").dumped({"a": value}) == dumped


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", ["a", None, "", "é", "NULL", '{"x",}']),
        ("bytea", [b"\0\xff", b"", None]),
        ("bigint", [1, None, -(2**62)]),
        ("integer", [1, None, -7]),
        ("boolean", [True, False, None]),
        ("bigint", [None, None]),
        ("text", []),
    ],
    ids=["texts", "bytes", "numbers", "small numbers", "flags", "nothing known", "empty"],
)
def test_lists_go_as_arrays(postgres_storage, kind, values):
    wire = Wire(f"SELECT CAST(%(a)s AS {kind}[])")
    with postgres_storage._database.engine.raw_connection() as connection:
        line = Line(connection.driver_connection, None)
        assert line.run(wire, wire.dumped({"a": values}))[0] == [(values,)]


def test_a_list_with_a_nul_is_refused_and_not_cut_short(postgres_storage):
    wire = Wire("SELECT CAST(%(a)s AS text[])")
    with postgres_storage._database.engine.raw_connection() as connection:
        line = Line(connection.driver_connection, None)
        with pytest.raises(psycopg.errors.CharacterNotInRepertoire):
            line.run(wire, wire.dumped({"a": ["a\0b"]}))


def test_rows_are_those_of_the_cursor(world, read):
    by_line, driver = read(), world.storage._driver
    driver._lines = None
    assert read() == by_line
    assert by_line.token is not None


def test_a_text_with_a_nul_is_refused_and_not_cut_short(world, read):
    assert read().client == world.client
    with pytest.raises(StorageError, match="0x00"):
        read(f"{world.client.client_id}\0x")
    assert read().client == world.client


def test_a_text_that_is_no_unicode_is_refused_as_by_the_cursor(world, read):
    with pytest.raises(StorageError, match="surrogates not allowed"):
        read("\ud800")
    assert read().client == world.client


def test_a_statement_is_prepared_once_it_was_used_often_enough(postgres_storage, read):
    before = prepared_on(postgres_storage)
    for _ in range(5):
        read()
    assert prepared_on(postgres_storage) == before
    for _ in range(3):
        read()
    assert prepared_on(postgres_storage) == before + 1


def test_nothing_is_prepared_behind_a_pooler_that_cannot_have_it(postgres_url, postgres_storage):
    storage = storage_at(postgres_url, prepare_threshold=0)
    world = populate(storage)
    issued = world.redeem()
    for _ in range(20):
        storage.protocol.find_token(world.client.client_id, issued.access)
    assert prepared_on(storage) == 0
    storage.close()


def test_a_server_that_has_forgotten_its_statements_is_asked_anew(postgres_storage, read):
    for _ in range(8):
        read()
    line_of(postgres_storage)._pg.exec_(b"DEALLOCATE ALL")
    assert read().token is not None


def test_what_the_server_refuses_leaves_the_connection_usable(world, read):
    line = line_of(world.storage)
    with pytest.raises(StorageConflict, match="duplicate key"):
        world.storage.protocol.issue_code(world.issue())
    assert read().token is not None
    assert line_of(world.storage) is line


class Counted:
    """libpq's connection, which notes what it is asked to send and wait for."""

    def __init__(self, connection):
        self._connection, self.asked = connection, []

    def __getattr__(self, name):
        found = getattr(self._connection, name)
        if not name.startswith(("exec", "prepare", "send", "describe")):
            return found

        def noted(*arguments, **named):
            self.asked.append(name)
            return found(*arguments, **named)

        return noted


def test_each_verb_is_one_round_trip(world):
    """Not one for BEGIN or COMMIT, none to see whether the connection lives, and none besides once it is prepared."""
    protocol, client_id = world.storage.protocol, world.client.client_id
    issued, codes = world.redeem(), [world.issue() for _ in range(8)]
    rotated = [world.redeem() for _ in range(8)]
    new = [factories.code(world.grant) for _ in range(8)]
    verbs = {
        "authorize": lambda _: protocol.read_authorize(client_id, b"x" * 32, NOW),
        "code": lambda turn: protocol.issue_code(new[turn]),
        "read a code": lambda turn: protocol.read_code(client_id, codes[turn].code_hash),
        "exchange": lambda turn: protocol.consume_code(factories.redemption(codes[turn])),
        "find": lambda _: protocol.find_token(client_id, issued.access),
        "refresh": lambda turn: protocol.rotate_refresh(world.rotation(rotated[turn].refresh)),
        "revoke": lambda turn: protocol.kill_family(codes[turn].family_id, NOW),
    }
    line = line_of(world.storage)
    line._pg = counted = Counted(line._pg)
    for name, verb in verbs.items():
        for turn in range(7):
            verb(turn)
        counted.asked.clear()
        verb(7)
        assert counted.asked == ["exec_prepared"], name


def test_statement_whose_tables_have_changed_is_prepared_again(postgres_storage, read):
    """A migration beneath a running server: the server keeps the old one under its name."""
    for _ in range(8):
        read()
    postgres = line_of(postgres_storage)._pg
    assert postgres.exec_(b"ALTER TABLE client ALTER COLUMN name TYPE varchar(3000)").error_message == b""
    for _ in range(16):
        assert read().token is not None


def test_what_another_line_has_prepared_is_never_run_in_its_place(postgres_storage):
    """A pooler in transaction mode gives each statement another connection of the server."""
    engine = postgres_storage._database.engine
    one, other = Wire("SELECT 'one'"), Wire("SELECT 'other'")
    with engine.connect() as first, engine.connect() as second:
        lines = [Line(each.connection.dbapi_connection, 0) for each in (first, second)]
        for line, wire in zip(lines, (one, other), strict=True):
            line.run(wire, wire.dumped({}))
        lines[0]._pg, lines[1]._pg = lines[1]._pg, lines[0]._pg
        for _ in range(2):
            assert lines[0].run(one, one.dumped({}))[0] == [("one",)]
            assert lines[1].run(other, other.dumped({}))[0] == [("other",)]


def test_connection_that_only_transactions_have_used_is_replaced_once_it_has_ended(postgres_storage, world):
    engine = postgres_storage._database.engine
    engine.dispose()
    with postgres_storage.transaction() as uow:
        assert uow.clients.get(world.client.client_id) == world.client
    with engine.connect() as used:
        pid = used.connection.dbapi_connection.info.backend_pid
    server = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(server) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert world.storage.protocol.issue_code(factories.code(world.grant))
