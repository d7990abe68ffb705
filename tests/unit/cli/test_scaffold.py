"""New plugins that an author begins with."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from consentcore.cli.plugins import BEGUN
from consentcore.cli.scaffold import KINDS, write_plugin
from consentcore.domain.errors import InvalidInput
from consentcore.web import routes
from tests.support import tiny_plugins as tiny
from tests.support.command_line import Cli


@pytest.mark.parametrize(
    "name", ["", "Upper", "9lives", "a-b", "a b", "../x", "import", "x" * 41, "a__b", "memory"]
)
def test_plugin_names_that_cannot_be_used(name, tmp_path):
    with pytest.raises(InvalidInput, match="NAME"):
        write_plugin("notifier", name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("notifier", "templates"),
        ("notifier", "resource"),
        ("extension", "audit"),
        ("extension", "serve"),
        ("extension", "account"),
        ("extension", "home"),
        ("extension", "login"),
    ],
)
def test_name_that_would_take_something_away_is_refused(kind, name, tmp_path):
    """A package of that name is ours; and an extension has a command and a page of its name."""
    with pytest.raises(InvalidInput, match=f"NAME: expected a name .*{name} is one"):
        write_plugin(kind, name, tmp_path / "new")


def test_every_page_of_one_word_is_refused_as_the_name_of_an_extension(tmp_path):
    source = (Path(routes.__file__)).read_text()
    found = re.findall(r'add_route\("([a-z]+)", "/([a-z]*)', source)
    words = {word for pair in found for word in pair if word} - {"well"}
    assert {"account", "verify", "home", "receipts"} <= words
    for name in words:
        with pytest.raises(InvalidInput, match="NAME"):
            write_plugin("extension", name, tmp_path / name)


def test_folder_that_is_not_empty_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(InvalidInput, match="new or empty"):
        write_plugin("notifier", "my_chat", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


COMMON = ("pyproject.toml", "README.md", ".gitignore", ".github/workflows/test.yml", "tests/test_my_thing.py")


def test_every_kind_can_be_named_on_the_command_line():
    assert set(BEGUN) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_placeholder_is_filled(kind, tmp_path):
    files = write_plugin(kind, "my_thing", tmp_path)
    assert set(COMMON) <= set(files)
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


FAST = [kind for kind in KINDS if kind != "storage"]
"""Its kit takes its time; tests/functional/test_cli_plugins.py runs that of every kind, from a wheel."""


UNLUCKY = """
import itertools, secrets, uuid
numbers = itertools.count()
secrets.token_hex = lambda count=16: f"ada0bad{next(numbers):0{2 * count}x}"[: 2 * count - 8] + f"{next(numbers):08x}"
uuid.uuid4 = lambda: uuid.UUID(f"adaadaad-aada-4ada-8bad-{next(numbers):012x}")
"""
"""Ids are hexadecimal, and so are some names: those that chance makes once in 200 runs, every time."""


@pytest.mark.parametrize("chance", ["as it comes", "unlucky"])
@pytest.mark.parametrize("kind", FAST)
def test_tests_of_a_new_plugin_pass_from_the_first_minute(kind, chance, tmp_path):
    write_plugin(kind, "my_thing", tmp_path)
    (tmp_path / "unlucky.py").write_text(UNLUCKY)
    plugin = ["-p", "unlucky"] if chance == "unlucky" else []
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-W",
        "error::pytest.PytestWarning",
    ]
    done = subprocess.run(
        [*command, *plugin], cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


NEEDED = {
    "notifier": {"url": "https://chat.example/hook"},
    "redirect_login": {
        "url": "https://portal.example/sign-in",
        "secret": "known to the portal and to us, nobody else",
    },
    "resources": {"url": "https://customers.example/sites"},
    "anchor": {"file": "%(here)s/checkpoints"},
    "keys": {"folder": "%(here)s/vault"},
}
NAMED = {
    "notifier": "notifiers = devmail webhook",
    "scopes": "scopes = scopes_file",
    "storage": "storage =",
    "login": "login =",
    "redirect_login": "login =",
}


@pytest.mark.parametrize("kind", KINDS)
def test_new_plugin_is_in_order_in_the_product(kind, tmp_path, monkeypatch):
    package = tmp_path / "package"
    write_plugin(kind, "my_thing", package)
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    tiny.install(package / "src", "my_thing", "1.0", **project["entry-points"]["consentcore.plugins"])
    monkeypatch.syspath_prepend(package / "src")
    cli = Cli(tmp_path)
    named = NAMED.get(kind, "extensions =")
    setting = named.partition(" ")[0]
    lines = [
        line for line in cli.ini.read_text().splitlines() if not line.startswith(f"consentcore.{setting} ")
    ]
    lines += [f"consentcore.{named} my_thing"]
    lines += [f"consentcore.plugin.my_thing.{key} = {value}" for key, value in NEEDED.get(kind, {}).items()]
    cli.ini.write_text("\n".join([*lines, ""]))
    assert cli("init").code == 0
    checked = cli("plugins", "check")
    assert (checked.code, checked.err) == (0, "")
    assert cli("plugins", "check", "my_thing", ini=False).code == 0
    if kind == "extension":
        assert cli("my_thing", "--json").json == {"applications": 0}
