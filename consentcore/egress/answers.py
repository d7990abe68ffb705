"""What comes of an outgoing request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from consentcore.domain.errors import ConsentcoreError


class EgressError(ConsentcoreError):
    """A request got no answer.

    :param error_class: ``dns``, ``connect``, ``tls``, ``timeout``, ``blocked_address`` or ``http``.
    :ivar latency_ms: how long it took to find out.
    """

    def __init__(self, error_class: str, detail: str = "", latency_ms: int = 0) -> None:
        super().__init__(f"{error_class}: {detail}" if detail else error_class)
        self.error_class = error_class
        self.latency_ms = latency_ms


@dataclass(frozen=True, slots=True)
class EgressResponse:
    """An answer: header names in lower case (the first of each), at most 64 kB of body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    latency_ms: int
