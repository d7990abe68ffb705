"""Say of each language what its catalogs lack: ``make translations``.

A language has to have a catalog beside each template (``.pot``). What it lacks in it is a sentence of the template
without a translation, one that is marked as fuzzy, one that the template no longer has (obsolete), or one with other
placeholders or markup than its original, other blanks at its ends, or the wrong number of plural forms. Exit code 1 if
there is any. With ``--merge``, what is new in the templates is first written into the catalogs, untranslated, and what
is no longer in them is left out.
"""

from __future__ import annotations

import re
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po, write_po

if TYPE_CHECKING:
    from collections.abc import Iterator

    from babel.messages.catalog import Message

ROOT = Path(__file__).resolve().parent.parent
KEPT = re.compile(r"%\(\w+\)s|<[^>]*>")
"""What a translation keeps as it is: placeholders and markup."""
UNWANTED = ('"Project-Id', '"Report-', '"POT-', '"PO-Rev', '"Last-', '"Language-Team', '"Generated-')
"""What is left out of the head of a catalog."""
PERCENT = re.compile(r"%(?!\(\w+\)s|%)")


def templates(root: Path) -> list[Path]:
    """Every template of catalogs."""
    return sorted(path for folder in ("consentcore", "plugins") for path in (root / folder).rglob("*.pot"))


def languages(root: Path) -> list[str]:
    """The folder of every language that has a catalog of any template."""
    found = {path.parts[-3] for pot in templates(root) for path in pot.parent.glob("*/LC_MESSAGES/*.po")}
    return sorted(found)


def catalog_path(template: Path, tag: str) -> Path:
    """Where a language has what it says for a template."""
    return template.parent / tag / "LC_MESSAGES" / f"{template.stem}.po"


def read(path: Path) -> Catalog:
    """A catalog or a template; an empty one where there is no file."""
    if not path.is_file():
        return Catalog()
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def lacking(template: Catalog, catalog: Catalog) -> Iterator[str]:
    """One line for each sentence that is not as it has to be."""
    for entry in filter(_id, template):
        found = catalog.get(_id(entry))
        if found is None or not all(_forms(found.string)):
            yield f"missing: {_id(entry)!r}"
        elif found.fuzzy:
            yield f"fuzzy: {_id(entry)!r}"
        else:
            yield from (f"wrong: {_id(entry)!r}: {text}" for text in _wrong(entry, found, catalog))
    gone = [_id(entry) for entry in catalog if _id(entry) and template.get(_id(entry)) is None]
    yield from (f"obsolete: {msgid!r}" for msgid in [*gone, *map(_first, catalog.obsolete)])


def merge(template: Catalog, path: Path) -> None:
    """Bring a catalog to the sentences of its template."""
    catalog = read(path)
    catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    written = BytesIO()
    write_po(written, catalog, width=110, sort_by_file=True, include_lineno=False)
    lines = written.getvalue().decode().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(UNWANTED)), "utf-8")


def _of_file(template: Catalog, path: Path) -> list[str]:
    try:
        return list(lacking(template, read(path)))
    except (PoFileError, ValueError) as error:
        return [f"cannot be read: {error}"]


def _wrong(entry: Message, found: Message, catalog: Catalog) -> Iterator[str]:
    originals, forms = _forms(entry.id), _forms(found.string)
    expected = catalog.num_plurals if len(originals) > 1 else 1
    if len(forms) != expected:
        yield f"expected {expected} forms, it has {len(forms)}"
    names = sorted(KEPT.findall(originals[-1]))
    for form in forms:
        if sorted(KEPT.findall(form)) != names:
            yield f"expected {' '.join(names) or 'no placeholder'} in {form!r}"
        if _ends(form) != _ends(originals[0]):
            yield f"other blanks at the ends of {form!r}"
        if "%(" in originals[-1] and PERCENT.search(form):
            yield f"a % that is none of a placeholder is written %% in {form!r}"


def _ends(text: str) -> tuple[str, str]:
    stripped = text.strip()
    return tuple(text.split(stripped, 1)) if stripped else (text, "")  # type: ignore[return-value]


def _id(entry: Message) -> str:
    return _first(entry.id)


def _first(ids: object) -> str:
    return _forms(ids)[0]


def _forms(text: object) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ("",))  # type: ignore[arg-type]


def main(root: Path, *, merging: bool = False) -> int:
    """Print what each language lacks.

    :returns: the exit code.
    """
    wrong = 0
    for tag in languages(root):
        lines = []
        for path in templates(root):
            template, target = read(path), catalog_path(path, tag)
            if merging and target.is_file():
                merge(template, target)
            lines += [f"  {target.relative_to(root)}: {line}" for line in _of_file(template, target)]
        print(f"{tag}: {len(lines)} to do" if lines else f"{tag}: complete", *lines, sep="\n")
        wrong += len(lines)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(ROOT, merging="--merge" in sys.argv[1:]))
