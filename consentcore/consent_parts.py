"""What one process needs of consents and their evidence, put together over what its plugins make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.plugin_parts import PluginParts
from consentcore.settings import controller_of

if TYPE_CHECKING:
    from consentcore.consent.bundle.service import Bundles
    from consentcore.consent.choice import ChoiceRules
    from consentcore.consent.evidence.publication import LogPublication
    from consentcore.consent.evidence.service import EvidenceLog
    from consentcore.consent.receipts import Receipts
    from consentcore.consent.scope_pins import ScopePins
    from consentcore.consent.service import ConsentService
    from consentcore.domain.controller import Controller
    from consentcore.hooks.resource_directories import Directories
    from consentcore.i18n import Languages
    from consentcore.metrics import Meters
    from consentcore.operators.erasure import Erasure
    from consentcore.operators.looks import OperatorLooks
    from consentcore.operators.resealing import Resealing


@dataclass
class ConsentParts(PluginParts):
    """The parts that consents and their evidence are made of; each is made at its first use, like those of plugins."""

    @property
    def languages(self) -> Languages:
        """The languages that pages and mails are offered in."""
        return self._once("languages", self._make_languages)

    @property
    def service(self) -> ConsentService:
        """The one place where grants change."""
        return self._once("service", self._make_service)

    @property
    def scope_pins(self) -> ScopePins:
        """What the catalog said before."""
        return self._once("scope pins", self._make_scope_pins)

    @property
    def erasure(self) -> Erasure:
        """What erases people, and forgets what is older than it may become."""
        return self._once("erasure", self._make_erasure)

    @property
    def resealing(self) -> Resealing:
        """What seals records anew that an older key has sealed."""
        return self._once("resealing", self._make_resealing)

    @property
    def controller(self) -> Controller:
        """What the operator says of itself in records of consent."""
        return controller_of(self.settings)

    @property
    def receipts(self) -> Receipts:
        """What people are given to keep of a decision."""
        return self._once("receipts", self._make_receipts)

    @property
    def directories(self) -> Directories:
        """What owners have to choose from, by all plugins together."""
        return self._once("directories", self._make_directories)

    @property
    def choice_rules(self) -> ChoiceRules:
        """What has to be chosen of that, for which scopes."""
        return self._once("choice rules", self._make_choice_rules)

    @property
    def meters(self) -> Meters:
        """What is counted for Prometheus."""
        return self._once("meters", self._make_meters)

    @property
    def evidence(self) -> EvidenceLog:
        """The log of evidence, as operators use it."""
        return self._once("evidence", self._make_evidence)

    @property
    def published_log(self) -> LogPublication:
        """What everybody may read of it."""
        return self._once("published log", self._make_published_log)

    @property
    def bundles(self) -> Bundles:
        """What auditors are given, and what they bring."""
        return self._once("bundles", self._make_bundles)

    @property
    def looks(self) -> OperatorLooks:
        """What operators have looked at."""
        return self._once("looks", self._make_looks)

    def _make_looks(self) -> OperatorLooks:
        from consentcore.operators.looks import OperatorLooks

        return OperatorLooks(self.storage, self.keys, self.clock)

    def _make_evidence(self) -> EvidenceLog:
        from consentcore.consent.evidence.service import EvidenceLog
        from consentcore.consent.evidence.signer import origin_of

        origin = origin_of(self.settings.issuer)
        return EvidenceLog(self.storage, self.keys, self.clock, origin, lambda: self.anchors)

    def _make_published_log(self) -> LogPublication:
        from consentcore.consent.evidence.publication import LogPublication

        return LogPublication(self.storage, self.keys, self.evidence.origin)

    def _make_bundles(self) -> Bundles:
        from consentcore.consent.bundle.service import Bundles

        return Bundles(self.settings.issuer.rstrip("/"), self.evidence, self.published_log)

    def _make_languages(self) -> Languages:
        from consentcore.i18n import Languages

        return Languages(self.settings.web.default_locale, self.settings.web.theme)

    def _make_service(self) -> ConsentService:
        from consentcore.consent.service import ConsentService

        return ConsentService(
            keys=self.keys,
            clock=self.clock,
            catalog=self.catalog,
            code_ttl_ms=self.settings.oauth.code_ttl_s * 1000,
            grant_days=self.settings.consent.default_days,
            controller=self.controller,
            offered_days=self.settings.consent.durations,
            rules=self.choice_rules,
        )

    def _make_scope_pins(self) -> ScopePins:
        from consentcore.consent.scope_pins import ScopePins

        return ScopePins(self.storage, self.keys, self.clock, self.catalog)

    def _make_receipts(self) -> Receipts:
        from consentcore.consent.receipt_link import ReceiptLinks
        from consentcore.consent.receipts import Receipts

        links = ReceiptLinks(self.keys, self.settings.web_url)
        return Receipts(self.keys, self.catalog, self.languages, links, self.settings.issuer.rstrip("/"))

    def _make_erasure(self) -> Erasure:
        from consentcore.operators.erasure import Erasure

        return Erasure(self.storage, self.keys, self.clock, self.service)

    def _make_resealing(self) -> Resealing:
        from consentcore.operators.resealing import Resealing

        issuer = self.settings.issuer
        return Resealing(self.storage, self.keys, self.clock, self.evidence, self.catalog, issuer)

    def _make_directories(self) -> Directories:
        from consentcore.hooks.resource_directories import Directories, NamedDirectory

        names = self.registry.implementing("consentcore_resources")
        named = [
            NamedDirectory(name, made, "local" in self.registry.info(name).capabilities)
            for name, made in zip(names, self.resources, strict=True)
        ]
        kinds = self.catalog.resource_kinds
        return Directories(named, kinds, overdue=self._note_overdue)

    def _note_overdue(self, plugin: str) -> None:
        self.meters.overdue(plugin)

    def _make_choice_rules(self) -> ChoiceRules:
        from consentcore.consent.choice import ChoiceRules

        optional = bool(self.directories) and not self.catalog.resource_kinds
        return ChoiceRules(self.catalog, self.directories.kinds, optional)

    def _make_meters(self) -> Meters:
        from importlib.metadata import version

        from consentcore.metrics import Meters

        return Meters(self.outbox_stats, self.clock, version("consentcore"))
