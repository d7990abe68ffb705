"""A proof of inclusion that can be carried about (C2SP ``tlog-proof``)."""

from __future__ import annotations

from dataclasses import dataclass

from consentcore.tlog.base64 import decimal, decoded, decoded_hash, encoded
from consentcore.tlog.checkpoint import TreeHead
from consentcore.tlog.errors import BadNote
from consentcore.tlog.merkle import verify_inclusion
from consentcore.tlog.note import Note

HEADER = "c2sp.org/tlog-proof@v1"
_LONGEST = 63


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """A leaf's place, the hashes from it up to the head, and the checkpoint that says what the head is.

    :ivar extra: bytes that nothing vouches for.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    @classmethod
    def read(cls, text: str) -> InclusionProof:
        """Read the text of a proof. That proves nothing yet: see :meth:`check`.

        :raises BadNote: when it is none.
        """
        head, blank, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        if lines.pop(0) != HEADER or not blank:
            raise BadNote(f"expected {HEADER}")
        extra = b""
        if lines and lines[0].startswith("extra "):
            extra = decoded(lines.pop(0).removeprefix("extra "))
        if not lines or not lines[0].startswith("index "):
            raise BadNote("expected the index of a leaf")
        index = decimal(lines.pop(0).removeprefix("index "))
        if len(lines) > _LONGEST:
            raise BadNote(f"expected at most {_LONGEST} hashes")
        return cls(index, tuple(map(decoded_hash, lines)), checkpoint, extra)

    def __str__(self) -> str:
        lines = [HEADER, *([f"extra {encoded(self.extra)}"] if self.extra else []), f"index {self.index}"]
        return "\n".join([*lines, *map(encoded, self.hashes), "", self.checkpoint])

    def check(self, leaf: bytes) -> TreeHead:
        """Check that the leaf of that hash is where the proof says. Whoever signed the checkpoint is another question.

        :returns: what the checkpoint says.
        :raises BadNote: when the checkpoint is none.
        :raises BadProof: when the hashes do not lead to its head.
        """
        head = TreeHead.read(Note.read(self.checkpoint).text)
        verify_inclusion(leaf, self.index, head.size, self.hashes, head.root)
        return head
