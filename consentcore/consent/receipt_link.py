"""The address of a receipt: a random text that only the key ring can make and read.

Nothing is stored for it. The id of the event is encrypted so that the same id gives the same text, and no other text is
anything (AES-SIV, RFC 5297); so the address tells nothing of the event, of its confirmation number or of another
address, and a copy of the database makes none.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.domain.errors import NotFound
from consentcore.keys.ring import decode, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

    from consentcore.ports.keys import KeyRing

PURPOSE = "receipt-link"
LENGTH = 43
_CONTEXT = b"consentcore receipt"


@dataclass(frozen=True)
class ReceiptLinks:
    """Makes and reads addresses of receipts. Safe to share.

    :ivar web_url: base URL of the pages.
    """

    keys: KeyRing
    web_url: str

    def url(self, event_id: str) -> str:
        """The address of the receipt of an event; "" where no receipt is of that id."""
        name = self.name(event_id)
        return f"{self.web_url.rstrip('/')}/receipts/{name}" if name else ""

    def name(self, event_id: str) -> str:
        """The last part of it: 43 characters of base64url; "" for what is no id of an event."""
        try:
            plain = uuid.UUID(event_id).bytes
        except ValueError:
            return ""
        return encode(_cipher(self.keys, self.keys.current_id).encrypt(plain, [_CONTEXT]))

    def event_id(self, name: str) -> str:
        """The event whose receipt it is, whichever key of the ring has made the name; a revoked key has made none.

        :raises NotFound: when nobody has made it.
        """
        from cryptography.exceptions import InvalidTag

        try:
            sealed = decode(name) if len(name) == LENGTH else b""
        except ValueError:
            sealed = b""
        for cipher in self._ciphers if len(sealed) == 32 else ():
            try:
                return str(uuid.UUID(bytes=cipher.decrypt(sealed, [_CONTEXT])))
            except InvalidTag:
                continue
        raise NotFound("receipt", name)

    @property
    def _ciphers(self) -> Sequence[AESSIV]:
        return [_cipher(self.keys, one) for one in self.keys.ids if not self.keys.revoked_at(one)]


def _cipher(keys: KeyRing, key_id: str) -> AESSIV:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

    return AESSIV(keys.subkey(PURPOSE, key_id))
