"""The text of a checkpoint (C2SP ``tlog-checkpoint``)."""

from __future__ import annotations

from dataclasses import dataclass

from consentcore.tlog.base64 import decimal, decoded_hash, encoded
from consentcore.tlog.errors import BadNote


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What a checkpoint says: the log ``origin`` has ``size`` leaves whose head is ``root``.

    :ivar extensions: further lines; we write none.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> TreeHead:
        """Read the text of a note.

        :raises BadNote: when it is no checkpoint.
        """
        if not text.endswith("\n"):
            raise BadNote("expected lines that end with a newline")
        lines = text[:-1].split("\n")
        if len(lines) < 3 or not all(lines):
            raise BadNote("expected three lines that are not empty: origin, size, root")
        return cls(lines[0], decimal(lines[1]), decoded_hash(lines[2]), tuple(lines[3:]))

    def __str__(self) -> str:
        lines = (self.origin, str(self.size), encoded(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)
