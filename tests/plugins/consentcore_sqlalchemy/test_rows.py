"""Rows are read by the names of their columns: a further one needs a field and a column, and nothing between."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import pytest
from sqlalchemy import Column, MetaData, Table, Text

from consentcore.api import Audience, Client, Halt
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore_sqlalchemy.rows.clients import CLIENTS, ENDPOINTS, SELF_REGISTERED, SUSPENSIONS
from consentcore_sqlalchemy.rows.grants import GRANTS
from consentcore_sqlalchemy.rows.notices import NOTICE, NOTICES
from consentcore_sqlalchemy.rows.records import Form, Part, Records
from consentcore_sqlalchemy.tables import client, consent_grant, webhook_endpoint


@dataclass(frozen=True)
class Meter:
    name: str
    seen: tuple[str, ...] = ()
    open: bool = False
    told: tuple[Audience, ...] = ()
    moved: Halt | None = None
    place: bytes | None = None
    spare: tuple[bytes, ...] = field(default=())


def columns(*names):
    return Table("meter", MetaData(), *(Column(name, Text) for name in names)).c


MOVED = ("moved_at", "moved_by", "moved_reason")
PARTS = {"moved": Part(Halt, "moved_", optional=True)}
HEX = Form(
    lambda spare: " ".join(map(bytes.hex, spare)), lambda kept: tuple(map(bytes.fromhex, kept.split()))
)
HALTS = {
    "parts": {name: Part(Halt, f"{name}_", optional=True) for name in ("disabled", "suspended")},
    "secrets": Form(lambda secrets: secrets, lambda kept: kept),
    "suspensions": SUSPENSIONS,
    "self_registered": SELF_REGISTERED,
}
METER = Meter("m", ("a", "b"), True, (Audience.CLIENT,), Halt(NOW, "ops", "x"), b"\x00", (b"\x01", b"\x02"))


@pytest.mark.parametrize("meter", [METER, Meter("plain"), replace(METER, moved=Halt(NOW), place=None)])
@pytest.mark.parametrize("turn", range(4))
def test_order_of_the_columns_means_nothing(meter, turn):
    names = ["spare", "told", *MOVED, "name", "open", "place", "seen"]
    names = names[turn:] + names[:turn]
    records = Records(Meter, columns(*names), parts=PARTS, spare=HEX)
    values = records.values(meter)
    assert set(values) == set(names)
    assert records.read([values[name] for name in names]) == meter


def test_flag_is_one_whatever_the_engine_says():
    records = Records(
        Meter, columns("name", "seen", "open", "told", *MOVED, "place", "spare"), parts=PARTS, spare=HEX
    )
    assert records.read(["m", "[]", 1, "[]", None, "", "", None, ""]).open is True


def test_absent_part_is_null_with_defaults():
    records = Records(
        Meter, columns("name", "seen", "open", "told", *MOVED, "place", "spare"), parts=PARTS, spare=HEX
    )
    values = records.values(Meter("m"))
    assert [values[name] for name in MOVED] == [None, "", ""]


def test_field_that_nothing_says_how_to_keep_is_an_error_at_once():
    with pytest.raises(TypeError, match="spare"):
        Records(Meter, columns("name", "seen", "open", "told", *MOVED, "place", "spare"), parts=PARTS)


def test_row_of_other_columns_is_an_error():
    grant = factories.grant("owner", "client")
    values = GRANTS.values(grant)
    row = [values[column.name] for column in consent_grant.c]
    assert GRANTS.read(row) == grant
    with pytest.raises(ValueError, match="columns"):
        GRANTS.read([*row, 0])


def test_a_further_column_of_a_client_needs_the_record_and_the_table_only():
    @dataclass(frozen=True)
    class LaterClient(Client):
        regions: tuple[str, ...] = ()
        on_call: bool = False

    later = [*client.c, *columns("on_call", "regions")]
    records = Records(LaterClient, later, names={"resources": "audiences"}, **HALTS)
    plain = {each.name: getattr(factories.client(), each.name) for each in fields(Client)}
    made = LaterClient(**plain, regions=("north",), on_call=True)
    values = records.values(made)
    assert (values["regions"], values["on_call"]) == ('["north"]', True)
    assert records.read([values[column.name] for column in later]) == made


def test_every_column_is_written_and_no_other():
    made = factories.client()
    assert set(CLIENTS.values(made)) == {column.name for column in client.c}
    endpoint = factories.endpoint(made.client_id)
    assert set(ENDPOINTS.values(endpoint)) == {column.name for column in webhook_endpoint.c}
    notice = factories.notice(factories.grant("owner", made.client_id))
    assert set(NOTICES.values(notice)) == {column.name for column in NOTICE}
