"""joserfc's rules for JSON Web Signatures (RFC 7515), narrowed to the algorithms that somebody names."""

from __future__ import annotations

from copy import copy
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from joserfc.jws import JWSRegistry


@cache
def registry(
    algorithms: tuple[str, ...],
    *,
    max_header: int = 512,
    max_payload: int = 128_000,
    any_header: bool = False,
) -> JWSRegistry:
    """Rules that know these algorithms and nothing else.

    RFC 9864 renames EdDSA to Ed25519, which neither clients nor servers say yet, so the library's warning is left out.

    :param algorithms: names from RFC 7518 and RFC 8037.
    :param max_header: bytes.
    :param max_payload: bytes.
    :param any_header: take headers that no RFC registers; who asks for it has judged the header before.
    """
    from joserfc.jws import JWSRegistry

    class Registry(JWSRegistry):
        max_header_length = max_header
        max_payload_length = max_payload

    # Copies: what a plugin in this process reads from the library's own must stay as the library says it.
    Registry.algorithms = {name: copy(JWSRegistry.algorithms[name]) for name in algorithms}
    for algorithm in Registry.algorithms.values():
        algorithm.security_warning = None
    return Registry(algorithms=list(algorithms), strict_check_header=not any_header)
