"""The plugins that a process has loaded: what is known of each, and how one of them is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pluggy

from consentcore.hooks import specs
from consentcore.hooks.checks import hooks_of
from consentcore.hooks.info import PluginInfo, PluginKind
from consentcore.hooks.loading import Loaded

if TYPE_CHECKING:
    from consentcore.settings.binding import Source


class LoadedPlugins:
    """Loaded plugins, in the order in which the configuration names them."""

    def __init__(self, plugins: Sequence[Loaded], source: Source | None = None) -> None:
        self._source = source
        self._plugins = {plugin.name: plugin for plugin in plugins}
        self._manager = pluggy.PluginManager(specs.PROJECT)
        self._manager.add_hookspecs(specs)
        for plugin in plugins:
            self._manager.register(plugin.module, plugin.name)
        self._manager.check_pending()
        self._hooks = {plugin.name: frozenset(hooks_of(plugin.module)) for plugin in plugins}

    def names(self, kind: PluginKind | None = None) -> tuple[str, ...]:
        """Names of the plugins, or of those of one kind."""
        return tuple(name for name, plugin in self._plugins.items() if kind in {None, plugin.info.kind})

    def info(self, name: str) -> PluginInfo:
        """The manifest of a plugin.

        :raises KeyError: when it is not loaded.
        """
        return self._plugins[name].info

    def settings(self, name: str) -> Any:
        """The bound settings of a plugin.

        :raises KeyError: when it is not loaded.
        """
        return self._plugins[name].settings

    def implementing(self, hook: str) -> tuple[str, ...]:
        """Names of the plugins that implement a hook."""
        return tuple(name for name in self._plugins if hook in self._hooks[name])

    def call(self, name: str, hook: str, **arguments: object) -> Any:
        """Call the hook of one plugin and return what it returns. Raises what it raises."""
        others = [plugin.module for plugin in self._plugins.values() if plugin.name != name]
        answers = self._manager.subset_hook_caller(hook, others)(**arguments)
        return answers[0] if answers else None

    def notifiers_with(self, capability: str) -> tuple[str, ...]:
        """Names of the notifiers whose plugins declare a capability."""
        return tuple(
            name for name in self.names(PluginKind.NOTIFIER) if capability in self.info(name).capabilities
        )

    def described(self, name: str) -> str:
        """A plugin with its distribution, if it was installed."""
        return str(self._plugins[name])

    def is_bundled(self, name: str) -> bool:
        """Whether a plugin comes with the product."""
        return self.distribution(name) == specs.PROJECT

    def distribution(self, name: str) -> str:
        """The name of the distribution that a plugin was installed with; "" when it was not installed."""
        installed = self._plugins[name].installed
        return installed.distribution if installed else ""
