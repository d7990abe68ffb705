"""A storage for API 1.0, built with commit 26e6d57: refused with one line that its author can work from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from consentcore import api
from consentcore.hooks.info import PluginKind
from consentcore.hooks.versions import API_VERSIONS, CHANGES
from consentcore.testing.storage.port_methods import port_methods
from tests.upgrade.old_installation import closing, shelf_installation

THEN = frozenset((Path(__file__).parent / "storage_api_1_0.txt").read_text().split())
CHANGED = CHANGES[PluginKind.STORAGE]
DOCS = Path(__file__).parent.parent.parent / "docs" / "upgrading.md"


@pytest.fixture
def house(wheels_of_then, tmp_path, monkeypatch):
    """The file of the storage, its wheel beside the product."""
    monkeypatch.syspath_prepend(str(wheels_of_then))
    with closing(shelf_installation(tmp_path, (9, 9))) as made:
        yield made


def said_of_the_change(text: str) -> bool:
    words = set(re.findall(r"[\w.]+", text))
    return {*CHANGED.gone, *CHANGED.new} <= words and "docs/upgrading.md" in text


@pytest.mark.parametrize(
    "command",
    [
        ("init",),
        ("worker",),
        ("serve",),
        ("audit", "verify"),
        ("plugins", "check"),
        ("client", "disable", "coolsite", "--yes"),
    ],
    ids=" ".join,
)
def test_nothing_starts_on_it_and_nothing_is_touched(house, command):
    before = (house.folder / "shelf.txt").read_bytes()
    refused = house.cli(*command)
    assert refused.code == 78
    (line,) = (line for line in refused.err.splitlines() if "shelf" in line)
    assert re.search(
        r"test\.ini line \d+: consentcore\.storage: plugin shelf \(consentcore-shelf 1\.0\.0\)", line
    )
    assert "API 1.0, that of a storage is 2.0 now" in line
    assert said_of_the_change(line)
    assert "Traceback" not in refused.err
    assert (house.folder / "shelf.txt").read_bytes() == before
    assert {path.name for path in house.folder.iterdir()} == {"shelf.txt", "keys", "test.ini"}


def test_it_is_listed_and_shown_as_what_does_not_fit(house):
    house.write_ini(changes={"consentcore.storage": "memory"})
    listed = house.cli("plugins", "list", "--json").json
    (shelf,) = (one for one in listed if one["name"] == "shelf")
    assert (shelf["kind"], shelf["api"], shelf["active"]) == (None, None, False)
    (problem,) = shelf["problems"]
    assert said_of_the_change(problem)
    assert problem in house.cli("plugins", "list").out
    assert house.cli("plugins", "show", "shelf", "--json").json["problems"] == [problem]
    assert problem in house.cli("plugins", "show", "shelf").out
    checked = house.cli("plugins", "check", "shelf")
    assert (checked.code, checked.err) == (1, f"shelf: {problem}\n")


def test_what_is_said_to_have_changed_is_what_has_changed():
    now = set(port_methods())
    fields = {name for name in CHANGED.new if name[0].isupper()}
    assert sorted(CHANGED.gone) == sorted(THEN - now)
    assert sorted(set(CHANGED.new) - fields - {"storage.capabilities"}) == sorted(now - THEN)
    for name in fields:
        record, _, field = name.partition(".")
        assert field in getattr(api, record).__dataclass_fields__, name


def test_what_plugins_could_import_can_be_imported_or_is_said_to_be_gone():
    import consentcore.api

    then = set((Path(__file__).parent / "api_1_0.txt").read_text().split())
    assert then - set(consentcore.api.__all__) <= set(CHANGED.names)


def test_names_that_are_gone_say_so_to_whoever_imports_them():
    import consentcore.api

    for name in CHANGED.names:
        assert name not in consentcore.api.__all__
        with pytest.raises(ImportError, match=f"^{name} is not in plugin API 2.0 of a storage any more"):
            getattr(consentcore.api, name)
    assert not hasattr(consentcore.api, "ANameThatNeverWas")


def test_upgrading_says_of_each_what_to_write_instead():
    text = DOCS.read_text()
    _, _, section = text.partition(f"### {CHANGED.heading}\n")
    section = section.partition("\n### ")[0]
    for name in (*CHANGED.gone, *CHANGED.new, *CHANGED.names):
        assert f"`{name}`" in section, name


def test_every_kind_has_its_version():
    assert set(API_VERSIONS) == set(PluginKind)
    assert {kind for kind, version in API_VERSIONS.items() if not version.startswith("1.")} == set(CHANGES)
