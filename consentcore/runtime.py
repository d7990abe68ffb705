"""Everything that one process works with, made from a configuration: the only place where parts are put together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from consentcore.client_parts import ClientParts
from consentcore.configured_keys import key_ring
from consentcore.consent.ledger import seal_of as grant_seal
from consentcore.domain.clock import DAY, SystemClock
from consentcore.domain.errors import ConfigurationError, StorageError
from consentcore.hooks.info import PluginKind
from consentcore.keys.recorded_storage import RecordedStorage
from consentcore.keys.sealed_storage import SealedStorage
from consentcore.ports.storage import transact
from consentcore.theme import MAILS, demand_templates

if TYPE_CHECKING:
    from consentcore.clients.grant_management_endpoint import GrantManagementEndpoint
    from consentcore.clients.registration_endpoint import RegistrationEndpoint
    from consentcore.config import LoadedConfig
    from consentcore.consent.interaction import Interactions
    from consentcore.consent.uses import UseLog
    from consentcore.domain.clock import Clock
    from consentcore.domain.event_kinds import EventType
    from consentcore.moving.service import Moving
    from consentcore.oauth.server import AuthorizationServer
    from consentcore.owners.account_links import AccountLinks
    from consentcore.owners.service import OwnerService
    from consentcore.owners.sessions import OwnerSessions
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage

log = logging.getLogger("consentcore.scopes")


@dataclass
class Runtime(ClientParts):
    """The parts of one process. What not every process needs is made at its first use, once, by whichever thread.

    Safe to use from any thread. :meth:`close` ends the storage's connections.
    """

    @property
    def grant_management(self) -> GrantManagementEndpoint | None:
        """Where applications manage their grants; None where none may."""
        return self._once("grant management", self._make_grant_management)

    @property
    def registration(self) -> RegistrationEndpoint | None:
        """Where applications register themselves; None where none can."""
        return self._once("registration", self._make_registration)

    @property
    def owners(self) -> OwnerService:
        """Where data owners are made, and their passwords and addresses change."""
        return self._once("owners", self._make_owners)

    @property
    def account_links(self) -> AccountLinks:
        """What a data owner does by mailed links; where passwords are kept here."""
        return self._once("account links", self._make_account_links)

    @property
    def sessions(self) -> OwnerSessions:
        """The sign-ins of data owners."""
        return self._once("sessions", self._make_sessions)

    @property
    def interactions(self) -> Interactions:
        """Where authorization requests become questions, and answers lead back."""
        return self._once("interactions", self._make_interactions)

    @property
    def server(self) -> AuthorizationServer:
        """The protocol endpoints."""
        return self._once("server", self._make_server)

    @property
    def moving(self) -> Moving:
        """What moves everything to another storage, and from one."""
        return self._once("moving", self._make_moving)

    @property
    def uses(self) -> UseLog:
        """Where it is noted that grants are used."""
        return self._once("uses", self._make_uses)

    def compromised(self, family_id: str, grant_id: str, event_type: EventType) -> None:
        """Kill a family of tokens and record why, in a transaction of its own."""
        transact(
            self.storage,
            lambda uow: self.service.compromised(
                uow, family_id=family_id, grant_id=grant_id, event_type=event_type
            ),
        )
        self.meters.replay(event_type.value)

    def check(self) -> None:
        """Make what the configuration can have wrong, so that a start says all of it before anything is done.

        :raises ConfigurationError: with every problem.
        """
        gathered(
            (
                lambda: self.login,
                lambda: self.notifiers,
                lambda: self.resources,
                lambda: self.anchors,
                lambda: self.stranger_rules,
                self._demand_one_storage,
                self._demand_mail_templates,
            )
        )

    def _demand_one_storage(self) -> None:
        count = self.settings.server.workers
        if count == 1 or self.storage.capabilities.multi_process:
            return
        (name,) = self.registry.names(PluginKind.STORAGE)
        raise ConfigurationError(
            [
                self.registry.placed(
                    name,
                    f"each of the web processes would have a storage of its own (multi_process is not among its "
                    f"capabilities); expected 1 for consentcore.server.workers, not {count}",
                )
            ]
        )

    def _demand_mail_templates(self) -> None:
        if theme := self.settings.web.theme:
            from consentcore.mail.templates import mail_templates

            demand_templates(mail_templates(theme), theme, MAILS)

    def demand_whole(self) -> None:
        """Look whether an import into the storage has ended, as every process that starts does. One that does not
        answer is taken for whole: it was when it was left.

        :raises ConfigurationError: when it has not.
        """
        try:
            half = self.moving.half_moved
        except StorageError as error:
            log.warning("whether an import into the storage has ended is not known yet: %s", error)
            return
        if half:
            raise ConfigurationError(
                ["an import into the storage has not ended: run consentcore import again with the same file"]
            )

    def pin_scopes(self) -> None:
        """Hold the catalog to what it said before, as every process that starts does; a storage that does not answer is
        asked again for ``/readyz``.

        :raises ConfigurationError: when words have changed under neither version nor revision.
        """
        try:
            for line in self.scope_pins.pin():
                log.info("%s", line)
        except StorageError as error:
            log.warning("the words of scopes are not compared yet with those of before: %s", error)

    def close(self) -> None:
        """Write down what was gathered, and end what holds connections."""
        if "uses" in self._made:
            self._made["uses"].close()
        self.storage.close()

    def _make_grant_management(self) -> GrantManagementEndpoint | None:
        if self.settings.oauth.grant_management == "off":
            return None
        from consentcore.clients.grant_management_endpoint import GrantManagementEndpoint

        return GrantManagementEndpoint(self.server.context, self.client_grants)

    def _make_registration(self) -> RegistrationEndpoint | None:
        settings, rules = self.settings.registration, self.stranger_rules
        if settings.endpoint == "off" or rules is None:
            return None
        from consentcore.clients.metadata import Unasked
        from consentcore.clients.registration import Registrations
        from consentcore.clients.registration_endpoint import RegistrationEndpoint

        # Nothing is looked up for a stranger, and no refusal tells of a network that is open.
        clients = replace(self.clients, egress=Unasked)
        registrations = Registrations(clients, self.storage, settings, rules, self.registration_tokens)
        return RegistrationEndpoint(self.server.context, registrations)

    def _make_owners(self) -> OwnerService:
        from consentcore.owners.service import OwnerService

        return OwnerService(self.clock, self.passwords)

    def _make_account_links(self) -> AccountLinks:
        from consentcore.owners.account_links import AccountLinks

        return AccountLinks(self.keys, self.clock, self.owners, self.settings.account)

    def _make_sessions(self) -> OwnerSessions:
        from consentcore.owners.sessions import OwnerSessions

        return OwnerSessions(self.keys, self.clock, int(self.settings.web.session_ttl_s * 1000))

    def _make_interactions(self) -> Interactions:
        from consentcore.consent.interaction import Interactions

        return Interactions(
            storage=self.storage,
            catalog=self.catalog,
            service=self.service,
            authorization=self.server.authorization,
            asks_too_often=self.server.authenticator.asks_too_often,
            ttl_ms=int(self.settings.oauth.interaction_ttl_s * 1000),
            one_host=self.settings.web_url == self.settings.issuer,
            answered_ms=self.settings.consent.ask_again_days * DAY,
            rules=self.choice_rules,
        )

    def _make_moving(self) -> Moving:
        from consentcore.moving.service import Moving

        return Moving(self.storage, self.keys, self.clock)

    def _make_uses(self) -> UseLog:
        from consentcore.consent.uses import UseLog

        return UseLog(self.storage, self.clock)

    def _make_server(self) -> AuthorizationServer:
        from consentcore.oauth.server import AuthorizationServer

        return AuthorizationServer(
            storage=self.storage,
            keys=self.keys,
            clock=self.clock,
            catalog=self.catalog,
            settings=self.settings,
            compromised=self.compromised,
            claims=self.registry.claims if self.registry.adds_claims else None,
            used=self.uses.note,
            egress=self.egress,
            documents=self._make_documents(),
            acr_values=getattr(self.login, "acr_values", ()),
        )


def build_runtime(config: LoadedConfig, *, clock: Clock | None = None) -> Runtime:
    """Put the parts together. Connects to nothing.

    :raises ConfigurationError: when the key ring or a plugin is not in order.
    """
    registry = config.registry
    now = clock or SystemClock()

    def keys_and_storage() -> tuple[KeyRing, Storage]:
        keys = key_ring(config, now)
        made = registry.storage(now, keys)
        (name,) = registry.names(PluginKind.STORAGE)
        registry.demand_whole({"consentcore_storage": {name: made}})
        recorded: Any = RecordedStorage(made, keys, now)
        return keys, SealedStorage(recorded, keys, grant_seal)

    others = (lambda: registry.notifiers(now), registry.resources, registry.anchors)
    (keys, storage), catalog = gathered((keys_and_storage, registry.catalog), others)
    runtime = Runtime(config.settings, now, keys, registry, storage, catalog)
    catalog.past.read_with(runtime.scope_pins.earlier)
    return runtime


def gathered(makers: Sequence[Callable[[], Any]], others: Sequence[Callable[[], Any]] = ()) -> list[Any]:
    """What the makers return.

    :param others: called only when a maker has failed, to have their problems told too.
    :raises ConfigurationError: with the problems of all of them.
    """
    problems: list[str] = []
    made = [_made_by(make, problems) for make in makers]
    if problems:
        for make in others:
            _made_by(make, problems)
        raise ConfigurationError(problems)
    return made


def _made_by(make: Callable[[], Any], problems: list[str]) -> Any:
    try:
        return make()
    except ConfigurationError as error:
        problems += error.problems
