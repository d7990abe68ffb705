"""Tiny plugins: one for each hook, as an author would write them, and a way to install strange ones."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from consentcore.api import (
    Authenticated,
    ConsentPanel,
    Delivered,
    NoSettings,
    PluginInfo,
    PluginKind,
    Refused,
    Resource,
    Scope,
    hookimpl,
    setting,
)
from consentcore.hooks.versions import API_VERSIONS


@dataclass(frozen=True)
class Greeting:
    """Settings of the tiny plugins."""

    word: str = setting("What to say.", default="hello")


def module(kind: PluginKind, settings: type = NoSettings, **functions: object) -> ModuleType:
    """A plugin module that implements ``functions``; ``own_name`` is what it calls itself."""
    made = ModuleType("tiny")
    made.own_name = "tiny"

    @hookimpl
    def consentcore_plugin() -> PluginInfo:
        return PluginInfo(
            name=made.own_name, kind=kind, summary="Tiny.", api=API_VERSIONS[kind], settings=settings
        )

    made.consentcore_plugin = consentcore_plugin
    for name, function in functions.items():
        setattr(made, name, hookimpl(function))
    return made


class Login:
    """Knows one person."""

    def __init__(self, settings, storage, clock):
        self.settings, self.storage, self.clock = settings, storage, clock

    def authenticate(self, attempt):
        return Authenticated("ada", "1", ("pwd",)) if attempt.password == self.settings.word else Refused()

    def set_password(self, uow, owner_id, password): ...


class Catalog:
    def __init__(self, *ids):
        self._ids = ids

    def scopes(self):
        return [Scope(scope_id, scope_id.title(), "Sees it.") for scope_id in self._ids]


class Notifier:
    retry_schedule_s = (1.0,)

    def __init__(self, settings, clock):
        self.settings, self.clock = settings, clock

    def targets(self, envelope):
        return ["somebody"]

    def send(self, envelope, target):
        return Delivered()


class Directory:
    def resources(self, owner):
        return [Resource("site-1", f"The house of {owner.name}")]


class Anchor:
    def __init__(self):
        self.kept = []

    def publish(self, checkpoint):
        self.kept.append(checkpoint)


class Vault:
    def master_keys(self):
        return [("vault1", b"v" * 32)]


def panels(word):
    def consentcore_consent_panels(context):
        return [ConsentPanel(word, f"{context.client.name} asks")]

    return consentcore_consent_panels


def claims(**given):
    def consentcore_token_claims(context):
        return given

    return consentcore_token_claims


def install(folder: Path, distribution: str, version: str, *, code: str = "", **points: str) -> Path:
    """Put a distribution with entry points into ``folder``, as pip would: metadata and one module.

    :param code: of the module ``tiny_DISTRIBUTION``.
    :param points: plugin name to what it points to.
    """
    info = folder / f"{distribution}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    lines = "".join(f"{name} = {target}\n" for name, target in points.items())
    (info / "entry_points.txt").write_text(f"[consentcore.plugins]\n{lines}")
    if code:
        (folder / f"tiny_{distribution}.py").write_text(textwrap.dedent(code))
    return folder
