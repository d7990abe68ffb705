"""A worker over a scenario: real storage, keys and consent service; notifiers that do as they are told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace

from consentcore.api import (
    Audience,
    ConsentEvent,
    Delivered,
    Envelope,
    Evidence,
    Grant,
    Notice,
    Outcome,
    SealedSecret,
    WebhookEndpoint,
)
from consentcore.consent.evidence.publication import LogPublication
from consentcore.consent.evidence.service import EvidenceLog
from consentcore.i18n import Languages
from consentcore.settings import CoreSettings, OperatorSettings, WebSettings, WorkerSettings
from consentcore.testing import factories
from consentcore.testing.scenario import Scenario
from consentcore.worker.worker import Worker

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PARTS = (
    "clock",
    "keys",
    "storage",
    "registry",
    "notifiers",
    "evidence",
    "published_log",
    "settings",
    "catalog",
    "languages",
    "service",
)
"""What a worker needs of a runtime."""


@dataclass
class Scripted:
    """A notifier that answers from a script, then says delivered."""

    audience: Audience = Audience.OWNER
    retry_schedule_s: Sequence[float] = (5.0, 60.0)
    script: list[Outcome | Exception] = field(default_factory=list)
    choosing: list[Exception] = field(default_factory=list)
    sent: list[tuple[Envelope, str]] = field(default_factory=list)
    doing: Callable[[Envelope, str], Outcome] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def targets(self, envelope: Envelope) -> Sequence[str]:
        if self.choosing:
            raise self.choosing.pop(0)
        if self.audience not in envelope.notice.audiences:
            return ()
        if self.audience is Audience.CLIENT:
            return [one.endpoint_id for one in envelope.endpoints]
        return (self.audience.value,)

    def send(self, envelope: Envelope, target: str) -> Outcome:
        with self.lock:
            self.sent.append((envelope, target))
            outcome = self.script.pop(0) if self.script else Delivered()
        if self.doing is not None:
            return self.doing(envelope, target)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@dataclass
class Registry:
    """The part of the plugin registry that the worker uses."""

    told: list[tuple[str, ConsentEvent]] = field(default_factory=list)
    names: tuple[str, ...] = ()
    failures: list[Exception] = field(default_factory=list)

    def event_plugins(self) -> tuple[str, ...]:
        return self.names

    def tell_event(self, name: str, event: ConsentEvent) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.told.append((name, event))


def worker_settings() -> CoreSettings:
    return CoreSettings(
        issuer="https://consent.example",
        keys="keys",
        storage="memory",
        login="login_local",
        scopes=("scopes_file",),
        worker=WorkerSettings(threads=4, per_target=2, poll_s=0.02, poll_max_s=0.05, drain_s=5.0),
        web=WebSettings(
            operator_name="Lumen Energy",
            support_email="help@lumen.example",
            complaint_url="https://authority.example/",
        ),
        operator=OperatorSettings(email="ops@lumen.example"),
    )


class WorkerScenario(Scenario):
    """Its client, CoolSite, has an endpoint; ``mailer`` tells owners, ``hooker`` clients."""

    @property
    def evidence(self) -> EvidenceLog:
        return EvidenceLog(self.storage, self.keys, self.clock, "consent.example", lambda: self.anchors)

    @cached_property
    def published_log(self) -> LogPublication:
        return LogPublication(self.storage, self.keys, "consent.example")

    @classmethod
    def begin(cls, storage, **parts):
        made = super().begin(
            storage,
            client=factories.client(name="CoolSite", publisher="Frostline SAS"),
            owner=factories.owner(name="Ada Moreau", email="ada@example.org"),
            **parts,
        )
        made.registry = Registry()
        made.mailer = Scripted()
        made.hooker = Scripted(Audience.CLIENT)
        made.notifiers = {"mailer": made.mailer, "hooker": made.hooker}
        made.anchors = {}
        made.settings = worker_settings()
        made.endpoint = made.make_endpoint()
        with storage.transaction() as uow:
            uow.clients.add_endpoint(made.endpoint)
        return made

    @property
    def runtime(self):
        return SimpleNamespace(**{name: getattr(self, name) for name in PARTS})

    @property
    def languages(self) -> Languages:
        return Languages(self.settings.web.default_locale)

    def scripted(self, audience: Audience) -> Scripted:
        return Scripted(audience)

    def worker(self) -> Worker:
        return Worker(self.runtime)

    def make_endpoint(self, endpoint_id: str = "ep_1", **overrides) -> WebhookEndpoint:
        sealed = self.keys.seal("webhook", SECRET.encode(), endpoint_id)
        secrets = (SealedSecret(sealed, self.clock.now()),)
        return factories.endpoint(
            self.client.client_id, **{"endpoint_id": endpoint_id, "secrets": secrets, **overrides}
        )

    def withdraw(self, grant: Grant, actor, **evidence: str) -> None:
        self.revoke(grant.grant_id, actor, evidence=Evidence("dialog:proceed", **evidence))

    def notices(self, grant: Grant) -> list[Notice]:
        with self.storage.reading() as uow:
            events = [event.event_id for event in uow.ledger.of_grant(grant.grant_id)]
            found = uow.notices.several(events)
        return [found[event_id] for event_id in events if event_id in found]
