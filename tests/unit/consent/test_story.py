"""Events as sentences, in the voice of a person who tells them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.consent.story import Allowed, EventFacts, Words, story
from consentcore.domain.event import ConsentEvent
from consentcore.domain.event_kinds import EVENT_KINDS, EventType
from consentcore.i18n import Catalogs, Language
from consentcore.i18n.dates import english_day
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import CATALOG

READS = ("comfort.read@1", "sites.read@1")
WORDS = Words(
    lambda reference: (CATALOG[reference.partition("@")[0]].type, CATALOG[reference.partition("@")[0]].label),
    str,
    english_day,
)
FACTS = EventFacts("CoolSite", after=Allowed(READS))


def told(event_type: EventType, facts: EventFacts = FACTS) -> list[str]:
    event = ConsentEvent("", "g", 1, event_type, "o", "c", NOW, "{}", b"", b"", "")
    return [str(sentence) for sentence in story(event, facts, WORDS)]


@pytest.mark.parametrize(
    ("event_type", "sentence"),
    [
        (EventType.GRANTED, "You allowed CoolSite to see Room climate and Your sites."),
        (EventType.DENIED, "You said no: CoolSite had asked to see Room climate and Your sites."),
        (EventType.ABANDONED, "You did not answer: CoolSite had asked to see Room climate and Your sites."),
        (EventType.WITHDRAWN, "You no longer allow CoolSite to see Room climate and Your sites."),
        (EventType.CLOSED, "CoolSite gave back its permission to see Room climate and Your sites."),
        (EventType.REVOKED, "We ended the permission of CoolSite to see Room climate and Your sites."),
        (
            EventType.EXPIRED,
            "The time was over: CoolSite is no longer allowed to see Room climate and Your sites.",
        ),
    ],
)
def test_db_40_each_kind_of_event_is_a_sentence(event_type, sentence):
    assert told(event_type) == [sentence]


@pytest.mark.parametrize("kind", EVENT_KINDS, ids=lambda kind: kind.type.value)
def test_db_40_no_kind_of_event_is_without_a_sentence_that_names_the_application(kind):
    for sentence in told(kind.type):
        assert sentence.endswith(".")
        assert "%(" not in sentence
    assert "CoolSite" in told(kind.type)[0]


@pytest.mark.parametrize(
    ("scopes", "resources", "what"),
    [
        (("comfort.read@1",), ("a",), "see Room climate of 1 site"),
        (("comfort.read@1",), ("a", "b"), "see Room climate of 2 sites"),
        (("comfort.read@1",), ("*",), "see Room climate of all your sites"),
        (
            ("comfort.read@1", "energy.read@1", "sites.read@1"),
            (),
            "see Room climate, Daily energy totals and Your sites",
        ),
        (("ev.write@1",), (), "do this: Plan charging"),
        (
            ("comfort.read@1", "ev.write@1"),
            ("a", "b"),
            "see Room climate of 2 sites, and to do this: Plan charging",
        ),
        (("comfort.read@1",), ("device|p", "site|a", "b"), "see Room climate of 2 sites and 1 device"),
        (("comfort.read@1",), ("meter|*",), "see Room climate of all your meters"),
        (("offline_access@1",), (), "stay connected while you are away"),
        (("comfort.read@1", "offline_access@1"), (), "see Room climate"),
    ],
)
def test_what_was_allowed_is_counted_and_listed(scopes, resources, what):
    facts = EventFacts("CoolSite", after=Allowed(scopes, resources))
    assert told(EventType.GRANTED, facts) == [f"You allowed CoolSite to {what}."]


def changed(before: Allowed, after: Allowed) -> list[str]:
    return told(EventType.AMENDED, EventFacts("CoolSite", before, after, until=NOW))


def test_a_change_tells_what_is_different_and_when_it_ends():
    ends = f"It ends on {english_day(NOW)}."
    one, both = Allowed(READS[1:]), Allowed(READS)
    assert changed(one, both) == ["You also allowed CoolSite to see Room climate.", ends]
    assert changed(both, one) == ["You no longer allow CoolSite to see Room climate.", ends]
    assert changed(both, both) == [
        "You went on allowing CoolSite to see Room climate and Your sites.",
        ends,
    ]


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (("a", "b"), ("a",), "You took sites away from CoolSite: it now gets data of 1 site."),
        (("a",), ("b", "c"), "You chose other sites for CoolSite: it now gets data of 2 sites."),
        (("a", "device|p"), ("a",), "You narrowed your choice for CoolSite: 1 site."),
        (("a",), ("device|p",), "You chose other sites and devices for CoolSite: 1 device."),
        (("meter|a",), ("meter|*",), "You chose other sites and devices for CoolSite: all your meters."),
        (("a",), ("*",), "CoolSite now gets data of all your sites, also of those that you add later."),
    ],
)
def test_a_change_of_sites_is_told_too(before, after, sentence):
    found = changed(Allowed(READS, before), Allowed(READS, after))
    assert found[0] == sentence


def test_an_event_that_does_not_say_when_it_ends_promises_nothing():
    facts = replace(FACTS, before=FACTS.after)
    assert len(told(EventType.AMENDED, facts)) == 1


@pytest.mark.parametrize("tag", ["de", "fr", "es"])
@pytest.mark.parametrize("kind", EVENT_KINDS, ids=lambda kind: kind.type.value)
def test_every_sentence_is_there_in_every_language(tag, kind):
    language = Language(tag, Catalogs())
    event = ConsentEvent("", "g", 1, kind.type, "o", "c", NOW, "{}", b"", b"", "")
    for sentence in story(event, FACTS, WORDS):
        said = language.translate(sentence)
        assert said != str(sentence)
        assert "CoolSite" in said
