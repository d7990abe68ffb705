"""Docstrings are read by tools too: one field a line (CONTRIBUTING), and of what there is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = sorted(path for top in ("consentcore", "plugins") for path in (ROOT / top).rglob("*.py"))
FIELD = re.compile(r":(param|ivar|returns?|raises?|yields?)(?:\s+([^:`\n]+))?:(?=\s|$)")
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def documented(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node)):
            yield node, text


def parameters(node):
    """Of a function, or of what makes an object of a class; None where the class does not say."""
    if isinstance(node, ast.ClassDef):
        made = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
        fields = {
            one.target.id
            for one in node.body
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
        }
        return (parameters(made[0]) if made else set()) | fields
    arguments = node.args
    every = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    return {one.arg for one in every if one}


def test_every_field_has_a_line_of_its_own():
    wrong = [
        f"{path.relative_to(ROOT)}: {getattr(node, 'name', 'module')}: {line.strip()}"
        for path in FILES
        for node, text in documented(path)
        for line in text.splitlines()
        for field in FIELD.finditer(line)
        if line[: field.start()].strip() or field[1] in {"return", "raise"}
    ]
    assert wrong == []


def test_every_parameter_that_is_described_is_there():
    wrong = []
    for path in FILES:
        for node, text in documented(path):
            named = {
                field[2].strip("*") for field in FIELD.finditer(text) if field[1] == "param" and field[2]
            }
            if named and not named <= parameters(node):
                wrong.append(f"{path.relative_to(ROOT)}: {getattr(node, 'name', 'module')}: {named}")
    assert wrong == []
