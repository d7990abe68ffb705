"""Sends people to a badge reader and takes them back: who comes with ``badge=ADDRESS`` is that owner."""

import hashlib
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from consentcore.api import (
    Authenticated,
    InvalidInput,
    OwnerIdentity,
    PluginInfo,
    PluginKind,
    RedirectTo,
    Refused,
    hookimpl,
    normalise_email,
    setting,
    transact,
)


@dataclass(frozen=True)
class BadgeSettings:
    """``consentcore.plugin.badge.*``."""

    reader: str = setting("Where the badge reader is.", default="https://badges.example")


class Badge:
    label = "your badge"

    def __init__(self, settings, storage, clock):
        self._reader, self._storage, self._clock = settings.reader, storage, clock
        parts = urlsplit(settings.reader)
        self.origin = f"{parts.scheme}://{parts.netloc}"

    def begin(self, *, callback_url, fresh, now):
        state, word = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
        query = urlencode({"back": callback_url, "state": state, "fresh": int(fresh), "proof": _proof(word)})
        return RedirectTo(f"{self._reader}/read?{query}", state, word)

    def complete(self, returned):
        if "error" in returned.params:
            return Refused("cancelled")
        if returned.params.get("proof") != _proof(returned.transient) or returned.params.get("from") != self.origin:
            return Refused("failed")
        try:
            address = normalise_email(returned.params.get("badge", ""))
        except InvalidInput:
            return Refused("failed")

        def work(uow):
            owner = uow.owners.by_email(address)
            if owner is not None and uow.identities.get(self._reader, address) is None:
                uow.identities.add(OwnerIdentity(self._reader, address, owner.owner_id, returned.now))
            return owner

        owner = transact(self._storage, work)
        return Authenticated(owner.owner_id, "2", ("hwk",), returned.now) if owner else Refused("unknown")

    def end(self, *, return_url):
        return f"{self._reader}/out?{urlencode({'back': return_url})}"


def _proof(word):
    return hashlib.sha256(word.encode()).hexdigest()


@hookimpl
def consentcore_plugin():
    return PluginInfo("badge", PluginKind.LOGIN, "Reads badges.", api="1.0", settings=BadgeSettings)


@hookimpl
def consentcore_login(settings, storage, clock):
    return Badge(settings, storage, clock)
