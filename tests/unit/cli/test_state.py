"""Tables on a terminal."""

from __future__ import annotations

from consentcore.cli.state import plain, table


def test_table_has_columns_and_no_trailing_blanks():
    assert table([("a", "bb"), ("ccc", "d")], ("X", "Y")) == "X    Y\na    bb\nccc  d"
    assert table([], ("X",)) == ""


def test_several_values_are_shown_without_brackets_whatever_holds_them():
    assert plain(("a", "b")) == plain(["a", "b"]) == "a; b"
    assert plain(()) == plain([]) == "-"
