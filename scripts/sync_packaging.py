"""Bring the hand-readable lists of setup.cfg and pyproject.toml in line with the disk.

After a package, a plugin or a kind of data file has come or gone: ``make packaging``. It rewrites the package list,
the package data and the plugins' entry points in setup.cfg, and the plugin lists of the import contracts in
pyproject.toml. tests/test_packaging.py checks the result, so that nobody has to remember this.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE_SUFFIXES = {".py", ".pyc"}
LOCALES = "locales"


def package_roots() -> dict[str, Path]:
    """Top-level import name -> its folder, the core first."""
    roots = {"consentcore": ROOT / "consentcore"}
    if (ROOT / "templates" / "__init__.py").exists():
        roots["consentcore_templates"] = ROOT / "templates"
    return roots | {
        path.parent.name: path.parent for path in sorted((ROOT / "plugins").glob("*/__init__.py"))
    }


def packages(roots: dict[str, Path]) -> list[str]:
    """Every importable package, dotted."""
    return sorted(
        ".".join((name, *init.parent.relative_to(root).parts))
        for name, root in roots.items()
        for init in root.rglob("__init__.py")
    )


def data_patterns(root: Path) -> list[str]:
    """Patterns that cover every file of the package that is not Python."""
    files = [path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    found = set()
    for path in files:
        if path.name == "py.typed":
            found.add("py.typed")
        elif LOCALES in path.parts:  # languages come and go as files
            found.add(f"{path.relative_to(root).as_posix().partition(f'{LOCALES}/')[0]}{LOCALES}/**/*")
        elif path.suffix not in SOURCE_SUFFIXES:
            found.add(f"**/*{path.suffix}" if path.suffix else path.relative_to(root).as_posix())
    return sorted(found)


def indented(values: list[str]) -> str:
    """The values as the continuation lines of an INI key."""
    return "".join(f"    {value}\n" for value in values)


def replaced(text: str, pattern: str, body: str) -> str:
    """Replace what follows the group of ``pattern``; a file without the place is an error, not a silent no-op."""
    new, count = re.subn(pattern, lambda match: match.group(1) + body, text, count=1)
    if count != 1:
        raise SystemExit(f"packaging: nothing in the file matches {pattern!r}")
    return new


def setup_cfg(text: str, roots: dict[str, Path], plugins: list[str]) -> str:
    """setup.cfg with the lists of the disk."""
    data = {name: patterns for name, root in roots.items() if (patterns := data_patterns(root))}
    rendered = "".join(f"{name} =\n{indented(patterns)}" for name, patterns in data.items())
    entries = [f"{name.removeprefix('consentcore_')} = {name}" for name in plugins]
    text = replaced(text, r"(\npackages =\n)(?: +\S.*\n)+", indented(packages(roots)))
    text = replaced(text, r"(\n\[options\.package_data\]\n)(?:[^\[\n].*\n)*", rendered)
    return replaced(text, r"(\nconsentcore\.plugins =\n)(?: +\S.*\n)*", indented(entries))


def array(values: list[str]) -> str:
    """A TOML array, one value a line."""
    return "[\n" + "".join(f'  "{value}",\n' for value in values) + "]"


def core_modules() -> list[str]:
    """The children of the core that plugins have no business with: all but the plugin API."""
    folder = ROOT / "consentcore"
    names = {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/__init__.py")
    }
    return [f"consentcore.{name}" for name in sorted(names - {"__init__", "api"})]


def pyproject(text: str, plugins: list[str]) -> str:
    """pyproject.toml whose import contracts know every plugin."""
    contracts = {
        ("the core imports no plugin", "forbidden_modules"): plugins,
        ("no plugin imports another plugin", "modules"): plugins,
        ("a plugin imports consentcore.api and nothing deeper", "protected_modules"): core_modules(),
    }
    root = r"(\n\[tool\.importlinter\]\nroot_packages = )\[[^\]]*\]"
    text = replaced(text, root, array(["consentcore", *plugins]))
    for (contract, key), values in contracts.items():
        place = rf'(\nname = "{re.escape(contract)}"\n(?:.*\n)*?{key} = )\[[^\]]*\]'
        text = replaced(text, place, array(values))
    return text


def main() -> int:
    """Rewrite both files where they differ; exit 0."""
    roots = package_roots()
    plugins = [name for name in roots if name not in {"consentcore", "consentcore_templates"}]
    for name, render in (
        ("setup.cfg", lambda text: setup_cfg(text, roots, plugins)),
        ("pyproject.toml", lambda text: pyproject(text, plugins)),
    ):
        path = ROOT / name
        before = path.read_text(encoding="utf-8")
        after = render(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(f"packaging: {name} brought up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
