"""What ``aud`` of the assertions of a client may be: as it is registered, where no setting says so for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.domain.client import AuthMethod
from consentcore.domain.errors import InvalidInput

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.runtime import Runtime

CAPABILITY = "client_assertion_audience"
"""Of a storage plugin: it keeps ``Client.assertion_audience``."""
CHOICES = ("issuer", "endpoint")
SETTING = "consentcore.oauth.assertion_audience"


def kept(runtime: Runtime, wanted: str) -> str:
    """The value to store: "", which is as before, where the storage is older than the choice.

    :raises InvalidInput: field ``assertion_audience``, when it is none.
    """
    if wanted not in CHOICES:
        raise InvalidInput("assertion_audience", f"expected one of {', '.join(CHOICES)}")
    return wanted if is_kept(runtime) else ""


def is_kept(runtime: Runtime) -> bool:
    """Whether the storage keeps the choice."""
    return runtime.registry.storage_declares(CAPABILITY)


def remark(runtime: Runtime, client: Client) -> str:
    """What has to be said of a new client whose storage forgets the choice; "" mostly."""
    if client.auth_method is not AuthMethod.PRIVATE_KEY_JWT or client.assertion_audience:
        return ""
    if runtime.settings.oauth.assertion_audience:
        return ""
    return (
        f"The storage {runtime.settings.storage} does not keep what aud the assertions of a client may have: those of "
        f"this one may name the endpoint that they are sent to. {SETTING} = issuer refuses that for all clients."
    )


def check_kept(runtime: Runtime) -> None:
    """:raises InvalidInput: field ``assertion_audience``, when the storage does not keep it."""
    if not is_kept(runtime):
        expected = (
            f"expected nothing: the storage {runtime.settings.storage} does not keep it for each client"
        )
        raise InvalidInput("assertion_audience", f"{expected}; {SETTING} is for all")
