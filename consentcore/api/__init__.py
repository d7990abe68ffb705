"""The plugin API: the only package of consentcore that a plugin imports, each name from here.

Its modules list the names by what they are for. What is not listed there may change without notice.
"""

from __future__ import annotations

from consentcore.api import extension, jose, login, notifier, plugin, scopes, storage, tlog, values
from consentcore.api.extension import *
from consentcore.api.jose import *
from consentcore.api.login import *
from consentcore.api.notifier import *
from consentcore.api.plugin import *
from consentcore.api.scopes import *
from consentcore.api.storage import *
from consentcore.api.tlog import *
from consentcore.api.values import *

__all__: list[str] = []
__all__ += extension.__all__
__all__ += jose.__all__
__all__ += login.__all__
__all__ += notifier.__all__
__all__ += plugin.__all__
__all__ += scopes.__all__
__all__ += storage.__all__
__all__ += tlog.__all__
__all__ += values.__all__


def __getattr__(name: str) -> object:
    from consentcore.hooks.versions import removal_hint

    hint = removal_hint(name)
    if hint is not None:
        raise ImportError(hint)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
