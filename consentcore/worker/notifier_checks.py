"""What a start and ``plugins check`` say about notifiers: whether their mediums take us, who is told what."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from consentcore.domain.notice import Retry
from consentcore.hooks.calling import Leash
from consentcore.hooks.discretion import remarks
from consentcore.hooks.errors import describe_exception, line
from consentcore.worker.plugin_answers import outcome_of
from consentcore.worker.unnamed_notifiers import unnamed_remarks

if TYPE_CHECKING:
    from consentcore.ports.notifier import CheckedNotifier
    from consentcore.runtime import Runtime

MOST = 20
"""Lines that are shown of one notifier."""


def startup_notes(runtime: Runtime) -> list[str]:
    """What is no problem and still worth knowing.

    :raises StorageError: when the store fails.
    """
    known = remarks(runtime.registry, passwords=runtime.passwords is not None)
    return known + unnamed_remarks(runtime)


def check_notifiers(runtime: Runtime) -> tuple[list[str], list[str]]:
    """Try the mediums of those notifiers that can be tried, each for half a minute at most.

    :returns: what the operator has to mend, and what may pass by itself.
    """
    leash = Leash()
    problems: list[str] = []
    passing: list[str] = []
    for name, notifier in runtime.checked_notifiers.items():
        read = leash.call(name, partial(_checked, notifier))
        found = (
            [Retry(f"it could not be tried: {describe_exception(read.error)}")] if read.error else read.answer
        )
        for one in found:
            answer = f" ({one.status or ''} {one.answer}".rstrip() + ")" if one.status or one.answer else ""
            (problems if one.operator else passing).append(
                f"consentcore.plugin.{name}: {line(one.reason + answer)}"
            )
    return problems, passing


def _checked(notifier: CheckedNotifier) -> list[Retry]:
    return list(islice(_understood(notifier), MOST))


def _understood(notifier: CheckedNotifier) -> Iterator[Retry]:
    for one in notifier.check():
        outcome, wrong = outcome_of(one)
        yield (
            outcome if isinstance(outcome, Retry) and not wrong else Retry("check answered what is no Retry")
        )
