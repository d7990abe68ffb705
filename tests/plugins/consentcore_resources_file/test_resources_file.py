from __future__ import annotations

from pathlib import Path

import pytest

import consentcore_resources_file
from consentcore.api import ConfigurationError
from consentcore.testing import ResourceDirectoryConformance, factories
from consentcore.testing.resources import all_of
from consentcore_resources_file import ResourcesFileSettings
from consentcore_resources_file.directory import FileDirectory

RIGHT = '[[owner]]\nemail = "ada@example.org"\n[[owner.site]]\nid = "s1"\nlabel = "Home"\n'
ADA = factories.owner(email="Ada@Example.org")
GRACE = factories.owner(email="grace@example.org")
OFFICES = factories.owner(email="offices@example.org")
BRANCHES = factories.owner(email="branches@example.org")


def read(tmp_path: Path, text: str) -> FileDirectory:
    path = tmp_path / "portfolio.toml"
    path.write_text(text, "utf-8")
    return FileDirectory(path)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text)
    path = str(tmp_path / "portfolio.toml")
    assert all(line.startswith(f"{path}: ") for line in caught.value.problems)
    return [line.removeprefix(f"{path}: ") for line in caught.value.problems]


class TestBundledPortfolio(ResourceDirectoryConformance):
    @pytest.fixture
    def directory(self):
        return consentcore_resources_file.consentcore_resources(ResourcesFileSettings())

    @pytest.fixture
    def owner(self):
        return BRANCHES

    @pytest.fixture
    def stranger(self):
        return ADA


class TestFewSites(TestBundledPortfolio):
    @pytest.fixture
    def owner(self):
        return OFFICES


def test_portfolio_has_a_customer_with_one_site_one_with_four_and_one_with_214():
    directory = FileDirectory(None)
    assert [len(all_of(directory, one, kinds=("site",))) for one in (ADA, OFFICES, BRANCHES)] == [
        1,
        4,
        214,
    ]
    assert set(directory.kinds) == {"site", "meter", "device"}


def test_what_belongs_to_a_site_stands_under_it(tmp_path):
    text = RIGHT + 'group = ["Lyon"]\nmeter = [{id = "m1", label = "Gas", detail = "Cellar"}]\n'
    (meter,) = all_of(read(tmp_path, text), ADA, kinds=("meter",))
    assert (meter.group, meter.detail) == (("Lyon", "Home"), "Cellar")


def test_who_is_not_named_has_what_everybody_has(tmp_path):
    everybody = RIGHT.replace("ada@example.org", "*")
    assert len(all_of(read(tmp_path, everybody), GRACE)) == 1
    assert all_of(read(tmp_path, RIGHT), GRACE) == []


def test_alias_has_what_another_one_has():
    directory = FileDirectory(None, aliases=("Ada@Example.org=offices@example.org",))
    assert all_of(directory, ADA) == all_of(directory, OFFICES)
    with pytest.raises(ConfigurationError, match="aliases: ada@example.org: expected WHO=AS"):
        FileDirectory(None, aliases=("ada@example.org",))


def test_everything_is_offered_unless_the_operator_says_no():
    settings = ResourcesFileSettings(allow_everything=False)
    assert consentcore_resources_file.consentcore_resources(settings).allows_everything is False


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected at least one [[owner]]"),
        ("[[owner]]\n", "owner number 1: email: expected an address, or * for everybody who is not named"),
        (RIGHT + RIGHT, "owner ada@example.org: email: there twice"),
        (RIGHT.replace('"s1"', '"s 1"'), "owner ada@example.org: site.id: expected 1 to 200 characters"),
        (RIGHT.replace('"s1"', '"*"'), "owner ada@example.org: site.id: expected 1 to 200 characters"),
        (RIGHT.replace('"Home"', '" "'), "owner ada@example.org: site.label: missing"),
        (RIGHT.replace('"Home"', "7"), "owner ada@example.org: site.label: expected a text"),
        (
            RIGHT.replace('"Home"', f'"{"x" * 201}"'),
            "owner ada@example.org: site.label: expected at most 200",
        ),
        (RIGHT + 'detail = "a\\u202eb"\n', "owner ada@example.org: site.detail: expected one line"),
        (RIGHT + 'group = "Lyon"\n', "owner ada@example.org: site.group: expected at most 3 headings"),
        (RIGHT + "Meter = []\n", "owner ada@example.org: Meter: unknown"),
        (RIGHT + 'meter = ["m"]\n', "owner ada@example.org: meter: expected tables"),
        (
            RIGHT + 'meter = [{id = "s1", label = "Gas"}]\n',
            "owner ada@example.org: meter.id: 's1' is there twice",
        ),
        ("site = 1\n" + RIGHT, "site: unknown, expected only [[owner]]"),
    ],
)
def test_problem_names_owner_and_key(tmp_path, text, problem):
    assert any(line.startswith(problem) for line in problems(tmp_path, text))


@pytest.mark.parametrize("raw", [b"\xff", b"[[owner", b"a = 1" * 10])
def test_file_that_is_no_toml_is_refused(tmp_path, raw):
    path = tmp_path / "portfolio.toml"
    path.write_bytes(raw)
    with pytest.raises(ConfigurationError):
        FileDirectory(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nothing\.toml: cannot be read"):
        FileDirectory(tmp_path / "nothing.toml")
