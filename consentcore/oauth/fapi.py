"""What the FAPI 2.0 Security Profile demands more than OAuth does, and of whom: of every application where
``consentcore.oauth.profile`` says so, else of those that are registered for it. Each rule stands where it is kept;
docs/fapi.md says where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.domain.client import FAPI2, TLS_METHODS, AuthMethod, ClientKind
from consentcore.domain.clock import MINUTE

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.settings import CoreSettings

METHODS = TLS_METHODS | {AuthMethod.PRIVATE_KEY_JWT}
"""How an application may authenticate itself (section 5.3.2.1)."""
ALGORITHMS = ("ES256", "EdDSA", "Ed25519", "PS256")
"""What signs (section 5.4.1)."""
LONGEST_CODE_MS = MINUTE
"""How long a code may be good (section 5.3.2.1), in milliseconds."""
LONGEST_PUSHED_S = 599
"""How long a pushed request may wait to be opened: less than 600 seconds (section 5.3.2.2)."""


def demanded(settings: CoreSettings, client: Client | None) -> bool:
    """Whether the profile holds for a client; None for one that is not known.

    An API only asks about tokens: the profile says nothing of how it does.
    """
    if settings.oauth.profile != FAPI2 and (client is None or client.profile != FAPI2):
        return False
    return client is None or client.kind is ClientKind.APPLICATION


def may_authenticate(settings: CoreSettings, client: Client) -> bool:
    """Whether the way in which a client authenticates itself is one of the profile, where that holds."""
    return not demanded(settings, client) or client.auth_method in METHODS
