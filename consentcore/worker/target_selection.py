"""Asking the notifiers for their targets: none can keep the others, or the worker's loop, waiting."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from consentcore.hooks.calling import call
from consentcore.hooks.errors import describe_exception
from consentcore.ports.notifier import Notifier
from consentcore.worker.envelope import DeliveryContext
from consentcore.worker.plugin_answers import targets_of

log = logging.getLogger("consentcore.worker")

PATIENCE_S = 2.0
"""How long the loop waits for all targets of a batch. What was not chosen then is chosen by a sending thread, where a
plugin may take as long as for sending."""

UNCHOSEN = "?"
"""Target of a delivery that stands for targets not chosen yet, because the notifier failed to."""

TargetsByNotifier = Mapping[str, Sequence[Sequence[str]]]
"""By notifier, for each context its targets."""


@dataclass
class _Inquiry:
    """Notifiers that are asked one after the other, in a thread of its own.

    :ivar asking: whose turn it is.
    """

    contexts: Sequence[DeliveryContext]
    names: Sequence[str]
    found: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    asking: str = ""
    given_up: bool = False


class TargetSelection:
    """Chooses targets for batches. Not thread-safe: it belongs to the worker's loop."""

    def __init__(self, notifiers: Mapping[str, Notifier], patience_s: float = PATIENCE_S) -> None:
        self._notifiers = notifiers
        self._patience_s = patience_s
        self._hanging: dict[str, threading.Thread] = {}

    def select(self, contexts: Sequence[DeliveryContext]) -> TargetsByNotifier:
        """Targets of every notifier for every context; :data:`UNCHOSEN` where one raised, answered nonsense or
        hangs."""
        chosen: dict[str, Sequence[Sequence[str]]] = {}
        names = [name for name in self._notifiers if not self._hangs(name)]
        while names and contexts:
            asked = _Inquiry(contexts, names)
            thread = threading.Thread(target=self._ask, args=(asked,), name="consentcore-choose", daemon=True)
            thread.start()
            thread.join(self._patience_s)
            chosen |= {name: [*some] for name, some in asked.found.items()}
            if not thread.is_alive():
                break
            asked.given_up, culprit = True, asked.asking
            log.error("notifier %s hangs in targets; it is asked again while others are told", culprit)
            self._hanging[culprit] = thread
            names = names[names.index(culprit) + 1 :]
        return {name: _filled(chosen.get(name, ()), len(contexts)) for name in self._notifiers}

    def _hangs(self, name: str) -> bool:
        thread = self._hanging.get(name)
        if thread is not None and not thread.is_alive():
            del self._hanging[name]
        return name in self._hanging

    def _ask(self, asked: _Inquiry) -> None:
        for name in asked.names:
            asked.asking, found = name, asked.found.setdefault(name, [])
            for context in asked.contexts:
                found.append(self._targets(name, context))
                if asked.given_up:
                    return

    def _targets(self, name: str, context: DeliveryContext) -> Sequence[str]:
        """Its targets, and :data:`UNCHOSEN` beside the good ones when something was wrong."""
        read = call(lambda: targets_of(self._notifiers[name].targets(context)))
        targets, wrong = read.answer if read.error is None else ([], describe_exception(read.error))
        if wrong:
            log.error("notifier %s could not choose targets of %s: %s", name, context.notice.notice_id, wrong)
        return [*targets, UNCHOSEN] if wrong else targets


def _filled(found: Sequence[Sequence[str]], size: int) -> Sequence[Sequence[str]]:
    return [*found, *([UNCHOSEN] for _ in range(size - len(found)))]
