"""The plugins of one process: loaded by name, each with its own settings, called one at a time.

There is no module global: a registry belongs to a :class:`consentcore.runtime.Runtime`, and tests make their own.
"""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from consentcore.domain.errors import ConfigurationError
from consentcore.hooks.answers import check_claims, check_panels, merge_claims
from consentcore.hooks.calling import call
from consentcore.hooks.checks import HOOKS, capability_problem
from consentcore.hooks.errors import cause, describe_exception
from consentcore.hooks.info import PluginKind
from consentcore.hooks.joined_catalog import detail_types_of, joined, operations_of, scopes_of
from consentcore.hooks.key_providers import AskedProvider
from consentcore.hooks.loaded_plugins import LoadedPlugins
from consentcore.hooks.loading import load_objects, load_source
from consentcore.hooks.port_checks import missing_members
from consentcore.settings.binding import PREFIX

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.scope import Catalog
    from consentcore.ports.extension import (
        Anchor,
        ConsentContext,
        ConsentPanel,
        TokenContext,
    )
    from consentcore.ports.keys import KeyProvider, KeyRing
    from consentcore.ports.login import AnyLogin
    from consentcore.ports.notifier import Notifier
    from consentcore.ports.resources import AnyResourceDirectory
    from consentcore.ports.storage import Storage
    from consentcore.settings.binding import Source

log = logging.getLogger("consentcore.plugins")

T = TypeVar("T")
_WITHOUT_ANSWER = frozenset({"consentcore_configure", "consentcore_cli"})


