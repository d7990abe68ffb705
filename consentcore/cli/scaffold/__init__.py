"""Writes new plugins: installable packages that work and pass the conformance kit from the first minute."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from consentcore import __version__
from consentcore.cli.commands import BUILT_IN
from consentcore.domain.errors import ConsentcoreError, InvalidInput
from consentcore.hooks.discovery import choose, installed_plugins
from consentcore.hooks.info import PluginKind
from consentcore.hooks.versions import API_VERSIONS
from consentcore.settings.checks import PAGES

FILES = Path(__file__).parent / "files"
SUFFIX = ".tmpl"
MODEL_STORAGE = "memory"
KINDS = {
    "anchor": PluginKind.EXTENSION,
    "extension": PluginKind.EXTENSION,
    "keys": PluginKind.EXTENSION,
    "login": PluginKind.LOGIN,
    "notifier": PluginKind.NOTIFIER,
    "redirect_login": PluginKind.LOGIN,
    "resources": PluginKind.EXTENSION,
    "scopes": PluginKind.SCOPES,
    "storage": PluginKind.STORAGE,
}
"""What can be begun, by the word on the command line."""
OURS = frozenset({"resource"})
"""Names whose packages are ours and need not be installed here: ``consentcore-resource`` is what APIs install."""
ROUTES = frozenset({"home", "openapi", "receipt"})
"""Routes that are named otherwise than the pages that they lead to."""
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def write_plugin(kind: str, name: str, folder: Path) -> list[str]:
    """Write a plugin into ``folder``, which must be empty or new.

    :param kind: one of :data:`KINDS`.
    :param name: what INIs will call it.
    :returns: the files, relative to ``folder``.
    :raises InvalidInput: the name cannot be used, or the folder is not empty.
    """
    _check(kind, name, folder)
    words = _words(KINDS[kind], name)
    found = dict(_templates("common")) | dict(_templates(kind))
    if kind == "storage":
        found |= _copied_storage()
    written = []
    for path, text in sorted(found.items()):
        # Hidden files would be left out of the wheel that this ships in.
        relative = (
            _filled(path, words).replace("dot_", ".", 1) if path.startswith("dot_") else _filled(path, words)
        )
        target = folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_filled(text, words), encoding="utf-8")
        written.append(relative)
    return written


def _check(kind: str, name: str, folder: Path) -> None:
    if not _NAME.fullmatch(name) or len(name) > 40 or keyword.iskeyword(name):
        raise InvalidInput("NAME", "expected 1 to 40 of a-z 0-9 _, beginning with a letter, such as my_chat")
    if name in {plugin.name for plugin in installed_plugins()}:
        raise InvalidInput("NAME", f"expected a name that no installed plugin has; {name} is one")
    if name in OURS or find_spec(f"consentcore_{name}") is not None:
        raise InvalidInput("NAME", f"expected a name of which there is no package; consentcore_{name} is one")
    if kind == "extension" and name in {*BUILT_IN, *PAGES, *ROUTES}:
        raise InvalidInput(
            "NAME",
            f"expected a name that neither a command nor a page has; {name} is one, and would be taken away",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInput("--folder", f"expected a folder that is new or empty; {folder} is not")


def _words(kind: PluginKind, name: str) -> dict[str, str]:
    return {
        "__NAME__": name,
        "__MODULE__": f"consentcore_{name}",
        "__DIST__": f"consentcore-{name.replace('_', '-')}",
        "__UPPER__": name.upper(),
        "__CLASS__": "".join(part.title() for part in name.split("_")),
        "__API__": API_VERSIONS[kind],
        "__VERSION__": __version__,
    }


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _templates(kind: str) -> Iterator[tuple[str, str]]:
    """Path in the new package, and text, of every template of a kind."""
    root = FILES / kind
    for path in root.rglob(f"*{SUFFIX}"):
        yield path.relative_to(root).as_posix().removesuffix(SUFFIX), path.read_text(encoding="utf-8")


def _copied_storage() -> dict[str, str]:
    """The bundled storage in memory as a beginning: replace one file after the other, the kit watches."""
    target = choose(MODEL_STORAGE, installed_plugins()).target
    spec = find_spec(target)
    if spec is None or not spec.submodule_search_locations:
        raise ConsentcoreError("the bundled memory storage is not installed as a package")
    root = Path(spec.submodule_search_locations[0])
    return {
        f"src/__MODULE__/{path.name}": _renamed(path.read_text(encoding="utf-8"), target)
        for path in root.glob("*.py")
    }


def _renamed(text: str, module: str) -> str:
    text = text.replace(module, "__MODULE__").replace(f'name="{MODEL_STORAGE}"', 'name="__NAME__"')
    text = text.replace(f"consentcore:{MODEL_STORAGE}", "consentcore:__NAME__")
    return re.sub(r"\bMemory(?=[A-Z])", "__CLASS__", text)
