"""An event of the ledger as a sentence that a person tells somebody: "You allowed CoolSite to see room climate of 2
sites."

What was allowed is an infinitive ("see room climate of 2 sites"), which every language that the pages speak puts last,
so that one sentence for each kind of event (``story`` in :mod:`consentcore.domain.event_kinds`) is enough.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consentcore.consent.resource_words import counted, kinds_of, listed
from consentcore.domain.authorization_detail import are_within, read, texts_of
from consentcore.domain.clock import from_iso
from consentcore.domain.event_kinds import event_kind
from consentcore.domain.grant_states import GrantState
from consentcore.domain.message import Message, message, plural_message
from consentcore.domain.parties import ActorType
from consentcore.domain.resource import DEFAULT_KIND, is_everything
from consentcore.domain.scope import ScopeType

if TYPE_CHECKING:
    from consentcore.domain.event import ConsentEvent


@dataclass(frozen=True, slots=True)
class Words:
    """How a page calls things, in its language.

    :ivar scope: type and label of a pinned reference ``id@version``, the label as it goes on inside a sentence; as it
        was worded then.
    :ivar name: a name of strangers as it may stand in a sentence.
    :ivar day: a time in milliseconds as a day.
    :ivar detail: what an authorization detail is about, as it goes on inside a sentence, of what is kept of it.
    """

    scope: Callable[[str], tuple[ScopeType, str]]
    name: Callable[[str], str]
    day: Callable[[int], str]
    detail: Callable[[str], str] = lambda text: read(text).type


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an application may, or wanted to: pinned scopes, sorted, ids of chosen resources, and authorization details
    as they are kept."""

    scopes: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What an event says of itself.

    :ivar client_name: as it was then; "" where it does not say.
    :ivar before: what was allowed before it,
    :ivar after: and after it, or what was asked where nothing was allowed.
    :ivar until: when the permission ends after it, in milliseconds; None where it does not say.
    """

    client_name: str = ""
    before: Allowed = Allowed()
    after: Allowed = Allowed()
    until: int | None = None

    @classmethod
    def of(cls, event: ConsentEvent) -> EventFacts:
        """Read it from the body; nothing is set for one that is not written yet."""
        body = json.loads(event.body)
        until = body.get("validity", {}).get("until")
        return cls(
            client_name=body.get("client_name", ""),
            before=Allowed(
                tuple(body.get("scopes_before", ())),
                tuple(body.get("resources_before", ())),
                texts_of(body.get("authorization_details_before", ())),
            ),
            after=_after(body),
            until=from_iso(until) if until else None,
        )


def _after(body: Mapping[str, Any]) -> Allowed:
    """What is allowed; where that is nothing, what was asked."""
    scopes, details = body.get("scopes_after", ()), body.get("authorization_details_after", ())
    if not scopes and not details:
        scopes, details = body.get("scopes_requested", ()), body.get("authorization_details_requested", ())
    return Allowed(tuple(scopes), tuple(body.get("resources_after", ())), texts_of(details))


def story(event: ConsentEvent, facts: EventFacts, words: Words) -> list[Message]:
    """The sentences of an event, the most important one first; never none.

    :param facts: those of the event, with a client's name where it does not say one itself.
    """
    kind, name = event_kind(event.type), words.name(facts.client_name)
    if kind.state_after is GrantState.ACTIVE and not kind.begins and ActorType.OWNER in kind.actors:
        return _changes(name, facts, words)
    return [message(kind.story, name=name, what=infinitive(facts.after, words))]


def _changes(name: str, facts: EventFacts, words: Words) -> list[Message]:
    """What is different after an event that changes a standing permission."""
    before, after = facts.before, facts.after
    added = tuple(one for one in after.scopes if one not in before.scopes)
    removed = tuple(one for one in before.scopes if one not in after.scopes)
    new = tuple(one for one in after.details if not are_within([one], before.details))
    gone = tuple(one for one in before.details if not are_within([one], after.details))
    told = []
    if added or new:
        what = infinitive(Allowed(added, after.resources, new), words)
        told.append(message("You also allowed %(name)s to %(what)s.", name=name, what=what))
    if removed or gone:
        what = infinitive(Allowed(removed, details=gone), words)
        told.append(message("You no longer allow %(name)s to %(what)s.", name=name, what=what))
    if set(before.resources) != set(after.resources):
        told.append(_other_resources(name, before.resources, after.resources))
    if not told:
        what = infinitive(after, words)
        told.append(message("You went on allowing %(name)s to %(what)s.", name=name, what=what))
    if facts.until is not None:
        told.append(message("It ends on %(day)s.", day=words.day(facts.until)))
    return told


def _other_resources(name: str, before: Sequence[str], after: Sequence[str]) -> Message:
    lost, n = set(before).difference(after), len(after)
    fewer = bool(lost) and not set(after).difference(before)
    if _not_sites((*before, *after)) and after:
        said = {"name": name, "places": counted(after)}
        if fewer:
            return message("You narrowed your choice for %(name)s: %(places)s.", **said)
        return message("You chose other sites and devices for %(name)s: %(places)s.", **said)
    if any(map(is_everything, after)):
        return message(
            "%(name)s now gets data of all your sites, also of those that you add later.", name=name
        )
    if fewer:
        return plural_message(
            "You took sites away from %(name)s: it now gets data of %(n)s site.",
            "You took sites away from %(name)s: it now gets data of %(n)s sites.",
            n=n,
            name=name,
        )
    return plural_message(
        "You chose other sites for %(name)s: it now gets data of %(n)s site.",
        "You chose other sites for %(name)s: it now gets data of %(n)s sites.",
        n=n,
        name=name,
    )


def _not_sites(resources: Sequence[str]) -> bool:
    """Whether there are meters, devices or anything else among them."""
    return bool(kinds_of(resources) - {DEFAULT_KIND})


def infinitive(allowed: Allowed, words: Words) -> Message:
    """What is allowed, as it goes on after "allowed to"."""
    named = [words.scope(reference) for reference in allowed.scopes]
    seen = [label for kind, label in named if kind is ScopeType.READ]
    seen += dict.fromkeys(map(words.detail, allowed.details))
    done = [label for kind, label in named if kind is ScopeType.ACT]
    if seen and done:
        return message(
            "%(seeing)s, and to do this: %(doing)s",
            seeing=_seeing(seen, allowed.resources),
            doing=listed(done),
        )
    if done:
        return message("do this: %(doing)s", doing=listed(done))
    return _seeing(seen, allowed.resources) if seen else message("stay connected while you are away")


def _seeing(labels: Sequence[str], resources: Sequence[str]) -> Message:
    if _not_sites(resources):
        return message("see %(labels)s of %(places)s", labels=listed(labels), places=counted(resources))
    if any(map(is_everything, resources)):
        return message("see %(labels)s of all your sites", labels=listed(labels))
    if not resources:
        return message("see %(labels)s", labels=listed(labels))
    return plural_message(
        "see %(labels)s of %(n)s site",
        "see %(labels)s of %(n)s sites",
        n=len(resources),
        labels=listed(labels),
    )
