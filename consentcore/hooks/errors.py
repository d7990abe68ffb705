"""What goes wrong with plugins while the program runs."""

from __future__ import annotations

import traceback

from consentcore.domain.errors import ConsentcoreError


class PluginError(ConsentcoreError):
    """A plugin gave something that cannot be used. The text names the plugin and what is wrong."""


def cause(error: BaseException) -> str:
    """The last line of an exception, as Python prints it."""
    return traceback.format_exception_only(error)[-1].strip()
