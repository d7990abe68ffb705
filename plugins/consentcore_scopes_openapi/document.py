"""One document, JSON or YAML, that knows in which line everything in it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consentcore.api import ConfigurationError

if TYPE_CHECKING:
    from yaml.nodes import Node

MAX_BYTES = 8 * 1024 * 1024
MOST_NODES = 500_000
DEEPEST = 100
_LITERALS = {"true": True, "false": False, "null": None, "~": None, "": None}
_TAG = "tag:yaml.org,2002:"
_HALVES = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_NUMBERS = {_TAG + "int": int, _TAG + "float": float}


class Document:
    """A parsed document.

    :ivar value: as JSON has it; keys are texts.
    """

    def __init__(self, path: Path, value: object, lines: Mapping[str, int]) -> None:
        self.path = path
        self.value = value
        self._lines = lines

    def place(self, pointer: str = "") -> str:
        """File and line of what a JSON pointer (RFC 6901) leads to, or of what it is missing in; the file alone where
        no line is known."""
        while pointer and pointer not in self._lines:
            pointer = pointer.rpartition("/")[0]
        line = self._lines.get(pointer)
        return f"{self.path}:{line}" if line else str(self.path)

    def problem(self, pointer: str, text: str) -> str:
        """A problem with the file, the line and the pointer of what it is about."""
        return f"{self.place(pointer)}: #{pointer}: {text}"

    def resolved(self, pointer: str, value: object) -> tuple[str, Any]:
        """What a reference within the document leads to, and where that stands; anything else is returned as it is.

        :raises ConfigurationError: when it leads nowhere, out of the document or in a circle.
        """
        for _ in range(20):
            if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
                return pointer, value
            ref = value["$ref"]
            if not ref.startswith("#/"):
                text = f"expected a reference within the document, not {ref!r}"
                raise ConfigurationError([self.problem(pointer, text)])
            value, target = self.value, ref[1:]
            for part in target[1:].split("/"):
                key = part.replace("~1", "/").replace("~0", "~")
                value = value.get(key) if isinstance(value, dict) else None
            if value is None:
                raise ConfigurationError([self.problem(pointer, f"there is nothing at {ref}")])
            pointer = target
        raise ConfigurationError([self.problem(pointer, "a reference that leads back to itself")])


def escaped(key: str) -> str:
    """A key as a part of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def read_document(path: Path) -> Document:
    """Read a file.

    :raises ConfigurationError: when it cannot be read, is too large, or is neither JSON nor YAML, with the line.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigurationError([f"{path}: expected a file of at most {MAX_BYTES} bytes"])
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be read ({error.strerror})"]) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError([f"{path}: expected UTF-8 text"]) from error
    try:
        return _from_json(path, text) if text.lstrip()[:1] == "{" else _from_yaml(path, text)
    except RecursionError as error:
        raise ConfigurationError([f"{path}: nested too deeply"]) from error


def _from_json(path: Path, text: str) -> Document:
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise ConfigurationError([f"{path}:{error.lineno}: expected JSON ({error.msg})"]) from error
    except ValueError as error:
        raise ConfigurationError([f"{path}: expected JSON ({error})"]) from error
    try:
        # JSON is YAML, but for tabs between its tokens and halves of characters in them.
        _, lines = _Reader(path).read(_HALVES.sub("?", text.replace("\t", " ")))
    except ConfigurationError:  # lines are a help, and no more
        lines = {}
    return Document(path, value, lines)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)!r} stands there twice")
    return found


def _from_yaml(path: Path, text: str) -> Document:
    return Document(path, *_Reader(path).read(text))


class _Reader:
    """YAML as JSON has it: texts, numbers, true, false and null; no other tags, no dates."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[str, int] = {}
        self._left = MOST_NODES

    def read(self, text: str) -> tuple[object, dict[str, int]]:
        try:
            import yaml
        except ImportError as error:
            problem = f"{self._path}: YAML needs PyYAML: pip install 'consentcore[openapi]'"
            raise ConfigurationError([problem]) from error
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            # What composes calls itself for each level, out of reach of Python's limit: it would end the process.
            depth = 0
            for event in yaml.parse(text, Loader=loader):
                depth += isinstance(event, yaml.CollectionStartEvent)
                depth -= isinstance(event, yaml.CollectionEndEvent)
                if depth > DEEPEST:
                    raise ConfigurationError([f"{self._path}: nested too deeply"])
            node = yaml.compose(text, Loader=loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f"{self._path}:{mark.line + 1}" if mark else str(self._path)
            raise ConfigurationError(
                [f"{where}: expected YAML ({error.problem or error.context})"]
            ) from error
        except (yaml.YAMLError, ValueError) as error:
            raise ConfigurationError([f"{self._path}: expected YAML ({error})"]) from error
        return (self._value(node, "") if node is not None else None), self._lines

    def _value(self, node: Node, pointer: str) -> Any:
        self._left -= 1
        if self._left < 0:  # aliases of aliases
            raise ConfigurationError([f"{self._path}: expected at most {MOST_NODES} values"])
        self._lines.setdefault(pointer, node.start_mark.line + 1)
        if node.id == "mapping":
            return dict(self._members(node, pointer))
        if node.id == "sequence":
            return [self._value(one, f"{pointer}/{place}") for place, one in enumerate(node.value)]
        return _scalar(node)

    def _members(self, node: Node, pointer: str) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            key = str(key_node.value)
            below = f"{pointer}/{escaped(key)}"
            line = key_node.start_mark.line + 1
            if key in seen:
                raise ConfigurationError([f"{self._path}:{line}: #{below}: stands there twice"])
            seen.add(key)
            value = self._value(value_node, below)
            self._lines[below] = line
            yield key, value


def _scalar(node: Node) -> object:
    text = str(node.value)
    if node.style:  # in quotes, or a block
        return text
    if node.tag in _NUMBERS:
        try:
            return _NUMBERS[node.tag](text)
        except ValueError:
            return text
    return _LITERALS.get(text.lower(), text)
