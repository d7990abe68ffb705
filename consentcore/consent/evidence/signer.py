"""Who signs as the log: the issuer, with a key of the ring."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from consentcore.domain.errors import KeyUnavailable
from consentcore.keys import EvidenceSigner
from consentcore.tlog import BadNote, Note, VerifierKey
from consentcore.tlog.note import sign

if TYPE_CHECKING:
    from consentcore.ports.keys import KeyRing


def origin_of(issuer: str) -> str:
    """The name of the log of an issuer (C2SP ``tlog-checkpoint``): its URL without the scheme."""
    return issuer.partition("://")[2].rstrip("/").replace("+", "%2B") or issuer


class LogSigner:
    """Signs notes with the keys of a ring, and tells whose a note is. Safe to share.

    :param origin: the name of the log; keys of other logs of the same ring are told apart by it.
    """

    def __init__(self, keys: KeyRing, origin: str) -> None:
        self.origin = origin
        self.signer = EvidenceSigner(keys)
        self._key = lru_cache(100)(self._made_key)

    def sign(self, text: str, key_id: str = "") -> Note:
        """Sign a text that ends with a newline.

        :param key_id: empty means the current one.
        :raises KeyUnavailable: when the ring lacks the key.
        """
        return sign(text, self.origin, self.signer.private(key_id))

    def key(self, key_id: str, origin: str = "") -> VerifierKey:
        """The public half of a key, under the name of the log.

        :param origin: of another log of the same ring.
        :raises KeyUnavailable: see :meth:`sign`.
        """
        return self._key(origin or self.origin, key_id)

    def check(self, note: Note, key_id: str, origin: str = "") -> None:
        """Check that a key of the ring has signed a note.

        :raises BadNote: when it has not.
        """
        try:
            key = self.key(key_id, origin)
        except KeyUnavailable as error:
            raise BadNote(str(error)) from None
        if not note.signed_by([key]):
            raise BadNote(f"it is not signed by the key {key_id}")

    def signed_by(self, note: Note, origin: str = "") -> str:
        """Id of the newest key of the ring that has signed a note.

        :raises BadNote: when none has.
        """
        for key_id in self.signer.ids:
            if note.signed_by([self.key(key_id, origin)]):
                return key_id
        raise BadNote("it is signed by no key of ours")

    def _made_key(self, origin: str, key_id: str) -> VerifierKey:
        return VerifierKey(origin, self.signer.public(key_id))
