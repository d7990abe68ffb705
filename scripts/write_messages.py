"""Gather every sentence for people into the templates of the catalogs: ``make messages``.

``consentcore/i18n/locales/consentcore.pot`` for the core and its templates, and one for each bundled plugin that has
sentences (``plugins/X/locales/X.pot``). With a folder, they are written there instead. There are no dates and no line
numbers in them, so that they differ only where a sentence does; tests/unit/i18n/test_messages.py holds them against the
sources.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS = {
    "_": None,
    "gettext": None,
    "message": None,
    "unfilled": None,
    "ngettext": (1, 2),
    "plural_message": (1, 2),
}
JINJA = {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true", "silent": "false"}
METHODS = [
    ("demo/**", "ignore"),  # a stranger's application
    ("**.py", "python"),
    *((f"**{suffix}", "jinja2.ext:babel_extract") for suffix in (".jinja2", ".html", ".txt")),
]
NOTE = "translators:"
UNWANTED = ('"Project-Id', '"Report-', '"POT-', '"PO-Rev', '"Last-', '"Language-Team', '"Generated-')


def gathered(name: str, folders: Iterable[Path]) -> Catalog:
    """The sentences of these folders, under the names that their files have in the project."""
    catalog = Catalog(project=name, fuzzy=False)
    for folder in folders:
        options = {pattern: JINJA for pattern, method in METHODS if method.startswith("jinja2")}
        found = extract_from_dir(folder, METHODS, options, keywords=KEYWORDS, comment_tags=(NOTE,))
        for file, line, ids, comments, context in found:
            place = (folder / file).relative_to(ROOT).as_posix()
            catalog.add(ids, None, [(place, line)], auto_comments=comments, context=context)
    return catalog


def write(catalog: Catalog, path: Path) -> None:
    """Write a template, sorted by file, with no more in its head than a catalog needs."""
    catalog.header_comment = f"# Every sentence for people of {catalog.project}; written by `make messages`."
    written = BytesIO()
    write_po(written, catalog, width=110, sort_by_file=True, include_lineno=False)
    lines = written.getvalue().decode().splitlines(keepends=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line for line in lines if not line.startswith(UNWANTED)), "utf-8")


def main(target: Path) -> int:
    """Write all templates below ``target``."""
    core = gathered("consentcore", (ROOT / "consentcore", ROOT / "templates"))
    write(core, target / "consentcore" / "i18n" / "locales" / "consentcore.pot")
    for init in sorted((ROOT / "plugins").glob("*/__init__.py")):
        catalog = gathered(init.parent.name, (init.parent,))
        if len(catalog):
            write(catalog, target / "plugins" / init.parent.name / "locales" / f"{init.parent.name}.pot")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
