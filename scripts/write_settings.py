"""Write docs/settings.md out of the settings that the core and the bundled plugins declare: ``make reference``.

tests/test_docs.py holds the file against :func:`page`, so that nobody has to remember this.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from consentcore.hooks.discovery import installed_plugins
from consentcore.hooks.info import PluginInfo
from consentcore.settings import CoreSettings
from consentcore.settings.binding import PLUGIN_PREFIX, PREFIX, fields_of
from consentcore.settings.values import describe

FILE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
INTRODUCTION = """\
# Settings

Every setting of the core and of the bundled plugins. This page is made by `make reference` from their declarations;
`consentcore plugins show NAME` prints those of any installed plugin, with `-c INI` also their values.

- A setting stands in `[app:main]` of the INI, with its whole name: `consentcore.oauth.code_ttl_s = 30`.
- The environment wins over the INI: `CONSENTCORE_OAUTH__CODE_TTL_S=30`, `CONSENTCORE_PLUGIN__WEBHOOK__TIMEOUT_S=5`:
  upper case, dots become two underscores.
- A value `env:NAME` is read from the environment variable `NAME`, a value `file:PATH` from a file, relative to the INI.
- Lists are blank- or comma-separated. Paths are relative to the INI in which they stand.
- Names end in their unit: `_s` seconds, `_days` days, `_bytes` bytes.
- `consentcore -c INI plugins check` reads all of it as a start does, and names every problem with file and line.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    own, sections = [], []
    for item, annotation in fields_of(CoreSettings):
        if dataclasses.is_dataclass(annotation):
            sections.append((f"{PREFIX}{item.name}.", annotation))
        else:
            own.append((item, annotation))
    parts.append(_table("## The core", PREFIX, own, "Five of them name the plugins."))
    parts += [_table(f"## {prefix}*", prefix, fields_of(cls), _about(cls)) for prefix, cls in sections]
    for info in bundled():
        prefix = f"{PLUGIN_PREFIX}{info.name}."
        fields = fields_of(info.settings)
        parts.append(_table(f"## {prefix}*", prefix, fields, info.summary))
    return "\n".join(parts)


def bundled() -> Iterator[PluginInfo]:
    """What the bundled plugins say of themselves."""
    for plugin in installed_plugins():
        if plugin.distribution == "consentcore":
            yield plugin.load().consentcore_plugin()


def _about(cls: type) -> str:
    text = (cls.__doc__ or "").partition(": ")[2]
    return text[:1].upper() + text[1:]


def _table(title: str, prefix: str, fields: list[tuple[dataclasses.Field[Any], Any]], about: str) -> str:
    lines = [title, "", about, ""]
    if not fields:
        return "\n".join([*lines, "It has nothing to set.", ""])
    lines += ["| setting | type | default | meaning |", "|---|---|---|---|"]
    for item, annotation in fields:
        cells = (f"`{prefix}{item.name}`", type_of(item, annotation), default_of(item), item.metadata["help"])
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, ""])


def type_of(item: dataclasses.Field[Any], annotation: Any) -> str:
    """Type and limits of a setting in words."""
    meta = item.metadata
    if meta.get("choices"):
        return " or ".join(f"`{choice}`" for choice in meta["choices"])
    low, high = meta.get("minimum"), meta.get("maximum")
    text = describe(annotation).replace("int", "whole number").replace("float", "number")
    text = text.replace("list of str", "list")
    if low is not None and high is not None:
        return f"{text}, {low:.12g} to {high:.12g}"
    return f"{text}, at least {low:.12g}" if low is not None else text


def default_of(item: dataclasses.Field[Any]) -> str:
    """The default of a setting in words."""
    if item.default is dataclasses.MISSING:
        return "**required**"
    if isinstance(item.default, tuple):
        return f"`{' '.join(_plain(one) for one in item.default)}`" if item.default else "empty"
    return "empty" if item.default in {None, ""} else f"`{_plain(item.default)}`"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def main() -> int:
    """Write the page; exit 0."""
    FILE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
