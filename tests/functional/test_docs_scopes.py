"""docs/scopes.md and what docs/plugins.md says of catalogs, typed as they stand."""

from __future__ import annotations

import re
from pathlib import Path

from consentcore.api import Catalog, faults
from consentcore.consent.catalog_lint import lint
from consentcore.hooks.joined_catalog import joined
from consentcore_scopes_file.catalog import FileCatalog
from consentcore_scopes_openapi.catalog import OpenapiCatalog

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "scopes.md").read_text("utf-8")


def block(page: str, language: str, number: int = 0) -> str:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)[number]


def files(folder: Path) -> FileCatalog:
    (folder / "rooms.toml").write_text(block(PAGE, "toml"), "utf-8")
    (folder / "rooms.de.toml").write_text(block(PAGE, "toml", 1), "utf-8")
    return FileCatalog(folder / "rooms.toml")


def test_file_of_the_page_is_complete_in_both_languages(tmp_path):
    catalog = Catalog.of(files(tmp_path).scopes())
    assert lint(catalog, {"en": ("en",), "de": ("de",)}) == []


def test_document_of_the_page_says_the_same(tmp_path):
    (tmp_path / "rooms.yaml").write_text(block(PAGE, "yaml"), "utf-8")
    document, file = OpenapiCatalog(tmp_path / "rooms.yaml"), files(tmp_path)
    assert document.scopes()[0].sees == file.scopes()[0].sees
    assert tuple(document.operations()["rooms.read"]) == file.scopes()[0].operations


def test_words_of_the_file_are_joined_with_operations_of_the_document(tmp_path):
    text = block(PAGE, "yaml").partition("x-consent-scopes:")[0]
    (tmp_path / "rooms.yaml").write_text(text.replace("/rooms:", "/rooms/now:"), "utf-8")
    document, file = OpenapiCatalog(tmp_path / "rooms.yaml"), files(tmp_path)
    both = {"scopes_file": file, "scopes_openapi": document}
    catalog = joined(
        {name: one.scopes() for name, one in both.items()},
        {"scopes_file": {}, "scopes_openapi": document.operations()},
        dict.fromkeys(both, ""),
    )
    assert [one.path for one in catalog["rooms.read"].operations] == ["/rooms", "/rooms/now"]


def test_catalog_of_the_plugin_page_is_one():
    page = (DOCS / "plugins.md").read_text("utf-8")
    code = next(one for one in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "class Rooms" in one)
    names: dict[str, object] = {}
    exec(code, names)
    made = names["Rooms"]()
    assert [list(faults(scope)) for scope in made.scopes()] == [[]]
    assert list(made.operations()) == ["rooms.write"]
