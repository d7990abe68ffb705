"""Tables on a terminal."""

from __future__ import annotations

from consentcore.cli.state import table


def test_table_has_columns_and_no_trailing_blanks():
    assert table([("a", "bb"), ("ccc", "d")], ("X", "Y")) == "X    Y\na    bb\nccc  d"
    assert table([], ("X",)) == ""
