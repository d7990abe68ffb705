"""What a start and ``plugins check`` say about notifiers: whether their mediums take us, who is told what."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from consentcore.hooks.calling import Leash
from consentcore.hooks.discretion import remarks
from consentcore.hooks.errors import described, line
from consentcore.outbox.strays import stray_remarks

if TYPE_CHECKING:
    from consentcore.ports.notifier import CheckedNotifier
    from consentcore.runtime import Runtime

MOST_LINES = 20


def notes(runtime: Runtime) -> list[str]:
    """What is no problem and still worth knowing. :raises StorageError: when the store fails."""
    known = remarks(runtime.registry, passwords=runtime.passwords is not None)
    return known + stray_remarks(runtime)


def notifier_problems(runtime: Runtime) -> list[str]:
    """Try the mediums of those notifiers that can be tried, each for half a minute at most; one line a problem."""
    leash, found = Leash(), []
    for name, notifier in runtime.checked_notifiers.items():
        read = leash.call(name, partial(_checked, notifier))
        lines = read.answer if read.error is None else [f"it could not be tried: {described(read.error)}"]
        found += [f"consentcore.plugin.{name}: {line(text)}" for text in lines]
    return found


def _checked(notifier: CheckedNotifier) -> list[str]:
    return [str(one) for one in notifier.check()][:MOST_LINES]
