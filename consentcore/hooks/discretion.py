"""Mails about an account open it: who has not declared ``account_mail`` never sees one, nor that there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from consentcore.domain.notice import Outcome, Reject
from consentcore.hooks.info import PluginKind

if TYPE_CHECKING:
    from consentcore.hooks.registry import Registry
    from consentcore.ports.notifier import Envelope, Notifier

ACCOUNT_MAIL = "account_mail"
"""Capability of a notifier that sends mail to the data owner alone: links that reset a password or confirm an address
go to it, and to no other."""

TO_DECLARE = 'PluginInfo(..., capabilities=frozenset({"account_mail"}))'
"""The line that makes a plugin one of them."""


class Discreet:
    """A notifier that has not declared ``account_mail``, as everybody else sees it."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    @property
    def retry_schedule_s(self) -> Sequence[float]:
        return self._notifier.retry_schedule_s

    def targets(self, envelope: Envelope) -> Sequence[str]:
        return () if envelope.notice.kind.is_account else self._notifier.targets(envelope)

    def send(self, envelope: Envelope, target: str) -> Outcome:
        if envelope.notice.kind.is_account:  # chosen by a version that knew no better
            return Reject("the plugin does not declare account_mail", error="account_mail")
        return self._notifier.send(envelope, target)


def discreet(notifiers: Mapping[str, Notifier], registry: Registry) -> Mapping[str, Notifier]:
    """The notifiers as they may be used."""
    mailers = account_mailers(registry)
    return {name: one if name in mailers else Discreet(one) for name, one in notifiers.items()}


def remarks(registry: Registry, *, passwords: bool) -> list[str]:
    """What an operator should know about who is given mails about accounts, one line each.

    :param passwords: whether passwords are kept here, so that somebody may want to reset one.
    """
    found = []
    mailers = account_mailers(registry)
    if passwords and not mailers:
        found.append(
            "no notifier is given mails about accounts (smtp, ses and devmail are): links that reset a password or "
            "confirm an address reach nobody, and the pages say so"
        )
    strangers = (name for name in registry.names(PluginKind.NOTIFIER) if not registry.is_bundled(name))
    return found + [
        f"notifier {registry.described(name)} does not declare account_mail and is given no mails about accounts; "
        f"if it mails data owners, and nobody else, it declares {TO_DECLARE}"
        for name in strangers
        if name not in mailers
    ]


def account_mailers(registry: Registry) -> tuple[str, ...]:
    """Names of the notifiers that are given mails about accounts."""
    return registry.notifiers_with(ACCOUNT_MAIL)
