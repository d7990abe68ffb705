"""Templates of an operator's theme: what can be wrong with them is said at the start, not to who opens a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from jinja2 import Environment

PAGES = ("**/*.jinja2",)
MAILS = ("email/**/*.html", "email/**/*.txt")


def demand_templates(environment: Environment, theme: Path, patterns: Iterable[str]) -> None:
    """Compile the templates of a theme, and look for those that they name.

    :param theme: folder of ``consentcore.web.theme``.
    :param patterns: :data:`PAGES` or :data:`MAILS`, whichever ``environment`` renders.
    :raises ConfigurationError: with file and line of each that is no template.
    """
    found = sorted({path for pattern in patterns for path in theme.glob(pattern) if path.is_file()})
    if problems := [problem for path in found for problem in _problems(environment, path, theme)]:
        raise ConfigurationError([f"consentcore.web.theme: {problem}" for problem in problems])


def _problems(environment: Environment, path: Path, theme: Path) -> Iterator[str]:
    from jinja2 import TemplateSyntaxError

    try:
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        yield f"{path}: expected UTF-8"
        return
    except OSError as error:
        yield f"{path}: cannot be read ({error.strerror})"
        return
    name = path.relative_to(theme).as_posix()
    try:
        environment.compile(source, name=name, filename=str(path))
    except TemplateSyntaxError as error:
        yield f"{path} line {error.lineno}: {error.message}"
        return
    for line, other in _needed(environment, source):
        if not _is_there(environment, other, name):
            yield f"{path} line {line}: names the template {other}, of which there is none"


def _needed(environment: Environment, source: str) -> Iterator[tuple[int, str]]:
    from jinja2 import nodes

    kinds = (nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)
    for node in environment.parse(source).find_all(kinds):
        named = getattr(getattr(node, "template", None), "value", None)
        if isinstance(named, str) and not getattr(node, "ignore_missing", False):
            yield node.lineno, named


def _is_there(environment: Environment, name: str, parent: str) -> bool:
    from jinja2 import TemplateNotFound, TemplateSyntaxError

    try:
        environment.get_template(name, parent=parent)
    except TemplateNotFound:
        return False
    except (TemplateSyntaxError, UnicodeDecodeError):
        return True  # it has a line of its own
    return True
