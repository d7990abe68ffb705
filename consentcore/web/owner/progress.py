"""What is being done after a permission has ended, line by line: until the application has confirmed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.consent.deletion import confirmed, due_at
from consentcore.domain.clock import DAY
from consentcore.domain.message import Message, message
from consentcore.domain.text import isolated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyramid.request import Request

    from consentcore.consent.notice_status import AudienceStatus, NoticeStatus
    from consentcore.domain.event import ConsentEvent
    from consentcore.web.owner.dashboard import Card

DONE, WAITING, FAILED, NOTHING = "done", "waiting", "failed", ""


@dataclass(frozen=True, slots=True)
class Step:
    """One line.

    :ivar shape: of what is drawn before it: done, waiting, failed, or "" for what is only said.
    :ivar at: when it was done, in milliseconds.
    :ivar when: the same as people write it; "" where it is not done.
    :ivar note: what becomes of it where it is not.
    """

    shape: str
    text: Message
    at: int | None = None
    when: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """All lines of the end of one permission."""

    steps: tuple[Step, ...]

    @property
    def waiting(self) -> bool:
        """Whether something is still to come that may change a line."""
        return any(step.shape == WAITING for step in self.steps)


def progress(
    request: Request, card: Card, told: NoticeStatus, events: Sequence[ConsentEvent] = ()
) -> Progress:
    """What is known of it now.

    :param card: of a permission that has ended.
    :param events: of it, by sequence.
    """
    name = isolated(card.client_name)
    ended = _done(request, message("Every access is ended"), card.grant.changed_at)
    deletion = _deletion(request, name, events)
    return Progress(
        (ended, *_application(request, name, told.application), *deletion, *_mail(request, told.mail))
    )


def _deletion(request: Request, name: str, events: Sequence[ConsentEvent]) -> list[Step]:
    done, due = confirmed(events), due_at(events)
    if done is not None:
        text = message("%(name)s has confirmed that it deleted what it had received", name=name)
        return [_done(request, text, done.occurred_at)]
    if due is None:
        return []
    day = request.language.day(due, request.owner.timezone)
    return [
        Step(NOTHING, message("%(name)s has until %(day)s to delete what it received", name=name, day=day))
    ]


def _application(request: Request, name: str, status: AudienceStatus) -> list[Step]:
    if status.at is not None:
        return [
            _done(request, message("%(name)s was told", name=name), status.told_at or status.at),
            _done(request, message("%(name)s has confirmed it", name=name), status.at),
        ]
    if status.failed:
        later = message("It finds out when it next asks for data, and gets none.")
        return [Step(FAILED, message("%(name)s could not be reached", name=name), note=later)]
    if not status.waiting:
        text = message("%(name)s finds out when it next asks for data, and gets none", name=name)
        return [Step(NOTHING, text)]
    if status.tried:
        text = message("%(name)s has not been reached yet", name=name)
        return [Step(WAITING, text, note=message("We keep trying. It gets nothing meanwhile."))]
    return [
        Step(WAITING, message("%(name)s is being told", name=name)),
        Step(WAITING, message("%(name)s has yet to confirm it", name=name)),
    ]


def _mail(request: Request, status: AudienceStatus) -> list[Step]:
    address = isolated(request.owner.email)
    if status.at is not None:
        return [_done(request, message("An e-mail was sent to %(email)s", email=address), status.at)]
    if status.waiting:
        return [Step(WAITING, message("You get an e-mail at %(email)s", email=address))]
    if status.failed:
        return [Step(FAILED, message("The e-mail to %(email)s could not be delivered", email=address))]
    return []


def _done(request: Request, text: Message, at: int) -> Step:
    language, timezone = request.language, request.owner.timezone
    just_now = request.now - at < DAY and language.day(at, timezone) == language.day(request.now, timezone)
    return Step(DONE, text, at, language.clock(at, timezone) if just_now else language.moment(at, timezone))
