"""Carries out what the core and the plugins have added to the web application, and says whose part cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyramid.exceptions import ConfigurationConflictError, ConfigurationExecutionError

from consentcore.domain.errors import ConfigurationError
from consentcore.hooks.errors import line

if TYPE_CHECKING:
    from pyramid.config import Configurator


def commit(config: Configurator) -> None:
    """Carry it out. Pyramid finds only then that a view is for a route that is none, or that two have one name.

    :raises ConfigurationError: with file and line of what was added.
    """
    try:
        config.commit()
    except ConfigurationConflictError as error:
        places = error._conflicts  # noqa: SLF001 - nothing else says what and where
        raise ConfigurationError(list(_twice(places))) from error
    except ConfigurationExecutionError as error:
        problem = f"{error.etype.__name__}: {error.evalue}"
        raise ConfigurationError([_said(f"{line(problem)} ({_place(error.info)})")]) from error


def _twice(conflicts: dict[Any, Any]) -> Iterator[str]:
    for what, places in conflicts.items():
        parts = what[:2] if isinstance(what, tuple) else [what]
        name = " ".join(part for part in parts if isinstance(part, str)) or "something"
        yield _said(f"{line(name)} is added by {' and by '.join(map(_place, places))}")


def _said(problem: str) -> str:
    return f"consentcore_configure of a plugin: {problem}"


def _place(info: Any) -> str:
    return f"{info.file} line {info.line}"
