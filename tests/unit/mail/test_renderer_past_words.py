"""A mail about the past speaks in the words of the past, however late it is made."""

from __future__ import annotations

from dataclasses import replace

from consentcore.api import Audience, Catalog
from consentcore.domain.notice_facts import ConsentFacts
from consentcore.mail.renderer import MailRenderer
from tests.unit.mail.test_renderer import envelope_of, flat


def later(scenario, grant, **change):
    """The mail of the grant's newest notice, made by a process whose catalog has changed since."""
    (before,) = (one for one in scenario.catalog if one.scope_id == "comfort.read")
    catalog = Catalog.of([replace(before, **change)])
    now = scenario.clock.now()
    catalog.past.put(
        [
            (before.reference, 1, now - 10, before),
            (before.reference, 2, now + 10, replace(before, label="Air")),
        ]
    )
    envelope = envelope_of(scenario, scenario.notices(grant)[-1])
    return flat(MailRenderer(scenario.settings, catalog).mail(Audience.OWNER, envelope).text)


def test_words_of_the_version_that_was_agreed_to(scenario):
    text = later(
        scenario, scenario.allow("comfort.read"), version="2", label="Climate and people", sees="everything"
    )
    assert "- Room climate: temperature, humidity and CO2 in each room" in text
    assert "Climate and people" not in text


def test_wording_of_the_moment(scenario):
    text = later(scenario, scenario.allow("comfort.read"), revision=2, label="Air")
    assert "- Room climate: temperature" in text


def test_a_notice_of_an_older_release_has_the_words_of_today(scenario):
    grant = scenario.allow("comfort.read")
    notice = scenario.notices(grant)[-1]
    facts = ConsentFacts.from_json(notice.data)
    assert facts.references == ("comfort.read@1",)
    old = replace(notice, data=replace(facts, references=()).to_json())
    assert "references" not in old.data
    renderer = MailRenderer(scenario.settings, scenario.catalog)
    assert "- Room climate: temperature" in flat(
        renderer.mail(Audience.OWNER, envelope_of(scenario, old)).text
    )