class Registry(LoadedPlugins):
    """Makes what the process needs of its plugins, and tells them what happens."""

    @classmethod
    def load(cls, source: Source) -> Registry | None:
        """Import the plugins that a configuration names, and bind their settings.

        None when something is wrong; every problem is then in ``source.problems``.
        """
        plugins = load_source(source)
        return None if plugins is None else cls(plugins, source)

    @classmethod
    def from_plugins(
        cls, plugins: Mapping[str, object], settings: Mapping[str, Mapping[str, str] | object] | None = None
    ) -> Registry:
        """Make a registry from modules or objects, for tests.

        :param settings: for each name either texts as in an INI, or a finished settings object.
        :raises ConfigurationError: with every problem.
        """
        return cls(load_objects(plugins, settings or {}))

    def storage(self, clock: Clock, keys: KeyRing) -> Storage:
        """Make the storage.

        :raises ConfigurationError: when the plugin cannot, or says other things of it than it does itself.
        """
        name = self._only(PluginKind.STORAGE)
        made: Storage = self._make(name, "consentcore_storage", clock=clock, keys=keys)
        problem = capability_problem(self.info(name), made)
        if problem:
            raise ConfigurationError([self.placed(name, problem)])
        return made

    def login(self, storage: Storage, clock: Clock) -> AnyLogin:
        """Make the login provider.

        :raises ConfigurationError: when the plugin cannot.
        """
        made: AnyLogin = self._make(
            self._only(PluginKind.LOGIN), "consentcore_login", storage=storage, clock=clock
        )
        return made

    def catalog(self) -> Catalog:
        """Every scope of every catalog.

        :raises ConfigurationError: when one is defined twice, or a plugin fails.
        """
        named = self.names(PluginKind.SCOPES)
        catalogs = {name: self._make(name, "consentcore_scope_catalog") for name in named}
        scopes = {name: self._read(name, catalog, scopes_of) for name, catalog in catalogs.items()}
        calls = {name: self._read(name, catalog, operations_of) for name, catalog in catalogs.items()}
        where = {name: self._source.where(PREFIX + "scopes") if self._source else "" for name in named}
        details = {name: self._read(name, catalog, detail_types_of) for name, catalog in catalogs.items()}
        return joined(scopes, calls, where, details)

    def notifiers(self, clock: Clock) -> dict[str, Notifier]:
        """Make the notifiers, by name, in the order of the configuration.

        :raises ConfigurationError: with the problems of all of them.
        """
        made: dict[str, Notifier] = {}
        problems: list[str] = []
        for name in self.names(PluginKind.NOTIFIER):
            try:
                made[name] = self._make(name, "consentcore_notifier", clock=clock)
            except ConfigurationError as error:
                problems += error.problems
        if problems:
            raise ConfigurationError(problems)
        return made

    def resources(self) -> list[AnyResourceDirectory]:
        """Make the directories of what an owner has to choose from."""
        return [
            self._make(name, "consentcore_resources") for name in self.implementing("consentcore_resources")
        ]

    def anchors(self) -> dict[str, Anchor]:
        """Make the anchors, by plugin name; those of a plugin that makes several by ``PLUGIN:NAME``."""
        found: dict[str, Anchor] = {}
        for plugin in self.implementing("consentcore_anchor"):
            made = self._make(plugin, "consentcore_anchor")
            several = made if isinstance(made, Mapping) else {"": made}
            found |= {f"{plugin}:{name}" if name else plugin: anchor for name, anchor in several.items()}
        return found

    def key_provider(self, name: str) -> KeyProvider:
        """Make the source of master keys that ``consentcore.keys = provider:NAME`` names.

        :raises ConfigurationError: when no extension offers one of that name.
        """
        known = self.implementing("consentcore_key_provider")
        if name not in known:
            offered = ", ".join(known) or "none"
            raise ConfigurationError(
                [f"no key provider {name} among consentcore.extensions (there: {offered})"]
            )
        made: KeyProvider = self._make(name, "consentcore_key_provider")
        return AskedProvider(made, f"plugin {self.described(name)}")

    def panels(self, context: ConsentContext) -> list[ConsentPanel]:
        """Extra panels of the consent page, in the order of the configuration. A plugin that fails is left out."""
        found: list[ConsentPanel] = []
        for name in self.implementing("consentcore_consent_panels"):
            read = call(partial(self._panels_of, name, context))
            if read.error is None:
                found += read.answer
            else:
                _left_out(name, "consentcore_consent_panels", read.error)
        return found

    @property
    def adds_claims(self) -> bool:
        """Whether :meth:`claims` asks anybody."""
        return bool(self.implementing("consentcore_token_claims"))

    def claims(self, context: TokenContext) -> dict[str, object]:
        """Extra claims of an introspection answer or a JWT access token. A plugin that fails is left out.

        :raises ConfigurationError: when a claim is reserved, or given by two plugins.
        """
        names = self.implementing("consentcore_token_claims")
        return merge_claims({name: self._claims_of(name, context) for name in names})

    def event_plugins(self) -> tuple[str, ...]:
        """Names of the plugins that want to be told of consent events, see :meth:`tell_event`."""
        return self.implementing("consentcore_event")

    def tell_event(self, name: str, event: ConsentEvent) -> None:
        """Tell one plugin of a consent event. Raises what it raises: the worker tries again.

        :raises TypeError: when it is a coroutine, which nobody would ever run.
        """
        answer = self.call(name, "consentcore_event", event=event)
        if inspect.iscoroutine(answer):
            answer.close()
            raise TypeError("consentcore_event is called from a thread, no coroutine can be waited for")

    def demand_whole(self, made: Mapping[str, Mapping[str, object]]) -> None:
        """Refuse what lacks a method or attribute that will be asked for.

        :param made: by hook, and by the name of the plugin, or ``PLUGIN:NAME``.
        :raises ConfigurationError: with everything that is missing.
        """
        problems = []
        for hook, several in made.items():
            for name, one in several.items():
                plugin = name.partition(":")[0]
                missing = missing_members(hook, one, self.info(plugin).capabilities)
                problems += [self.placed(plugin, problem) for problem in missing]
        if problems:
            raise ConfigurationError(problems)

    def configure(self, config: Any) -> None:
        """Let plugins add routes, views and static files.

        :raises ConfigurationError: when one fails.
        """
        for name in self.implementing("consentcore_configure"):
            self._make(name, "consentcore_configure", config=config)

    def cli(self, group: Any, names: Sequence[str] | None = None) -> None:
        """Let plugins add commands.

        :param names: only these; None is all that have some.
        :raises ConfigurationError: when one fails.
        """
        for name in self.implementing("consentcore_cli") if names is None else names:
            self._make(name, "consentcore_cli", group=group)

    def _read(self, name: str, catalog: Any, reader: Callable[[Any], T]) -> T:
        """What a catalog says; a failure is told with the place of the plugin's name."""
        read = call(partial(reader, catalog))
        if read.error is None or isinstance(read.error, ConfigurationError):
            return read.answer
        problem = f"its {reader.__name__.removesuffix('_of')} failed: {cause(read.error)}"
        raise ConfigurationError([self.placed(name, problem)]) from read.error

    def _panels_of(self, name: str, context: ConsentContext) -> list[ConsentPanel]:
        return check_panels(self.call(name, "consentcore_consent_panels", context=context))

    def _claims_of(self, name: str, context: TokenContext) -> Mapping[str, object]:
        read = call(lambda: check_claims(self.call(name, "consentcore_token_claims", context=context)))
        if read.error is None:
            return read.answer
        _left_out(name, "consentcore_token_claims", read.error)
        return {}

    def _only(self, kind: PluginKind) -> str:
        names = self.names(kind)
        if len(names) != 1:
            raise ConfigurationError([f"consentcore.{kind}: expected exactly one plugin, not {len(names)}"])
        return names[0]

    def placed(self, name: str, problem: str) -> str:
        """A plugin's complaint with file and line: of the setting that it names, else of the plugin's own name."""
        text = f"plugin {self._plugins[name]}: {problem}"
        if self._source is None:
            return text
        named = re.match(r"consentcore\.plugin\.[\w.]+", problem)
        key = named.group() if named else PREFIX + self.info(name).kind.value
        return f"{self._source.where(key)}: {text}"

    def _make(self, name: str, hook: str, **arguments: object) -> Any:
        if "settings" in HOOKS[hook]:
            arguments["settings"] = self._plugins[name].settings
        read = call(partial(self.call, name, hook, **arguments))
        error = read.error
        if isinstance(error, ConfigurationError):
            raise ConfigurationError([self.placed(name, line) for line in error.problems]) from error
        if error is not None:
            log.debug("plugin %s: %s failed", name, hook, exc_info=error)
            raise ConfigurationError([self.placed(name, f"{hook} failed: {cause(error)}")]) from error
        made = read.answer
        if made is None and hook not in _WITHOUT_ANSWER:
            raise ConfigurationError([self.placed(name, f"{hook} returned nothing")])
        return made


def _left_out(name: str, hook: str, error: BaseException) -> None:
    log.error("plugin %s: %s failed, its part is left out: %s", name, hook, describe_exception(error))
    log.debug("plugin %s: %s failed", name, hook, exc_info=error)
