"""What the plugins of one process make for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from consentcore.domain.notice import EVENT_PLUGIN
from consentcore.hooks.discretion import discreet
from consentcore.hooks.info import PluginKind
from consentcore.ports.login import LoginProvider, RedirectLogin

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.domain.scope import Catalog
    from consentcore.egress import EgressPolicy
    from consentcore.hooks.registry import Registry
    from consentcore.ports.delivery_log import OutboxStats
    from consentcore.ports.extension import Anchor
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.login import AnyLogin
    from consentcore.ports.notifier import CheckedNotifier, Notifier
    from consentcore.ports.resources import AnyResourceDirectory
    from consentcore.ports.storage import Storage
    from consentcore.settings import CoreSettings

T = TypeVar("T")


@dataclass
class PluginParts:
    """The plugins' parts of one process. What not every process needs is made at its first use, once, by whichever
    thread."""

    settings: CoreSettings
    clock: Clock
    keys: KeyRing
    registry: Registry
    storage: Storage
    catalog: Catalog
    _made: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)

    @property
    def login(self) -> AnyLogin:
        """The login provider."""
        return self._once("login", lambda: self.registry.login(self.storage, self.clock))

    @property
    def passwords(self) -> LoginProvider | None:
        """The login provider if it is one that keeps passwords."""
        return self.login if isinstance(self.login, LoginProvider) else None

    @property
    def redirect_login(self) -> RedirectLogin | None:
        """The login provider if it is one that sends people elsewhere."""
        return self.login if isinstance(self.login, RedirectLogin) else None

    @property
    def notifiers(self) -> Mapping[str, Notifier]:
        """The notifiers by plugin name, in the order of the configuration. Those whose plugin does not declare
        ``account_mail`` see nothing of accounts."""
        return self._once("notifiers", lambda: discreet(self.made_notifiers, self.registry))

    @property
    def made_notifiers(self) -> Mapping[str, Notifier]:
        """The notifiers as their plugins made them, for who has nothing to tell: see :attr:`notifiers`."""
        return self._once("made notifiers", lambda: self.registry.notifiers(self.clock))

    @property
    def checked_notifiers(self) -> Mapping[str, CheckedNotifier]:
        """Those that can be tried without telling anybody: their plugins declare ``check``."""
        names = self.registry.notifiers_with("check")
        return {name: cast("CheckedNotifier", self.made_notifiers[name]) for name in names}

    @property
    def delivered_by(self) -> tuple[str, ...]:
        """Names under which deliveries are made: notifiers, and ``event:NAME`` of plugins that are told of events."""
        events = (EVENT_PLUGIN + name for name in self.registry.event_plugins())
        return (*self.registry.names(PluginKind.NOTIFIER), *events)

    def outbox_stats(self, now: int) -> OutboxStats:
        """How full the outbox is, without what waits for notifiers no longer named.

        :raises StorageError: when the store fails.
        """
        return self.storage.delivery_log.stats(now, notifiers=self.delivered_by)

    @property
    def resources(self) -> Sequence[AnyResourceDirectory]:
        """Directories of what an owner has to choose from, as their plugins made them."""
        return self._once("resources", self._make_resources)

    @property
    def anchors(self) -> Mapping[str, Anchor]:
        """Places outside the database for signed checkpoints, by plugin name."""
        return self._once("anchors", self.registry.anchors)

    @property
    def egress(self) -> EgressPolicy:
        """The guard of outgoing requests, with the networks that the notifiers are allowed to reach."""
        return self._once("egress", self._make_egress)

    def _once(self, name: str, make: Callable[[], T]) -> T:
        found = self._made.get(name)
        if found is None:
            with self._lock:
                found = self._made.get(name)
                if found is None:
                    found = self._made[name] = make()
        return cast("T", found)

    def _make_resources(self) -> Sequence[AnyResourceDirectory]:
        made = self.registry.resources()
        names = self.registry.implementing("consentcore_resources")
        self.registry.demand_whole({"consentcore_resources": dict(zip(names, made, strict=True))})
        return made

    def _make_egress(self) -> EgressPolicy:
        from consentcore.egress import EgressPolicy

        settings = [self.registry.settings(name) for name in self.registry.names(PluginKind.NOTIFIER)]
        networks = [network for one in settings for network in getattr(one, "allow_networks", ())]
        return EgressPolicy(allow_networks=tuple(dict.fromkeys(networks)))
