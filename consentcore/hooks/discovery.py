"""Finds installed plugins by their entry points, without importing any of them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

from consentcore.hooks.specs import ENTRY_POINT_GROUP


@dataclass(frozen=True, slots=True)
class Installed:
    """An entry point of the group ``consentcore.plugins``."""

    name: str
    target: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"

    def load(self) -> object:
        """Import it. Raises whatever its import raises, and ImportError when the entry point names nothing."""
        if metadata.EntryPoint.pattern.match(self.target) is None:
            raise ImportError(f"its entry point {self.target!r} is no module, or module:attribute")
        return metadata.EntryPoint(self.name, self.target, ENTRY_POINT_GROUP).load()


def installed_plugins() -> list[Installed]:
    """Every plugin that some installed distribution offers, by name; a name may come more than once."""
    found: dict[tuple[str, str], Installed] = {}
    for distribution in metadata.distributions():
        for point in distribution.entry_points:
            if point.group == ENTRY_POINT_GROUP:
                name = distribution.metadata["Name"] or "unknown distribution"
                # An editable install can be on the path twice; the first one is the one that is imported.
                found.setdefault(
                    (point.name, name), Installed(point.name, point.value, name, distribution.version)
                )
    return sorted(found.values(), key=lambda plugin: (plugin.name, plugin.distribution))


def choose(name: str, installed: Sequence[Installed]) -> Installed:
    """The one installed plugin of that name.

    :raises LookupError: when there is none, or more than one; its text says what to do.
    """
    matches = [plugin for plugin in installed if plugin.name == name]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise LookupError(f"{name} is defined by {' and by '.join(map(str, matches))}; uninstall all but one")
    names = sorted({plugin.name for plugin in installed})
    close = difflib.get_close_matches(name, names, 1, 0.5)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise LookupError(f"no plugin {name} is installed{hint} (installed: {', '.join(names) or 'none'})")
