"""Whose signature counts in a bundle, and for which places of the log."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from consentcore.consent.bundle.lines import BadLine, json_object
from consentcore.consent.bundle.values import array, hashes, text
from consentcore.tlog import (
    BadNote,
    BadProof,
    Note,
    TreeHead,
    VerifierKey,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from consentcore.tlog.cosignature import cosigned_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from consentcore.consent.bundle.trust import TrustedKeys


class Signatures:
    """The names of a log, its keys, its head.

    :param trusted: keys of which one has to have signed checkpoint and end.
    :param known: those and what the bundle names: one of them has to have signed each statement.
    :ivar ended: from which place of the log on a key seals nothing any more, by its id.
    """

    def __init__(self, names: Iterable[str], trusted: TrustedKeys, known: TrustedKeys) -> None:
        self._names = list(names)
        self._trusted = trusted.publics
        self._known = self._trusted | {one.public for one in known.keys}
        self._revoked = {one.public for one in (*trusted.keys, *known.keys) if one.is_revoked}
        self._witnesses = trusted.witnesses
        self._signed: frozenset[bytes] = frozenset()
        self._over: dict[bytes, int] = {}
        self.ended: dict[str, int] = {}
        self.head = TreeHead("", 0, b"")

    def read_checkpoint(self, written: str) -> dict[str, int]:
        """The checkpoint that everything else is held against; which witnesses have signed it, and when.

        :raises BadLine, BadNote: when it is none, or not signed as it should be.
        """
        note = Note.read(written)
        self.head = TreeHead.read(note.text)
        if self.head.origin != self._names[0]:
            raise BadLine(f"its checkpoint is of the log {self.head.origin}")
        self._signed = self.signers(note, self._names[0], self._trusted)
        found = {one.name: cosigned_at(note, one) for one in self._witnesses}
        return {name: at for name, at in found.items() if at is not None}

    def check_checkpoint_key(self) -> None:
        """Once every statement was read: the key of the checkpoint was not over before it.

        :raises BadLine: when it was.
        """
        if all(self._over.get(public, self.head.size) < self.head.size for public in self._signed):
            raise BadLine("the checkpoint is signed with a key that was over before")

    def signers(self, note: Note, name: str, publics: Iterable[bytes]) -> frozenset[bytes]:
        """Which keys have signed a note under a name of the log, at least one.

        :raises BadLine: when it is no name of it, or none has.
        :raises BadNote: when a signature is wrong.
        """
        if name not in self._names:
            raise BadLine(f"{name} is no name of this log")
        found = note.signed_by([VerifierKey(name, one) for one in sorted(publics)])
        if not found:
            raise BadLine("it is signed by none of the keys that may sign it")
        return frozenset(one.public for one in found)

    def check_statement(self, index: int, note: Note, facts: Mapping[str, Any]) -> None:
        """Check who signed a statement, and learn from it which keys are over.

        :raises BadLine, BadNote: when none of the keys has, or only such as were over before.
        """
        found = self.signers(note, facts["log"], self._known)
        if all(self._over.get(public, index) < index for public in found):
            raise BadLine("it is signed with a key that was over before")
        if facts["statement"] == "keys":
            for ended in array(facts["ended"]):
                self._over.setdefault(VerifierKey.read(text(ended["key"])).public, index)
                self.ended.setdefault(text(ended["key_id"]), index)

    def check_end(self, note: Note) -> None:
        """Check who signed the end.

        :raises BadLine, BadNote: when none has who may.
        """
        found = self.signers(note, self._names[0], self._trusted)
        if all(public in self._over or public in self._revoked for public in found):
            raise BadLine("the end is signed with a key that is over")

    def check_leaf(self, body: str, index: int, proof: object) -> None:
        """Check that a body has its place in the log.

        :raises BadLine, BadNote, BadProof: when that is not proved.
        """
        data = leaf_hash(sha256(body.encode()).digest())
        verify_inclusion(data, index, self.head.size, hashes(proof), self.head.root)

    def check_continues(self, size: int, root: bytes, proof: object) -> None:
        """Check that the log continues an earlier head.

        :raises BadLine, BadNote, BadProof: when that is not proved.
        """
        verify_consistency(size, self.head.size, hashes(proof), root, self.head.root)

    def check_earlier(self, written: str, proof: object) -> int:
        """Check that the log continues an earlier checkpoint; its size.

        :raises BadLine, BadNote, BadProof: when that is not proved.
        """
        note = Note.read(written)
        head = TreeHead.read(note.text)
        self.signers(note, head.origin, self._known)
        self.check_continues(head.size, head.root, proof)
        return head.size


def said_in(note: Note) -> dict[str, Any]:
    """What a note of one line of JSON says.

    :raises BadLine: when it is none.
    """
    try:
        return json_object(note.text[:-1])
    except ValueError:
        raise BadLine("expected a note with a line of JSON") from None


UNSOUND = (BadLine, BadNote, BadProof, ValueError, TypeError, LookupError, AttributeError)
"""What reading a line may raise that somebody has changed."""
