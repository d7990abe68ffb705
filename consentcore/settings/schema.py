"""How settings are declared: a frozen dataclass whose fields are made with :func:`setting`."""

from __future__ import annotations

import dataclasses
from dataclasses import field
from typing import Any


class Secret(str):
    """A setting that prints as ``***``. ``env:NAME`` and ``file:PATH`` are resolved before it is made."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def reveal(self) -> str:
        """Return the text itself."""
        return str.__str__(self)


def setting(
    help: str,  # noqa: A002 - reads as the declaration it is
    *,
    default: Any = dataclasses.MISSING,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare one setting of a plugin or of the core; the annotation gives the type.

    Types: ``str int float bool pathlib.Path Secret tuple[str, ...] tuple[float, ...]`` and ``X | None``.
    Lists are blank- or comma-separated. Names end in their unit: ``_s``, ``_bytes``.

    :param help: one sentence for ``plugins show`` and the documentation.
    :param default: without one the setting is required.
    :param minimum: smallest number;
    :param maximum: largest;
    :param choices: the only texts allowed.
    """
    meta = {"help": help, "minimum": minimum, "maximum": maximum, "choices": choices}
    if default is dataclasses.MISSING:
        return field(metadata=meta)
    return field(default=default, metadata=meta)
