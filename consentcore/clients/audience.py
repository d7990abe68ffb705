"""What ``aud`` of the assertions of a client may be: as it is registered, where no setting says so for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.domain.client import AuthMethod
from consentcore.domain.errors import InvalidInput

if TYPE_CHECKING:
    from consentcore.domain.client import Client

CAPABILITY = "client_assertion_audience"
"""Of a storage plugin: it keeps ``Client.assertion_audience``."""
CHOICES = ("issuer", "endpoint")
SETTING = "consentcore.oauth.assertion_audience"


@dataclass(frozen=True)
class AssertionAudience:
    """Whether each client may have a choice of its own.

    :ivar is_kept: the storage keeps it.
    :ivar storage_name: of that plugin.
    :ivar for_all: the setting; "" where it says nothing.
    """

    is_kept: bool
    storage_name: str
    for_all: str

    def chosen(self, wanted: str) -> str:
        """The value to store: "", which is as before, where the storage is older than the choice.

        :raises InvalidInput: field ``assertion_audience``, when it is none.
        """
        if wanted not in CHOICES:
            raise InvalidInput("assertion_audience", f"expected one of {', '.join(CHOICES)}")
        return wanted if self.is_kept else ""

    def remark(self, client: Client) -> str:
        """What has to be said of a new client whose storage forgets the choice; "" mostly."""
        if client.auth_method is not AuthMethod.PRIVATE_KEY_JWT or client.assertion_audience or self.for_all:
            return ""
        return (
            f"The storage {self.storage_name} does not keep what aud the assertions of a client may have: those of "
            f"this one may name the endpoint that they are sent to. {SETTING} = issuer refuses that for all clients."
        )

    def check_kept(self) -> None:
        """:raises InvalidInput: field ``assertion_audience``, when the storage does not keep it."""
        if not self.is_kept:
            expected = f"expected nothing: the storage {self.storage_name} does not keep it for each client"
            raise InvalidInput("assertion_audience", f"{expected}; {SETTING} is for all")
