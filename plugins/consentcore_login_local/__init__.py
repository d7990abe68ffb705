"""Login with e-mail and password, kept in consentcore's own storage."""

from __future__ import annotations

from dataclasses import dataclass

from consentcore.api import Clock, LoginProvider, PluginInfo, PluginKind, Storage, hookimpl, setting

__all__ = ["LoginLocalSettings", "consentcore_login", "consentcore_plugin"]


@dataclass(frozen=True)
class LoginLocalSettings:
    """Settings ``consentcore.plugin.login_local.*``."""

    failures_per_account: int = setting(
        "Wrong passwords for one account from one address within the window.",
        default=10,
        minimum=1,
        maximum=100_000,
    )
    failures_per_account_everywhere: int = setting(
        "Wrong passwords for one account from all addresses within the window; beyond, an address from which "
        "that account never signed in has one try a window.",
        default=100,
        minimum=1,
        maximum=1_000_000,
    )
    failures_per_address: int = setting(
        "Wrong passwords from one address for all accounts within the window; accounts that signed in from "
        "there before are not held up.",
        default=300,
        minimum=1,
        maximum=1_000_000,
    )
    window_s: int = setting("Length of the window.", default=300, minimum=1, maximum=86400)
    argon2_time_cost: int = setting("Passes of argon2id.", default=2, minimum=1, maximum=100)
    argon2_memory_kib: int = setting(
        "Memory of one argon2id computation in KiB.", default=19 * 1024, minimum=8, maximum=4 * 1024 * 1024
    )
    parallel_hashes: int = setting(
        "Passwords checked at a time in one process, and as many set at a time; each takes the memory above.",
        default=1,
        minimum=1,
        maximum=64,
    )


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="login_local",
        kind=PluginKind.LOGIN,
        summary="Signs data owners in with e-mail and password (argon2id).",
        settings=LoginLocalSettings,
    )


@hookimpl
def consentcore_login(settings: LoginLocalSettings, storage: Storage, clock: Clock) -> LoginProvider:  # noqa: ARG001
    """Make the provider."""
    from consentcore_login_local.provider import LocalLogin

    return LocalLogin(settings, storage)
