"""The history as a page shows it: sentences, by month."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from consentcore.consent.detail_words import in_words
from consentcore.consent.ledger import effective_at
from consentcore.consent.story import EventFacts, Words, story
from consentcore.domain.event_kinds import event_kind
from consentcore.domain.message import Message, message
from consentcore.domain.text import isolated
from consentcore.i18n.wording import within
from consentcore.web.owner.timeline import Timeline, timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyramid.request import Request

    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.grant import Grant
    from consentcore.domain.scope import Scope, ScopeType

_CHANNELS = (
    ("button:", message("on the consent page")),
    ("dialog:", message("under Authorized Applications")),
)
"""Where an owner did it, by how the name of the control begins."""


@dataclass(frozen=True)
class HistoryLine:
    """One event as the history shows it; without an event id where the worker has yet to write it.

    :ivar event: with the time at which it took effect.
    :ivar sentences: what happened, the most important first.
    :ivar channel: where the owner did it; "" where it was nobody, or somebody else.
    :ivar receipt: the last part of the address of its receipt; "" where there is none.
    :ivar seen: whether what the owner read then can be shown again.
    """

    event: ConsentEvent
    facts: EventFacts
    word: str
    sentences: Sequence[Message]
    channel: str
    seen: bool
    receipt: str = ""

    @property
    def client_name(self) -> str:
        """As it was then."""
        return self.facts.client_name


@dataclass(frozen=True)
class Month:
    """What happened in a month.

    :ivar at: some moment of it, in milliseconds.
    """

    at: int
    lines: Sequence[HistoryLine]


def words(request: Request, event: ConsentEvent | None = None) -> Words:
    """How this page calls things.

    :param event: the one that is told of, in the words of then; None: in the latest wording of what was agreed to.
    """
    revisions = json.loads(event.body).get("scope_revisions") if event and event.body else None
    at = effective_at(event) if event and event.event_id else None
    tag, timezone = request.language.tag, request.owner.timezone

    def scope(reference: str) -> tuple[ScopeType, str]:
        found: Scope = request.catalog.as_of([reference], at=at, revisions=revisions)[0]
        return found.type, isolated(within(found.label, tag))

    def detail(text: str) -> str:
        return isolated(within(in_words(text, request.catalog).label, tag))

    return Words(scope, isolated, lambda ms: request.language.day(ms, timezone), detail)


def lines(request: Request, events: Iterable[ConsentEvent]) -> list[HistoryLine]:
    """Events as they are told, in the order given."""
    receipts = request.runtime.receipts
    told = [_line(event, words(request, event)) for event in events]
    return [replace(line, receipt=receipts.name_for(line.event)) for line in told]


def life(request: Request, grant: Grant, told: Iterable[HistoryLine]) -> Timeline:
    """The line of a permission's life.

    :param grant: as it stands now.
    :param told: all of its events, oldest first.
    """
    pairs = [(line.event, line.facts) for line in told]
    return timeline(grant, pairs, words(request), request.now, request.language.direction)


def by_month(request: Request, shown: Iterable[HistoryLine]) -> list[Month]:
    """Lines in the order of time by the month in which the owner lived then."""
    timezone = request.owner.timezone

    def month_of(line: HistoryLine) -> str:
        month: str = request.language.month(line.event.occurred_at, timezone)
        return month

    months = (list(group) for _, group in groupby(shown, month_of))
    return [Month(group[0].event.occurred_at, group) for group in months]


def _line(event: ConsentEvent, named: Words) -> HistoryLine:
    facts = EventFacts.of(event)
    facts = replace(facts, client_name=facts.client_name or event.client_id)
    evidence = json.loads(event.body).get("evidence", {})
    return HistoryLine(
        event=replace(event, occurred_at=effective_at(event)),
        facts=facts,
        word=event_kind(event.type).word,
        sentences=story(event, facts, named),
        channel=_channel(evidence.get("indication_method", "")),
        seen=bool(evidence.get("snapshot_hash")),
    )


def _channel(method: str) -> str:
    return next((said for begins, said in _CHANNELS if method.startswith(begins)), "")
