"""Parts of the command line that need no application."""

from __future__ import annotations

import pytest

from consentcore.cli.scaffold import write_plugin
from consentcore.cli.state import table
from consentcore.domain.errors import InvalidInput
from consentcore.settings import parse_listen


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:6543", ("127.0.0.1", 6543)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:80", ("::1", 80)),
        ("*:80", ("0.0.0.0", 80)),
        (":80", ("0.0.0.0", 80)),
    ],
)
def test_listen(text, expected):
    assert parse_listen(text) == expected


@pytest.mark.parametrize(
    "text", ["", "6543", "host", "host:", "host:x", "host:70000", "::1:80", "a:1 b:2", "host:-1"]
)
def test_listen_that_is_not_host_and_port(text):
    with pytest.raises(ValueError, match="expected HOST:PORT"):
        parse_listen(text)


def test_table_has_columns_and_no_trailing_blanks():
    assert table([("a", "bb"), ("ccc", "d")], ("X", "Y")) == "X    Y\na    bb\nccc  d"
    assert table([], ("X",)) == ""


@pytest.mark.parametrize(
    "name", ["", "Upper", "9lives", "a-b", "a b", "../x", "import", "x" * 41, "a__b", "memory"]
)
def test_plugin_names_that_cannot_be_used(name, tmp_path):
    with pytest.raises(InvalidInput, match="NAME"):
        write_plugin("notifier", name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_folder_that_is_not_empty_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(InvalidInput, match="new or empty"):
        write_plugin("notifier", "my_chat", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("kind", ["notifier", "scopes", "storage"])
def test_every_placeholder_is_filled(kind, tmp_path):
    files = write_plugin(kind, "my_thing", tmp_path)
    assert {"pyproject.toml", "README.md", ".gitignore", "tests/test_my_thing.py"} <= set(files)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            text = path.read_text()
            for word in (
                "__NAME__",
                "__CLASS__",
                "__MODULE__",
                "__DIST__",
                "__API__",
                "__UPPER__",
                "__VERSION__",
            ):
                assert word not in text, path
            assert "consentcore_memory" not in text, path
