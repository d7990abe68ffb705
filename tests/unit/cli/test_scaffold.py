"""New plugins that an author begins with."""

from __future__ import annotations

import re

import pytest

from consentcore.cli.scaffold import write_plugin
from consentcore.domain.errors import InvalidInput


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


def test_every_file_that_a_new_storage_explains_is_there(tmp_path):
    files = {path.rpartition("/")[2] for path in write_plugin("storage", "my_thing", tmp_path)}
    table = (tmp_path / "README.md").read_text().partition("| file |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+\.py)`", table))
    assert "capabilities.py" in named
    assert named <= files
