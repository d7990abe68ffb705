"""The API reference, made when the documentation is built (a Sphinx extension, named in docs/conf.py).

Into docs/reference/ come pages of the plugin API and of every hook, setting, method of the storage port and
conformance kit; nothing of it is in the repository. What they say stands where it is declared: in docstrings, in the
declarations of settings and, for hooks, in docs/plugins.md as well. tests/test_reference.py proves that nothing is left
out, in :func:`pages` and in what is built of it.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

from consentcore import api, testing
from consentcore.hooks import specs
from consentcore.hooks.checks import HOOKS
from consentcore.settings import CoreSettings
from consentcore.settings.binding import PLUGIN_PREFIX, PREFIX, fields_of, variable_of
from consentcore.testing.storage.port_methods import port_methods, port_roles
from scripts.write_settings import bundled, default_of, type_of

if TYPE_CHECKING:
    from docutils.nodes import Element
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

DOCS = Path(__file__).resolve().parent.parent / "docs"
FOLDER = DOCS / "reference"
API_MODULES = [
    name
    for name, module in vars(api).items()
    if inspect.ismodule(module) and module.__name__ == f"consentcore.api.{name}"
]
"""The modules of ``consentcore.api``: each lists names by what they are for."""
UNLISTED = "---\norphan: true\n---\n"
"""Before a page that only another page leads to: the list at the side stays short."""


def pages() -> dict[str, str]:
    """Every page by its path in docs/reference/, without ``.md``."""
    found: dict[str, str] = {}
    for make in (_api_pages, _hook_pages, _setting_pages, _port_pages, _kit_pages):
        found |= dict(make())
    return found


def kits() -> dict[str, type]:
    """The conformance kits by name."""
    return {name: getattr(testing, name) for name in testing.__all__ if name.endswith("Conformance")}


def fixtures_of(kit: type) -> dict[str, str]:
    """What a kit asks for, by the name of the fixture, with its docstring; of a base class what it adds."""
    found = {}
    for part in reversed(kit.__mro__):
        # What a group of tests of storages keeps for itself is no business of authors.
        if part.__module__.startswith("consentcore.testing.storage") and part.__name__.endswith("Group"):
            continue
        for name, member in vars(part).items():
            function = getattr(member, "_get_wrapped_function", None)
            if function is not None and not name.startswith("_"):
                found[name] = _one_line(function())
    return found


def promises_of(kit: type) -> dict[type, list[tuple[str, str]]]:
    """The tests of a kit by the class that has them: name and docstring."""
    found: dict[type, list[tuple[str, str]]] = {}
    for part in kit.__mro__:
        tests = [(name, member) for name, member in vars(part).items() if name.startswith("test_")]
        if tests:
            found[part] = [(name, _one_line(one)) for name, one in tests]
    return found


def _api_pages() -> Iterator[tuple[str, str]]:
    for name in API_MODULES:
        yield f"api/{name}", f"# consentcore.api.{name}\n\n{_module(f'consentcore.api.{name}')}"


def _hook_pages() -> Iterator[tuple[str, str]]:
    rows = []
    for name in HOOKS:
        rows.append(f"- [`{name}`](hooks/{name}.md): {_first_line(getattr(specs, name))}")
        function = _made(f".. autofunction:: consentcore.hooks.specs.{name}")
        yield f"hooks/{name}", f"{UNLISTED}# {name}\n\n{function}\n{_told_of(name)}"
    yield "hooks", "# The hooks\n\n" + "\n".join(rows) + "\n"


def _told_of(hook: str) -> str:
    """What docs/plugins.md says of a hook; its links lead there from one folder and another."""
    text = (DOCS / "plugins.md").read_text(encoding="utf-8")
    found = re.search(rf"^### `{hook}\(.*?\n(.*?)(?=^##)", text, re.MULTILINE | re.DOTALL)
    told = found[1] if found else ""
    told = re.sub(r"\]\(([a-z-]+\.md)", r"](../../\1", told)
    return re.sub(r"\]\(#", "](../../plugins.md#", told)


def settings() -> Iterator[tuple[str, str, dataclasses.Field[Any], Any]]:
    """Every setting of the core and of the bundled plugins: its key, whose it is, and how it is declared."""
    for item, annotation in fields_of(CoreSettings):
        if dataclasses.is_dataclass(annotation):
            for inner, kind in fields_of(annotation):  # type: ignore[arg-type]  # a class, as the binding knows
                yield f"{PREFIX}{item.name}.{inner.name}", "the core", inner, kind
        else:
            yield f"{PREFIX}{item.name}", "the core", item, annotation
    for info in bundled():
        for item, annotation in fields_of(info.settings):
            yield f"{PLUGIN_PREFIX}{info.name}.{item.name}", f"the plugin `{info.name}`", item, annotation


def _setting_pages() -> Iterator[tuple[str, str]]:
    rows = []
    for key, whose, item, annotation in settings():
        facts = {
            "type": type_of(item, annotation),
            "default": default_of(item),
            "environment": f"`{variable_of(key)}`",
            "of": whose,
        }
        lines = [f"- {word}: {fact}" for word, fact in facts.items()]
        text = "\n".join([item.metadata["help"], "", *lines])
        rows.append(f"- [`{key}`](settings/{key}.md)")
        yield f"settings/{key}", f"{UNLISTED}# {key}\n\n{text}\n"
    about = "What holds for all of them, and the same as tables: [Settings](../settings.md).\n\n"
    yield "settings", f"# Settings, one by one\n\n{about}" + "\n".join(rows) + "\n"


def _port_pages() -> Iterator[tuple[str, str]]:
    rows, roles = [], port_roles()
    for name, method in port_methods().items():
        role = roles[name.partition(".")[0]]
        rows.append(f"- [`{name}`](port/{name}.md): {_first_line(method)}")
        where = f"{role.__module__}.{role.__name__}.{method.__name__}"
        of = f"A method of `{role.__name__}`, see [Writing a storage](../../storage.md).\n"
        contract = _made(f".. automethod:: {where}\n   :no-index:")
        yield f"port/{name}", f"{UNLISTED}# {name}\n\n{of}\n{contract}"
    yield "port", "# The storage port, method by method\n\n" + "\n".join(rows) + "\n"


def _kit_pages() -> Iterator[tuple[str, str]]:
    rows = []
    for name, kit in kits().items():
        about = _made(f".. autoclass:: consentcore.testing.{name}\n   :no-members:\n   :no-undoc-members:")
        fixtures = [f"- `{one}`: {_plain(text)}" for one, text in fixtures_of(kit).items()]
        promises = [
            _promises(part, "" if part is kit else _one_line(part), tests)
            for part, tests in promises_of(kit).items()
        ]
        parts = [f"{UNLISTED}# {name}\n", about, "## Fixtures\n", *fixtures, "\n## What it asks\n", *promises]
        rows.append(f"- [{name}](kits/{name}.md)")
        yield f"kits/{name}", "\n".join(parts)
    helpers = _made("\n\n".join(_directive(one) for one in testing.__all__ if one not in kits()))
    yield "kits/helpers", f"{UNLISTED}# Clocks, keys, envelopes\n\n{helpers}"
    yield "kits/factories", f"{UNLISTED}# Records\n\n{_module('consentcore.testing.factories')}"
    rows += ["- [Clocks, keys, envelopes](kits/helpers.md)", "- [Records](kits/factories.md)"]
    yield "kits", "# The conformance kits\n\n" + "\n".join(rows) + "\n"


def _module(name: str) -> str:
    """Everything that a module lists. Constants have their words where they are made, not where autodoc looks."""
    module = sys.modules[name]
    told = {one: _words_of(one, getattr(module, one)) for one in module.__all__}
    known = {one: text for one, text in told.items() if text}
    automatic = f".. automodule:: {name}\n   :exclude-members: {', '.join(known)}\n"
    entries = [
        f".. py:data:: {one}\n   :module: {name}\n\n{indent(text, '   ')}\n" for one, text in known.items()
    ]
    return _made("\n".join([automatic, *entries]))


def _promises(part: type, about: str, tests: list[tuple[str, str]]) -> str:
    lines = [f"- `{name}`" + (f": {_plain(told)}" if told else "") for name, told in tests]
    return f"### {part.__name__}\n\n{_plain(about)}\n\n" + "\n".join(lines) + "\n"


def _directive(name: str) -> str:
    kind = "autoclass" if isinstance(getattr(testing, name), type) else "autofunction"
    return f".. {kind}:: consentcore.testing.{name}"


def _made(directives: str) -> str:
    return f"```{{eval-rst}}\n{directives}\n```\n"


def _first_line(thing: Callable[..., object]) -> str:
    return _plain((inspect.getdoc(thing) or "").partition("\n\n")[0].partition(". ")[0].replace("\n", " "))


def _one_line(thing: object) -> str:
    return " ".join((inspect.getdoc(thing) or "").split())


def _plain(text: str) -> str:
    """Names of other things as Markdown code."""
    return re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", text).replace("``", "`")


def write(_app: Sphinx) -> None:
    """Write all pages anew."""
    made = pages()
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, text in made.items():
        target = FOLDER / f"{name}.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _words_of(name: str, value: object) -> str:
    """What is said of a constant, also where it has another name there; of numbers and texts there may be several."""
    same = {one for (_, known), one in constants().items() if known == id(value)}
    if (name, id(value)) in constants() or isinstance(value, int | str) or len(same) != 1:
        return constants().get((name, id(value)), "")
    return same.pop()


@cache
def constants() -> dict[tuple[str, int], str]:
    """What is said of constants, by their name and identity: the string below the assignment."""
    from sphinx.pycode import ModuleAnalyzer

    found = {}
    for module in [name for name in sys.modules if name.startswith("consentcore.")]:
        source = sys.modules[module]
        if source is None or not getattr(source, "__file__", None):
            continue
        for (of, name), text in ModuleAnalyzer.for_module(module).find_attr_docs().items():
            if not of and hasattr(source, name):
                found[name, id(getattr(source, name))] = "\n".join(text)
    return found


def resolved(app: Sphinx, env: BuildEnvironment, node: pending_xref, child: Element) -> Any:
    """Where a docstring names a thing by the module that it is made in, lead to where the plugin API lists it."""
    last = node.get("reftarget", "").rpartition(".")[2]
    home = next((one for one in API_MODULES if last in getattr(api, one).__all__), None)
    if home is None or node.get("refdomain") != "py":
        return None
    domain = env.get_domain("py")
    target = f"consentcore.api.{home}.{last}"
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, child)


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the pages before anything is read."""
    app.connect("builder-inited", write)
    app.connect("missing-reference", resolved)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
