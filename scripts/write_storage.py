"""Write the reference parts of docs/storage.md out of the port's docstrings: ``make reference``.

What stands between ``% begin NAME`` and ``% end NAME`` is made here, the rest by hand. tests/test_docs.py holds the
file against :func:`page`.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path

from consentcore.api import StorageCapabilities
from consentcore.testing.storage.port_methods import port_methods, port_roles

FILE = Path(__file__).resolve().parent.parent / "docs" / "storage.md"
_ROLE = re.compile(r":\w+:`~?(?:[\w.]+\.)?(\w+)`")
_ANNOTATION = re.compile(r"(: |-> )'([^']*)'")
_FIELD = re.compile(r"^:(?:(param|raises|ivar) ([\w, ]+)|(returns)): ?(.*)$")


def page(text: str) -> str:
    """The whole page, with its reference parts made anew."""
    for name, make in {"capabilities": capabilities, "port": port}.items():
        part = f"% begin {name}\n\n{make()}\n% end {name}\n"
        text = re.sub(rf"% begin {name}\n.*?% end {name}\n", lambda _, part=part: part, text, flags=re.DOTALL)
    return text


def capabilities() -> str:
    """A list of what a storage can declare."""
    return _markdown(_fields_of(StorageCapabilities, "ivar"))


def port() -> str:
    """Every method with its contract, by the role that it belongs to."""
    methods, lines = port_methods(), []
    for path, role in port_roles().items():
        own = [(name, function) for name, function in methods.items() if name.partition(".")[0] == path]
        if own:
            lines += [f"### {path}: `{role.__name__}`", "", _markdown(inspect.getdoc(role) or "")]
            lines += [_entry(name, function) for name, function in own]
    return "\n".join(lines)


def _entry(name: str, function: Callable[..., object]) -> str:
    found = inspect.signature(function)
    taken = [one for one in found.parameters.values() if one.name != "self"]
    signature = _ANNOTATION.sub(r"\1\2", str(found.replace(parameters=taken)))
    return f"`{name}{signature}`\n\n{_markdown(inspect.getdoc(function) or '')}"


def _fields_of(owner: type, kind: str) -> str:
    text = inspect.getdoc(owner) or ""
    return text[text.index(f":{kind} ") :]


def _markdown(docstring: str) -> str:
    """A docstring as Markdown: fields become a list, names of other things code."""
    lines = []
    for line in docstring.splitlines():
        field = _FIELD.match(line)
        if field:
            kind, names, gives, text = field.groups()
            word = "gives" if gives else f"raises `{names}`" if kind == "raises" else f"`{names}`"
            if lines and lines[-1] and not lines[-1].startswith(("- ", "  ")):
                lines.append("")
            lines.append(f"- {word}: {text}")
        else:
            lines.append(line.replace("    ", "  ", 1) if line.startswith("    ") else line)
    text = _ROLE.sub(r"`\1`", "\n".join(lines)).replace("``", "`")
    return text.rstrip() + "\n"


if __name__ == "__main__":
    made = page(FILE.read_text(encoding="utf-8"))
    FILE.write_text(made, encoding="utf-8")
    sys.stdout.write(f"{FILE.name}: {len(port_methods())} methods\n")
