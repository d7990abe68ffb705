"""Reads INI files as paste does, and remembers for every value the file and line that it came from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_SECTION = re.compile(r"\[([^\]]+)\]\s*$")
_OPTION = re.compile(r"([^\s=:#;][^=:]*?)\s*[=:]\s*(.*)$")
_REFERENCE = re.compile(r"%(?:\(([^)]+)\)s|(%)|)")
_INLINE_COMMENT = re.compile(r"(?:^|\s);(?:\s|$).*")
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written: a file and line, or the name of an environment variable."""

    place: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.place} line {self.line}" if self.line else self.place


@dataclass(frozen=True, slots=True)
class Entry:
    """One value. ``folder`` is what relative paths in it start from."""

    key: str
    value: str
    origin: Origin
    folder: Path


@dataclass
class IniFile:
    """The sections of one file, interpolated on request.

    :ivar sections: section name to key to entry, raw. :ivar problems: lines that could not be understood.
    """

    path: Path
    sections: dict[str, dict[str, Entry]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def section(self, name: str) -> dict[str, Entry]:
        """The interpolated entries of a section, those of ``[DEFAULT]`` included."""
        raw = {**self.sections.get("DEFAULT", {}), **self.sections.get(name, {})}
        return {key: self._interpolated(entry, raw) for key, entry in raw.items()}

    def _interpolated(self, entry: Entry, raw: dict[str, Entry]) -> Entry:
        try:
            value = self._expand(_INLINE_COMMENT.sub("", entry.value).strip(), raw, _DEPTH)
        except ValueError as error:
            self.problems.append(f"{entry.origin}: {entry.key}: {error}")
            value = ""
        return Entry(entry.key, value, entry.origin, entry.folder)

    def _expand(self, text: str, raw: dict[str, Entry], depth: int) -> str:
        if not depth:
            raise ValueError("expected references that do not go in a circle")

        def replacement(match: re.Match[str]) -> str:
            name, escaped = match.group(1), match.group(2)
            if escaped:
                return "%"
            if name is None:
                raise ValueError("expected %% for a percent sign")
            if name == "here":
                return str(self.path.parent.absolute())
            if name == "__file__":
                return str(self.path.absolute())
            if name not in raw:
                raise ValueError(f"expected a key of this section or of [DEFAULT] in %({name})s")
            return self._expand(raw[name].value, raw, depth - 1)

        return _REFERENCE.sub(replacement, text)


def read_ini(path: Path) -> IniFile:
    """Read a file: sections, ``key = value`` or ``key: value``, indented continuation lines, comment lines.

    :raises OSError, UnicodeDecodeError: when it cannot be read.
    """
    found = IniFile(path)
    section: dict[str, Entry] | None = None
    current = ""
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        if not line.strip() or line.lstrip()[0] in "#;":
            continue
        origin = Origin(str(path), number)
        if line[0].isspace() and section is not None and current:
            _continue(section, current, line.strip())
            continue
        if match := _SECTION.match(line):
            section, current = found.sections.setdefault(match.group(1).strip(), {}), ""
            continue
        option = _OPTION.match(line)
        if option is None or section is None:
            found.problems.append(f"{origin}: expected [section] or key = value")
            continue
        current = option.group(1)
        if current in section:
            found.problems.append(
                f"{origin}: {current}: set a second time, first in {section[current].origin}"
            )
        section[current] = Entry(current, option.group(2), origin, path.parent.absolute())
    return found


def _continue(section: dict[str, Entry], key: str, text: str) -> None:
    before = section[key]
    section[key] = Entry(key, f"{before.value}\n{text}".strip(), before.origin, before.folder)


def inherited(
    path: Path, kind: str, name: str, problems: list[str], seen: tuple[str, ...] = ()
) -> dict[str, Entry]:
    """The entries of ``[kind:name]`` with what it inherits by ``use = config:other.ini`` or ``use = name``.

    :param problems: what is wrong is added here, one line each; a section that is missing yields no entries.
    """
    try:
        found = read_ini(path)
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path}: expected a readable INI file ({_reason(error)})")
        return {}
    section = f"{kind}:{name}"
    if section not in found.sections:
        if kind == "app":
            problems.append(f"{path}: expected a section [{section}]")
        return {}
    here = f"{path.absolute()}#{section}"
    if here in seen:
        problems.append(f"{path}: [{section}] inherits itself")
        return {}
    own = found.section(section)
    problems.extend(line for line in found.problems if line not in problems)
    base = _base(own.get("use"), path, name)
    if base is None:
        return own
    return {**inherited(base[0], kind, base[1], problems, (*seen, here)), **own}


def _base(use: Entry | None, path: Path, name: str) -> tuple[Path, str] | None:
    if use is None or use.value.startswith(("egg:", "call:")):
        return None
    if use.value.startswith("config:"):
        file, _, section = use.value.removeprefix("config:").partition("#")
        return path.parent / file, section or "main"
    return path, use.value or name


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8"
