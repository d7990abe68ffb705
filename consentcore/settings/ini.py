"""Reads INI files as paste does, and remembers for every value the file and line that it came from."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_SECTION = re.compile(r"\[([^\]]+)\]\s*$")
_OPTION = re.compile(r"([^\s=:#;][^=:]*?)\s*[=:]\s*(.*)$")
_REFERENCE = re.compile(r"%(?:\(([^)]+)\)s|(%)|)")
_INLINE_COMMENT = re.compile(r"(?:^|\s);(?:\s|$).*")
_SWALLOWED = re.compile(r"(?:consentcore\.[\w.]+|use|listen)\s*[=:]")
_OURS = re.compile(r"egg:consentcore(#main)?$")
_DEPTH = 10
_ALMOST = 0.9
"""How alike two names of sections are that are one: ``server:mian``, and not ``server:admin``."""


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

    :ivar sections: section name to key to entry, raw.
    :ivar problems: lines that could not be understood.
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
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
        if not line.strip() or line.lstrip()[0] in "#;":
            continue
        origin = Origin(str(path), number)
        if line[0].isspace() and section is not None and current:
            if _SWALLOWED.match(line.lstrip()):
                found.problems.append(
                    f"{origin}: expected no blanks before a setting: this continues {current}"
                )
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


class BrokenInheritance(Exception):
    """A file or section is not there, so that nothing can be said about the settings in it."""


def inherited(path: Path, kind: str, name: str, problems: list[str]) -> dict[str, Entry]:
    """The entries of ``[kind:name]`` with what it inherits by ``use = config:other.ini`` or ``use = name``.

    :param problems: lines that could not be understood are added here.
    :raises BrokenInheritance: a file cannot be read, or a section is missing; of other kinds than ``app`` a
        missing section yields no entries.
    """
    return _inherited(path, kind, name, problems, ())


def _inherited(
    path: Path, kind: str, name: str, problems: list[str], users: tuple[tuple[str, Origin], ...]
) -> dict[str, Entry]:
    """:param users: the sections that inherit this one, each with the place of its ``use``."""
    asked = f"{users[-1][1]}: use: " if users else ""
    try:
        found = read_ini(path)
    except (OSError, ValueError) as error:
        raise BrokenInheritance(f"{asked}{path}: expected a readable INI file ({_reason(error)})") from error
    section = f"{kind}:{name}"
    if section not in found.sections:
        if kind != "app":
            problems += _meant_to_be(section, found)
            return {}
        near = nearest(section, found.sections, "[{}]")
        raise BrokenInheritance(f"{asked}{path}: expected a section [{section}]{near}")
    here = f"{path.absolute()}#{section}"
    if here in (user for user, _ in users):
        raise BrokenInheritance(f"{asked}{path}: [{section}] inherits itself")
    own = found.section(section)
    problems.extend(line for line in found.problems if line not in problems)
    use = own.get("use")
    if kind == "app" and use is not None and use.value.startswith("egg:") and not _OURS.match(use.value):
        # Only other servers read this line; with them, something else would start.
        problems.append(f"{use.origin}: use = {use.value}: expected egg:consentcore#main or config:FILE")
    base = _base(use, path, name)
    if base is None or use is None:
        return own
    return {**_inherited(base[0], kind, base[1], problems, (*users, (here, use.origin))), **own}


def _meant_to_be(section: str, found: IniFile) -> list[str]:
    """That a section was meant to be another one, which a file may do without."""
    wanted = section.partition(":")[0]
    near = (
        name
        for name in found.sections
        if name.lower() in {section, wanted}
        or difflib.SequenceMatcher(None, section, name.lower()).ratio() >= _ALMOST
    )
    return [f"{found.path}: [{name}]: unknown section; did you mean [{section}]?" for name in near]


def nearest(word: str, candidates: Iterable[str], form: str = "{}") -> str:
    """``; did you mean X?`` or nothing."""
    found = closest(word, candidates)
    return f"; did you mean {form.format(found)}?" if found else ""


def closest(word: str, candidates: Iterable[str]) -> str:
    """The candidate that a word was meant to be; "" when none is near."""
    close = difflib.get_close_matches(word, list(candidates), 1, 0.6)
    return close[0] if close else ""


def with_section(name: str, folder: Path | None = None) -> tuple[str, str]:
    """``FILE#section`` taken apart; a ``#`` in the path of a file that is there belongs to it.

    :param folder: where relative paths start.
    """
    if "#" not in name or ((folder or Path()) / name).is_file():
        return name, ""
    file, _, section = name.rpartition("#")
    return file, section


def _base(use: Entry | None, path: Path, name: str) -> tuple[Path, str] | None:
    if use is None or use.value.startswith(("egg:", "call:")):
        return None
    if use.value.startswith("config:"):
        file, section = with_section(use.value.removeprefix("config:"), path.parent)
        return path.parent / file, section or "main"
    return path, use.value or name


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
