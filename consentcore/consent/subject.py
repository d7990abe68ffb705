"""The name under which a client knows an owner (OpenID Connect Core section 8.1)."""

from __future__ import annotations

from base64 import urlsafe_b64encode

from consentcore.ports.keys import KeyRing


def pairwise_subject(keys: KeyRing, client_id: str, owner_id: str) -> str:
    """Return the ``sub``: 43 characters of base64url, the same for ever, different for every client.

    It comes from the oldest key of the ring, so that rotating keys renames nobody.
    """
    mac = keys.stable_mac("pairwise", f"{client_id}|{owner_id}".encode())
    return urlsafe_b64encode(mac).rstrip(b"=").decode()
