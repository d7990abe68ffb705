"""What moves, and that nothing is left behind by oversight."""

from __future__ import annotations

from consentcore_sqlalchemy.rows.moving import KINDS
from consentcore_sqlalchemy.tables import metadata

LEFT_BEHIND = {"counter"}
"""Tables that do not move: windows in which failures are counted last for minutes."""
FOLLOWS = {
    # the purge's own: when to look at a family again, and until when one of its tokens lives
    "code": {"purge_at", "ends_at", "rotated_hash"}
}
"""Columns that are made anew from what moves."""


def test_every_table_moves_or_is_known_to_stay():
    moved = {kind.table.name for kind in KINDS.values()}
    assert set(metadata.tables) - moved == LEFT_BEHIND
    assert moved <= set(metadata.tables)


def test_every_column_moves_or_follows_from_others():
    read = {}
    for kind in KINDS.values():
        for column in kind.rows.selected_columns:
            read.setdefault(column.table.name, set()).add(column.name)
    left = {
        table.name: lost
        for table in metadata.tables.values()
        if table.name not in LEFT_BEHIND
        and (lost := {column.name for column in table.c} - read[table.name] - FOLLOWS.get(table.name, set()))
    }
    assert left == {}
