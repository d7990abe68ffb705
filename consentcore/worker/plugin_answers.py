"""What a notifier's answers, or what it raises, amount to, whatever it is: an outcome, targets, a schedule."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeGuard

from consentcore.domain.notice import Delivered, Gone, Outcome, Reject, Retry
from consentcore.domain.text import unencodable
from consentcore.hooks.calling import call
from consentcore.hooks.errors import line

if TYPE_CHECKING:
    from consentcore.ports.notifier import Notifier

REASON_CHARACTERS = 1024
ERROR_CHARACTERS = 64
TARGET_CHARACTERS = 200
MOST_TARGETS = 10_000
MOST_WAITS = 1000
LONGEST_WAIT_S = 366 * 86400.0
LARGEST_STATUS = 2**31 - 1

FALLBACK_SCHEDULE_S = (5.0, 60.0, 300.0, 1800.0, 7200.0, 43200.0)
"""Waits between tries where a plugin has no usable schedule, and where it has none to give: of
``consentcore_event`` and of choosing targets, in seconds."""


def outcome_of(answer: object) -> tuple[Outcome, str]:
    """The outcome that ``send`` answered, as one of ours and no more: each member of its type, and of a sensible size.

    :returns: and what was wrong with it, "" when nothing was. What is no outcome is a ``Retry``, and so is one of the
        final ones without a reason in words: whoever answers like that may not have meant it.
    """
    if not isinstance(answer, Delivered | Retry | Gone | Reject):
        return _retry(f"send answered {_kind_of(answer)}, expected Delivered, Retry, Gone or Reject")
    read = call(lambda: _cleaned(answer))
    return read.answer if read.error is None else _retry("send answered an outcome that cannot be read")


def outcome_of_error(error: BaseException) -> Retry:
    """What a try came to that ended with an exception: not now, and nobody outside is to blame."""
    return Retry(f"{line(type(error).__name__, 100)} was raised", error="exception")


def targets_of(answer: object) -> tuple[list[str], str]:
    """The targets that were answered, each once; and what was wrong, "" when nothing was.

    Raises what it raises to go through them.
    """
    if answer is None or isinstance(answer, str | bytes) or not hasattr(answer, "__iter__"):
        return [], f"targets answered {_kind_of(answer)}, expected a sequence of names"
    asked = list(islice(iter(answer), MOST_TARGETS + 1))
    named = [one for one in asked[:MOST_TARGETS] if _is_target(one)]
    if len(asked) > MOST_TARGETS:
        wrong = f"targets answered more than {MOST_TARGETS} names"
    elif len(named) < len(asked):
        bad = len(asked) - len(named)
        wrong = f"targets answered {bad} that are no names of 1 to {TARGET_CHARACTERS} characters"
    else:
        wrong = ""
    return list(dict.fromkeys(named)), wrong


def schedule_of(notifier: Notifier) -> tuple[Sequence[float], str]:
    """The notifier's schedule in seconds, or ours where it has none; and what was wrong, "" when nothing was."""
    read = call(lambda: [float(one) for one in islice(iter(notifier.retry_schedule_s), MOST_WAITS)])
    if read.error is None and all(0 <= one <= LONGEST_WAIT_S for one in read.answer):
        return read.answer, ""
    return FALLBACK_SCHEDULE_S, "retry_schedule_s is no sequence of seconds"


def _retry(why: str) -> tuple[Outcome, str]:
    return Retry("the notifier answered nothing that can be understood", error="answer"), why


def _cleaned(answer: object) -> tuple[Outcome, str]:
    wrong: list[str] = []
    status = _status(getattr(answer, "status", None), wrong)
    text = _text(getattr(answer, "answer", ""), "answer", wrong) or ""
    if isinstance(answer, Delivered):
        return Delivered(status, text), _told(wrong)
    reason = _text(getattr(answer, "reason", None), "reason", wrong)
    error = (_text(getattr(answer, "error", ""), "error", wrong) or "")[:ERROR_CHARACTERS]
    if isinstance(answer, Retry):
        wish = _wish(answer.after_s, wrong)
        said = (reason or "")[:REASON_CHARACTERS]
        return Retry(said, wish, status, error, text, operator=answer.operator is True), _told(wrong)
    if reason is None:
        return _retry(f"send answered {_kind_of(answer)} without a reason in words")
    reason = reason[:REASON_CHARACTERS]
    if isinstance(answer, Gone):
        return Gone(reason, status, text), _told(wrong)
    return Reject(reason, status, error, text), _told(wrong)


def _told(wrong: list[str]) -> str:
    return f"send answered an outcome with {', '.join(wrong)}" if wrong else ""


def _status(value: object, wrong: list[str]) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_STATUS:
        return int(value)
    wrong.append("a status that is no number of three digits")
    return None


def _text(value: object, name: str, wrong: list[str]) -> str | None:
    if isinstance(value, str):
        # str() of a subclass may answer another subclass; a slice of that is a plain one.
        return str(value)[: 64 * 1024]
    wrong.append(f"no text as {name}")
    return None


def _wish(value: object, wrong: list[str]) -> float | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            wish = float(value)
        except OverflowError:
            wish = math.inf if value > 0 else 0.0
        if not math.isnan(wish):
            return max(0.0, wish)
    wrong.append("no seconds as after_s")
    return None


def _is_target(value: object) -> TypeGuard[str]:
    """Names that a store takes; ``?`` stands for those that are not chosen yet."""
    return (
        isinstance(value, str)
        and 1 <= len(value) <= TARGET_CHARACTERS
        and value != "?"
        and not unencodable(value)
    )


def _kind_of(answer: object) -> str:
    """What it is, for the log. A coroutine is ended, or the interpreter complains of it later."""
    if inspect.iscoroutine(answer):
        answer.close()
        return "a coroutine (plugins are called from threads: no async)"
    if isinstance(answer, type):
        return f"the class {answer.__name__}"
    return type(answer).__name__
