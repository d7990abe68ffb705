"""Checking a file that somebody has brought: a bundle or a receipt."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from gzip import BadGzipFile
from typing import TYPE_CHECKING, Any, BinaryIO

from consentcore.consent.bundle.checking import check_bundle
from consentcore.consent.bundle.lines import TooLarge, is_bundle, lines_of, opened
from consentcore.consent.bundle.report import BundleReport
from consentcore.consent.receipt import MAX_LENGTH, BadReceipt, check
from consentcore.domain.clock import iso
from consentcore.domain.errors import InvalidInput
from consentcore.domain.json_text import read_json
from consentcore.jose.compact import MalformedJws, read_compact
from consentcore.tlog import BadNote, Note, TreeHead, VerifierKey

if TYPE_CHECKING:
    from consentcore.consent.bundle.trust import TrustedKeys
    from consentcore.consent.receipt import CheckedReceipt


@dataclass(frozen=True, slots=True)
class ReceiptReport:
    """What became of a receipt.

    :ivar receipt: None where it does not hold.
    :ivar why: why it does not; "" where it does.
    :ivar checkpoint: what the checkpoint in it says, where one of the keys has signed it; None otherwise.
    """

    receipt: CheckedReceipt | None = None
    why: str = ""
    checkpoint: TreeHead | None = None

    @property
    def ok(self) -> bool:
        """Whether it holds."""
        return self.receipt is not None

    @property
    def facts(self) -> dict[str, object]:
        """What it is about, in words of the record."""
        if self.receipt is None:
            return {}
        document, record = self.receipt.document, self.receipt.record
        return {
            "issuer": document.get("dct:publisher"),
            "event_id": document["dct:identifier"],
            "confirmation_number": self.receipt.confirmation_number,
            "issued_at": document.get("dct:issued"),
            "signed_at": iso(self.receipt.signed_at),
            "key_id": self.receipt.key_id,
            "leaf": document.get("cc:leaf"),
            "language": record.get("language"),
            "checkpoint_size": self.checkpoint.size if self.checkpoint else None,
        }


def check_file(
    stream: BinaryIO,
    trusted: TrustedKeys | None,
    seen: Callable[[Any], None] | None = None,
    most: int | None = None,
) -> BundleReport | ReceiptReport:
    """Check a bundle, packed or not, or a receipt.

    :param stream: can be rewound.
    :param trusted: keys of which one has to have signed it; None is enough for a bundle, which names its own.
    :param seen: is told the body of each event of a bundle that holds.
    :param most: bytes of a bundle, unpacked.
    :raises InvalidInput: field ``keys``, for a receipt without any; ``file``, where it is larger.
    :raises OSError: when the file cannot be read.
    """
    try:
        plain = opened(stream)
        if is_bundle(plain):
            return check_bundle(lines_of(plain, most), trusted, seen)
        text = plain.read(MAX_LENGTH * 4 + 1).decode("utf-8-sig")
    except TooLarge:
        raise InvalidInput("file", f"expected at most {most} bytes, unpacked") from None
    except (zlib.error, EOFError, BadGzipFile, UnicodeDecodeError) as error:
        return ReceiptReport(why=f"it is neither a bundle nor a receipt ({error})")
    return check_receipt(text, trusted)


def check_receipt(text: str, trusted: TrustedKeys | None) -> ReceiptReport:
    """Check a receipt.

    :raises InvalidInput: field ``keys``, without any.
    """
    try:
        found = read_json(text)
        kid = read_compact(
            found["signature"].replace("..", ".e30."),
            ("EdDSA",),
            max_length=10_000,
            members=frozenset({"alg", "kid", "typ", "iat"}),
        ).kid
    except (MalformedJws, ValueError, TypeError, LookupError, AttributeError):
        return ReceiptReport(why="it is neither a bundle nor a receipt")
    if trusted is None:
        raise InvalidInput("keys", "expected the public keys: a receipt does not bring them along")
    why = "no key that was given has signed it"
    for key in trusted.jwks(str(kid)):
        try:
            receipt = check(text, {"keys": [key]})
        except BadReceipt as error:
            why = str(error)
            continue
        return ReceiptReport(receipt, checkpoint=_checkpoint(receipt.checkpoint, trusted))
    return ReceiptReport(why=why)


def _checkpoint(text: str, trusted: TrustedKeys) -> TreeHead | None:
    """What a checkpoint says that a trusted key has signed."""
    try:
        note = Note.read(text)
        head = TreeHead.read(note.text)
        keys = [VerifierKey(head.origin, one) for one in sorted(trusted.publics)]
        return head if note.signed_by(keys) else None
    except BadNote:
        return None
