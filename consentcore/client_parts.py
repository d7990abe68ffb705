"""What one process needs of applications, and of what they are told, put together over what consents are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.consent_parts import ConsentParts

if TYPE_CHECKING:
    from consentcore.clients.access import ClientAccess
    from consentcore.clients.documents import Documents
    from consentcore.clients.grants import ClientGrants
    from consentcore.clients.registration_tokens import RegistrationTokens
    from consentcore.clients.service import ClientService
    from consentcore.clients.strangers import StrangerRules
    from consentcore.webhooks.delivery_log import DeliveryLog
    from consentcore.webhooks.event_feed import EventFeed
    from consentcore.webhooks.service import WebhookService


@dataclass
class ClientParts(ConsentParts):
    """The services of applications; each is made at its first use, like those of plugins."""

    @property
    def clients(self) -> ClientService:
        """Where clients are registered and changed."""
        return self._once("clients", self._make_clients)

    @property
    def registration_tokens(self) -> RegistrationTokens:
        """What lets applications register themselves."""
        return self._once("registration tokens", self._make_registration_tokens)

    @property
    def stranger_rules(self) -> StrangerRules | None:
        """What applications may have that no operator has registered; None where there are none."""
        return self._once("stranger rules", self._make_stranger_rules)

    @property
    def client_access(self) -> ClientAccess:
        """Where applications are kept out, and let in again."""
        return self._once("client access", self._make_client_access)

    @property
    def client_grants(self) -> ClientGrants:
        """What clients see of their grants."""
        return self._once("client grants", self._make_client_grants)

    @property
    def event_feed(self) -> EventFeed:
        """What clients were, or should have been, told."""
        return self._once("event feed", self._make_event_feed)

    @property
    def webhooks(self) -> WebhookService:
        """Where webhook endpoints are made and changed."""
        return self._once("webhooks", self._make_webhooks)

    @property
    def delivery_log(self) -> DeliveryLog:
        """What people see of deliveries."""
        return self._once("delivery log", self._make_delivery_log)

    def _make_clients(self) -> ClientService:
        from consentcore.clients.service import ClientService

        profile = self.settings.oauth.profile or ""
        return ClientService(self.keys, self.clock, self.catalog, lambda: self.egress, profile)

    def _make_documents(self) -> Documents | None:
        hosts, rules = self.settings.registration.documents, self.stranger_rules
        if not hosts or rules is None:
            return None
        from consentcore.clients.documents import Documents

        profile = self.settings.oauth.profile or ""
        return Documents(lambda: self.egress, self.clock, self.catalog, rules, hosts=hosts, profile=profile)

    def _make_registration_tokens(self) -> RegistrationTokens:
        from consentcore.clients.registration_tokens import RegistrationTokens

        return RegistrationTokens(self.clock)

    def _make_stranger_rules(self) -> StrangerRules | None:
        if self.settings.registration.endpoint == "off" and not self.settings.registration.documents:
            return None
        from consentcore.clients.strangers import stranger_rules

        return stranger_rules(self.settings.registration, self.catalog)

    def _make_client_access(self) -> ClientAccess:
        from consentcore.clients.access import ClientAccess

        return ClientAccess(storage=self.storage, clock=self.clock, consents=self.service)

    def _make_client_grants(self) -> ClientGrants:
        from consentcore.clients.grants import ClientGrants

        return ClientGrants(
            self.keys, self.clock, self.service, self.settings.issuer.rstrip("/"), self.directories
        )

    def _make_event_feed(self) -> EventFeed:
        from consentcore.webhooks.event_feed import EventFeed

        return EventFeed(
            self.keys,
            self.clock,
            self.service,
            self.settings.issuer,
            self.storage.capabilities,
            self.published_log.checkpoint,
        )

    def _make_webhooks(self) -> WebhookService:
        from consentcore.webhooks.service import WebhookService

        return WebhookService(self.storage, self.keys, self.clock, lambda: self.egress)

    def _make_delivery_log(self) -> DeliveryLog:
        from consentcore.webhooks.delivery_log import DeliveryLog

        return DeliveryLog(self.storage, self.clock, self.delivered_by)
