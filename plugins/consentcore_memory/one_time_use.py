"""What happens once: assertions, and pushed requests."""

from __future__ import annotations

from consentcore.api import PushedRequest
from consentcore_memory.engine import Engine


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

    def push_request(self, pushed: PushedRequest) -> None:
        with self._engine.writing() as state:
            state.pushed.put(pushed.request_hash, pushed)

    def take_pushed(self, request_hash: bytes, client_id: str, now: int) -> PushedRequest | None:
        with self._engine.writing() as state:
            found = state.pushed.get(request_hash)
            if found is None or found.client_id != client_id or now >= found.expires_at:
                return None
            state.pushed.drop([request_hash])
            return found
