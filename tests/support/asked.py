"""A server in the test's process, and the interactions that its requests become; no web in between."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from consentcore.consent import pending
from consentcore.consent.answering import AGAIN, APPROVE
from consentcore.consent.decision import Decision
from consentcore.consent.interaction import Interactions
from consentcore.consent.pending import Gone
from consentcore.domain.event import Evidence
from consentcore.domain.secret import digest
from tests.support.server_scenario import ServerScenario

TTL_MS = 600_000


@dataclass
class Browser:
    """A browser, and how often it was given a mark."""

    name: str = "mine"
    keeps_cookies: bool = True
    marked: list[bytes] = field(default_factory=list)

    @property
    def mark(self):
        self.marked.append(digest(self.name))
        return digest(self.name)

    def has(self, mark):
        return mark == digest(self.name)


class Asked(ServerScenario):
    """A server, and the interactions that its requests become."""

    often = False

    def interactions(self, *, one_host=True):
        return Interactions(
            storage=self.storage,
            catalog=self.catalog,
            service=self.service,
            authorization=self.server.authorization,
            asks_too_often=lambda _owner, _client: self.often,
            ttl_ms=TTL_MS,
            one_host=one_host,
        )

    def settle(self, browser=None, *, session=True, one_host=True, **parameters):
        found = self.pending(session=session, scope="comfort.read", **parameters)
        return self.interactions(one_host=one_host).settle(found, browser or Browser(), self.clock.now())

    def kept(self, question):
        with self.storage.reading() as uow:
            return pending.find(uow, question.interaction_id, self.clock.now())

    def answer(self, question, decision, interaction=None):
        interaction, answers = interaction or self.kept(question), self.interactions().answers
        values = {
            "interaction": interaction,
            "client": self.client,
            "owner": self.owner,
            "evidence": Evidence("button"),
            "snapshot": self.snapshot(),
            "now": self.clock.now(),
        }
        if decision == APPROVE:
            values["decision"] = Decision(("comfort.read",))
        with self.storage.transaction() as uow:
            return getattr(answers, decision)(uow, question.interaction_id, **values)

    def repeat(self, gone, decision=AGAIN, *, owner=True, browser=None, session=None):
        with self.storage.transaction() as uow:
            return self.interactions().answers.repeat(
                uow,
                gone,
                decision,
                owner=self.owner if owner else None,
                session=session or self.session,
                browser=browser or Browser(),
                now=self.clock.now(),
                evidence=lambda: Evidence("again"),
            )

    def pushed(self):
        return self.post("par", {"response_type": "code", "scope": "comfort.read"}).json["request_uri"]


def ended(scenario, question):
    with pytest.raises(Gone) as found:
        scenario.kept(question)
    return found.value


def grants(scenario):
    with scenario.storage.reading() as uow:
        return list(uow.grants.all())
