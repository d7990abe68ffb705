"""A worker's surroundings: real storage, keys and consent service; notifiers that do as they are told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from consentcore.api import (
    Audience,
    Catalog,
    Client,
    ConsentEvent,
    Delivered,
    Envelope,
    Evidence,
    Grant,
    Notice,
    NoticeSnapshot,
    Outcome,
    Owner,
    Scope,
    SealedSecret,
    WebhookEndpoint,
)
from consentcore.consent.service import ConsentService, Decision
from consentcore.consent.snapshot import make_snapshot
from consentcore.i18n import Languages
from consentcore.settings import CoreSettings, OperatorSettings, WebSettings, WorkerSettings
from consentcore.testing import ManualClock, factories, fixed_keys
from consentcore.worker.worker import Worker
from consentcore_memory import MemoryStorage

CATALOG = Catalog.of(
    [
        Scope("comfort.read", "Room climate", "temperature, humidity and CO2 in each room"),
        Scope("energy.read", "Daily energy totals", "one total per day and meter"),
        Scope("offline_access", "Stay connected", "goes on when you are not there"),
    ]
)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


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


class Place:
    """Everything around a worker, with an owner, an application and its endpoint."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.keys = fixed_keys()
        self.storage = MemoryStorage()
        self.registry = Registry()
        self.mailer = Scripted()
        self.hooker = Scripted(Audience.CLIENT)
        self.notifiers = {"mailer": self.mailer, "hooker": self.hooker}
        self.anchors: dict[str, object] = {}
        self.settings = CoreSettings(
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
        self.catalog = CATALOG
        self.service = ConsentService(
            keys=self.keys, clock=self.clock, catalog=CATALOG, code_ttl_ms=60_000, grant_days=365
        )
        self.owner: Owner = factories.owner(name="Ada Moreau", email="ada@example.org")
        self.client: Client = factories.client(name="CoolSite", publisher="Frostline SAS")
        self.endpoint = self.make_endpoint()
        with self.storage.transaction() as uow:
            uow.owners.add(self.owner)
            uow.clients.add(self.client)
            uow.clients.add_endpoint(self.endpoint)

    @property
    def runtime(self):
        return SimpleNamespace(
            **{
                name: getattr(self, name)
                for name in (
                    "clock",
                    "keys",
                    "storage",
                    "registry",
                    "notifiers",
                    "anchors",
                    "settings",
                    "catalog",
                    "languages",
                    "service",
                )
            }
        )

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

    def approve(self, *scopes: str) -> Grant:
        scopes = scopes or ("comfort.read",)
        snapshot = self._snapshot()
        interaction = self._ask(scopes)
        with self.storage.transaction() as uow:
            return self.service.approve(
                uow,
                interaction=interaction,
                client=self.client,
                owner=self.owner,
                decision=Decision(scopes),
                evidence=Evidence("button:approve"),
                snapshot=snapshot,
            ).grant

    def deny(self) -> Grant:
        interaction = self._ask(("comfort.read",))
        with self.storage.transaction() as uow:
            return self.service.deny(
                uow,
                interaction=interaction,
                client=self.client,
                owner=self.owner,
                evidence=Evidence("button:deny"),
                snapshot=self._snapshot(),
            ).grant

    def revoke(self, grant: Grant, actor, **evidence: str) -> None:
        with self.storage.transaction() as uow:
            self.service.revoke(
                uow, grant.grant_id, actor=actor, evidence=Evidence("dialog:proceed", **evidence)
            )

    def notices(self, grant: Grant) -> list[Notice]:
        with self.storage.reading() as uow:
            return list(uow.notices.of_grant(grant.grant_id))

    def _ask(self, scopes: tuple[str, ...]):
        interaction = factories.interaction(
            self.client.client_id,
            request=factories.request(self.client.client_id, scopes=scopes),
            owner_id=self.owner.owner_id,
            created_at=self.clock.now(),
            expires_at=self.clock.now() + 600_000,
        )
        self.storage.protocol.open_interaction(interaction)
        return interaction

    def _snapshot(self) -> NoticeSnapshot:
        return make_snapshot({"title": "CoolSite asks"}, self.clock.now())


@pytest.fixture
def place() -> Place:
    return Place()
