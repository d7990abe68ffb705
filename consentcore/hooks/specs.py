"""The hooks. Names, arguments and meaning are a contract; arguments may be added, never removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click
    from pyramid.config import Configurator

    from consentcore.domain.clock import Clock
    from consentcore.domain.event import ConsentEvent
    from consentcore.hooks.info import PluginInfo
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
    from consentcore.ports.scopes import ScopeCatalog
    from consentcore.ports.storage import Storage

PROJECT = "consentcore"
ENTRY_POINT_GROUP = "consentcore.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as the hook that it is named after."""


@hookspec
def consentcore_plugin() -> PluginInfo:
    """Say who you are. Called once after import, before any setting is read; required of every plugin."""
    raise NotImplementedError


@hookspec
def consentcore_storage(settings: Any, clock: Clock, keys: KeyRing) -> Storage:
    """Make the storage. Called once per process, for the plugin named in ``consentcore.storage`` only.

    :param settings: your settings class, filled. Must not connect: the first use does.
    """
    raise NotImplementedError


@hookspec
def consentcore_login(settings: Any, storage: Storage, clock: Clock) -> AnyLogin:
    """Make the login provider: one that keeps passwords, or one that sends people elsewhere.

    Called once per process, for the plugin named in ``consentcore.login`` only.
    """
    raise NotImplementedError


@hookspec
def consentcore_scope_catalog(settings: Any) -> ScopeCatalog:
    """Make a scope catalog. Called once per process and plugin named in ``consentcore.scopes``."""
    raise NotImplementedError


@hookspec
def consentcore_notifier(settings: Any, clock: Clock) -> Notifier:
    """Make a notifier. Called once per process that sends, for each plugin named in ``consentcore.notifiers``."""
    raise NotImplementedError


@hookspec
def consentcore_resources(settings: Any) -> AnyResourceDirectory:
    """Make a directory of what an owner has to choose from: sites, meters, devices. Called once per process.

    A plugin that declares the capability ``local`` answers at once, without asking anybody; every other one is called
    where it holds nobody up who does not wait for it.
    """
    raise NotImplementedError


@hookspec
def consentcore_anchor(settings: Any) -> Anchor | Mapping[str, Anchor]:
    """Make a place outside the database where signed checkpoints are kept, or several, by a name for each."""
    raise NotImplementedError


@hookspec
def consentcore_key_provider(settings: Any) -> KeyProvider:
    """Make the source of master keys; used when ``consentcore.keys = provider:NAME`` names you."""
    raise NotImplementedError


@hookspec
def consentcore_consent_panels(context: ConsentContext) -> Sequence[ConsentPanel]:
    """Give extra panels for the consent page. Called while the page is made; an exception leaves yours out."""
    raise NotImplementedError


@hookspec
def consentcore_token_claims(context: TokenContext) -> Mapping[str, object]:
    """Give extra claims for introspection answers and JWT access tokens, as values that JSON can hold.

    Called at each introspection of a live token and whenever a JWT is made; an exception leaves yours out. A claim
    that two plugins give, or a reserved one, makes the answer an error. A JWT holds 2,900 bytes of claims in all.
    """
    raise NotImplementedError


@hookspec
def consentcore_event(event: ConsentEvent) -> None:
    """Take note of a consent event. Called by the worker, at least once; an exception means try again."""
    raise NotImplementedError


@hookspec
def consentcore_configure(config: Configurator, settings: Any) -> None:
    """Add routes, views and static files, as a Pyramid ``includeme`` would."""
    raise NotImplementedError


@hookspec
def consentcore_cli(group: click.Group) -> None:
    """Add commands to the ``consentcore`` command line."""
    raise NotImplementedError
