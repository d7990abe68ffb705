"""What happens once: assertions, and pushed requests."""

from __future__ import annotations

from consentcore.api import OneUse, PushedRequest
from consentcore_memory.engine import Engine
from consentcore_memory.state import State


class MemoryOnce:
    """The verbs of :class:`consentcore.api.ProtocolStorage` for what may be used once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def use_once(self, key_hash: bytes, now: int, expires_at: int) -> bool:
        with self._engine.writing() as state:
            until = state.used_once.get(key_hash)
            if until is not None and now < until:
                return False
            state.used_once.put(key_hash, expires_at)
            return True

    def push_request(self, pushed: PushedRequest, one_use: OneUse | None = None) -> bool:
        with self._engine.writing() as state:
            if used_before(state, one_use):
                return False
            note(state, one_use)
            state.pushed.put(pushed.request_hash, pushed)
            return True

    def take_pushed(self, request_hash: bytes, client_id: str, now: int) -> PushedRequest | None:
        with self._engine.writing() as state:
            found = state.pushed.get(request_hash)
            if found is None or found.client_id != client_id or now >= found.expires_at:
                return None
            state.pushed.drop([request_hash])
            return found


def used_before(state: State, one_use: OneUse | None) -> bool:
    """Whether it is still known that something was used."""
    return one_use is not None and state.used_once.get(one_use.key_hash) is not None


def note(state: State, one_use: OneUse | None) -> None:
    """Note that it is used now."""
    if one_use is not None:
        state.used_once.put(one_use.key_hash, one_use.expires_at)
