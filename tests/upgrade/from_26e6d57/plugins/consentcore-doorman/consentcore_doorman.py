"""Passwords in a file of its own, hashed with scrypt."""

import hashlib
import hmac
import json
import os
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

from consentcore.api import (
    MINUTE,
    Authenticated,
    InvalidInput,
    PluginInfo,
    PluginKind,
    Refused,
    Throttled,
    hookimpl,
    normalise_email,
    setting,
    window_left_s,
)


@dataclass(frozen=True)
class DoormanSettings:
    """``consentcore.plugin.doorman.*``."""

    path: Path = setting("Where the passwords are kept.")
    shortest: int = setting("Characters that a password needs.", default=10, minimum=1, maximum=100)


class Doorman:
    def __init__(self, settings, storage, clock):
        self._settings, self._storage, self._clock = settings, storage, clock
        self._lock = threading.Lock()

    def authenticate(self, attempt):
        key = f"doorman:{attempt.email.lower()}"
        with self._storage.reading() as uow:
            try:
                owner = uow.owners.by_email(normalise_email(attempt.email))
            except InvalidInput:
                owner = None
        salt, kept = self._passwords().get(owner.owner_id if owner else "", ["00", "00"])
        if hmac.compare_digest(_hashed(attempt.password, salt), kept) and owner is not None:
            self._storage.counters.reset(key)
            return Authenticated(owner.owner_id, "1", ("pwd",))
        if self._storage.counters.hit(key, attempt.now, MINUTE) > 20:
            return Throttled(window_left_s(attempt.now, MINUTE))
        return Refused()

    def set_password(self, uow, owner_id, password):
        if len(password) < self._settings.shortest:
            raise InvalidInput("password", f"expected {self._settings.shortest} characters or more")
        if len(password) > 1024:
            raise InvalidInput("password", "expected 1024 characters or fewer")
        if password.lower() in {"password12", "1234567890", "passwordpassword"}:
            raise InvalidInput("password", "expected one that is not common")
        salt = secrets.token_hex(16)
        with self._lock:
            everything = {**self._passwords(), owner_id: [salt, _hashed(password, salt)]}
            fresh = self._settings.path.with_suffix(".new")
            fresh.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(everything))
            os.replace(fresh, self._settings.path)

    def _passwords(self):
        try:
            return json.loads(self._settings.path.read_text())
        except FileNotFoundError:
            return {}


def _hashed(password, salt):
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=bytes.fromhex(salt), n=64, r=8, p=1).hex()


@hookimpl
def consentcore_plugin():
    return PluginInfo("doorman", PluginKind.LOGIN, "Passwords in a file.", api="1.0", settings=DoormanSettings)


@hookimpl
def consentcore_login(settings, storage, clock):
    return Doorman(settings, storage, clock)
