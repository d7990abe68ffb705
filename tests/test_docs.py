"""The documentation, held against what it documents."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from _pytest.fixtures import FixtureFunctionDefinition

from consentcore import testing
from consentcore.api import REASONS, StorageCapabilities
from consentcore.cli.commands import BUILT_IN, built_in
from consentcore.hooks.checks import HOOKS
from consentcore.testing import factories
from consentcore.testing.storage.port_methods import port_methods
from consentcore.web.csrf import ANY_PERSON
from consentcore.web.security import AUDIENCES
from scripts import reference_pages, write_settings, write_storage

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
MADE = {f"reference/{name}.md" for name in reference_pages.pages()}
"""What `make docs` writes; tests/test_reference.py looks at it."""
COMMAND = re.compile(r"\bconsentcore (?:-c \S+ )?([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def code_of(page: Path) -> str:
    """What stands in fenced blocks and between backticks."""
    text = text_of(page)
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_exist(page):
    local = [target for target in LINK.findall(text_of(page)) if "://" not in target]
    missing = [target for target in local if not (page.parent / target).exists()]
    assert [target for target in missing if target not in MADE] == []


def test_every_page_stands_in_the_index():
    listed = set(re.search(r"```\{toctree\}(.*?)```", text_of(DOCS / "index.md"), re.DOTALL)[1].split())
    pages = {page.stem for page in DOCS.glob("*.md")} - {"index"}
    assert pages <= listed


def test_every_hook_is_explained_with_its_arguments():
    headings = re.findall(r"^### `(\w+)\(([^)]*)\)`$", text_of(DOCS / "plugins.md"), re.MULTILINE)
    explained = {name: tuple(arguments.replace(" ", "").split(",")) for name, arguments in headings}
    assert explained == {name: arguments or ("",) for name, arguments in HOOKS.items()}


def kits() -> dict[str, set[str]]:
    """Every conformance kit, with the fixtures that its class declares itself or an author may override."""
    found = {}
    for name in testing.__all__:
        thing = getattr(testing, name)
        if isinstance(thing, type) and name.endswith("Conformance"):
            found[name] = {
                key
                for part in thing.__mro__
                for key, value in vars(part).items()
                if isinstance(value, FixtureFunctionDefinition)
                and not key.startswith("_")
                # What a group of tests of storages keeps for itself is no business of authors.
                and not (
                    part.__module__.startswith("consentcore.testing.storage")
                    and part.__name__.endswith("Group")
                )
            }
    return found


def test_every_kit_and_every_fixture_of_it_is_explained():
    table = re.search(
        r"^## The conformance kit$(.*?)^## ", text_of(DOCS / "plugins.md"), re.MULTILINE | re.DOTALL
    )[1]
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)\|$", table, re.MULTILINE))
    assert set(rows) == set(kits())
    for name, fixtures in kits().items():
        missing = {one for one in fixtures if f"`{one}`" not in rows[name]} - {"silent_port"}
        assert missing == set(), name
    assert "`silent_port`" in table


@pytest.mark.parametrize("name", [*testing.__all__, *factories.__all__])
def test_every_public_name_of_the_kit_is_explained(name):
    assert re.search(rf"\b{name}\b", code_of(DOCS / "plugins.md"))


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_of_a_redirect_login_is_explained(reason):
    assert f"| `{reason}` |" in text_of(DOCS / "plugins.md")


@pytest.mark.parametrize(
    "option",
    [*(f'permission="{one}"' for one in AUDIENCES), "require_csrf=True", f'require_csrf="{ANY_PERSON}"'],
)
def test_every_option_of_a_view_is_explained(option):
    assert f"| `{option}` |" in text_of(DOCS / "plugins.md")


def test_every_setting_is_listed_as_it_is_declared():
    assert text_of(DOCS / "settings.md") == write_settings.page(), "run: make reference"


def test_storage_is_explained_as_the_port_has_it():
    text = text_of(DOCS / "storage.md")
    assert text == write_storage.page(text), "run: make reference"


def test_every_method_and_every_capability_of_a_storage_is_explained():
    text = text_of(DOCS / "storage.md")
    methods = [name for name in port_methods() if f"`{name}(" not in text]
    assert methods == []
    declared = text.partition("% begin capabilities")[2].partition("% end capabilities")[0]
    names = {one.name for one in fields(StorageCapabilities)}
    assert set(re.findall(r"^- `(\w+)`", declared, re.MULTILINE)) == names


def test_every_file_of_the_port_is_named():
    text = text_of(DOCS / "storage.md")
    others = {"__init__", "extension", "keys", "login", "notifier", "resources", "scopes"}
    files = {path.stem for path in (ROOT / "consentcore" / "ports").glob("*.py")} - others
    table = text.partition("| file |")[2].partition("\n\n")[0]
    assert (
        set(re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines()[2:]))) == files
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page):

    import click

    for name, sub in COMMAND.findall(code_of(page)):
        assert name in BUILT_IN, f"consentcore {name}"
        command = built_in(name)
        if sub and isinstance(command, click.Group):
            assert sub in command.commands, f"consentcore {name} {sub}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_that_are_mentioned_exist(page):
    listed = set(re.findall(r"`(consentcore\.[\w.]+)`", text_of(DOCS / "settings.md")))
    example = "consentcore.plugin.pager"
    mentioned = set(
        re.findall(
            r"\bconsentcore\.(?:oauth|server|web|worker|consent|operator|plugin)\.[\w.]*\w", code_of(page)
        )
    )
    modules = {name for name in mentioned if (ROOT / name.replace(".", "/")).with_suffix(".py").exists()}
    unknown = {name for name in mentioned - modules if not name.startswith(example)} - listed
    assert {name for name in unknown if not any(one.startswith(f"{name}.") for one in listed)} == set()
