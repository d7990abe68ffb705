"""One witness: it is shown that a checkpoint continues the one that it has cosigned, and cosigns it."""

from __future__ import annotations

import logging
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NoReturn

from consentcore.api import (
    AnchorContradiction,
    AnchorProblem,
    Checkpoint,
    EgressPolicy,
    EgressResponse,
    Note,
    Signature,
    TreeHead,
    VerifierKey,
    cosigned_at,
)

log = logging.getLogger("consentcore.anchor_witness")

CLOCKS_DIFFER_S = 300
"""From what difference on the time of a cosignature makes one of the two clocks doubtful."""
_SIZE = "text/x.tlog.size"
_REASONS = {
    403: "it does not know the key that signed: tell its operator the one of today",
    404: "it does not know the log: tell its operator name and key",
}


class WitnessRefused(AnchorProblem):
    """A witness did not cosign, for a reason that its operator or ours has to mend."""


class WitnessAnchor:
    """See :class:`consentcore.api.CosigningAnchor`. Safe to use from any thread.

    :param url: its submission prefix, without a slash at the end.
    :param key: of its cosignatures.
    :param monitor: its monitoring prefix.
    """

    def __init__(self, url: str, key: VerifierKey, egress: EgressPolicy, monitor: str) -> None:
        self._url = url
        self._key = key
        self._egress = egress
        self._monitor = monitor
        self._sizes: dict[str, int] = {}
        self._lock = threading.Lock()

    def publish(self, checkpoint: Checkpoint) -> None:
        """Submit it where nobody can prove that it continues another.

        :raises WitnessRefused: when the witness has cosigned another before.
        """
        self.cosign(checkpoint, _cannot_prove)

    def cosign(self, checkpoint: Checkpoint, prove: Callable[[int], Sequence[bytes]]) -> str:
        """Submit a checkpoint; the witness's line of signature.

        :raises AnchorContradiction: when the witness has cosigned what this does not continue.
        :raises WitnessRefused: when it does not cosign for another reason.
        :raises EgressError, BadNote: when it does not answer, or not as it has to.
        """
        note = Note.read(checkpoint.note)
        origin = TreeHead.read(note.text).origin
        with self._lock:
            size = self._sizes.get(origin, 0)
            answer = self._submit(note, size, checkpoint.size, prove)
            if answer.status == 409:
                size = _size_of(answer)
                answer = self._submit(note, size, checkpoint.size, prove)
            line = self._cosignature(answer, note)
            self._sizes[origin] = checkpoint.size
        return line

    def newest(self, origin: str) -> str:
        """The checkpoint that the witness shows of a log; "" when it has cosigned none.

        :raises WitnessRefused, EgressError, BadNote: when it does not answer, or not as it has to.
        """
        place = sha256(origin.encode()).hexdigest()
        answer = self._egress.get(f"{self._monitor}/{place}/checkpoint", {"accept": "text/plain"})
        if answer.status == 404:
            return ""
        if answer.status != 200:
            raise WitnessRefused(f"it answered {answer.status} when it was asked for its checkpoint")
        text = answer.body.decode()
        if cosigned_at(Note.read(text), self._key) is None:
            raise WitnessRefused(f"it shows a checkpoint without the cosignature of {self._key.name}")
        return text

    def _submit(
        self, note: Note, old: int, size: int, prove: Callable[[int], Sequence[bytes]]
    ) -> EgressResponse:
        if old > size:
            raise AnchorContradiction(f"it has cosigned {old} events")
        proof = prove(old) if 0 < old < size else ()
        lines = [f"old {old}", *(b64encode(one).decode() for one in proof), "", str(note)]
        return self._egress.post(
            f"{self._url}/add-checkpoint",
            {"content-type": "text/plain; charset=utf-8"},
            "\n".join(lines).encode(),
        )

    def _cosignature(self, answer: EgressResponse, note: Note) -> str:
        said = answer.body[:200].decode("utf-8", "replace").strip()
        if answer.status == 422:
            raise AnchorContradiction(f"it says that its own checkpoint is not continued ({said})")
        if answer.status != 200:
            raise WitnessRefused(_REASONS.get(answer.status, f"it answered {answer.status} ({said})"))
        lines = [Signature.read(line) for line in answer.body.decode().splitlines()]
        ours = [one for one in lines if one.is_by(self._key)]
        seconds = cosigned_at(Note(note.text, tuple(ours)), self._key)
        if seconds is None:
            raise WitnessRefused(f"its answer has no cosignature of {self._key.name}")
        if abs(seconds - time.time()) > CLOCKS_DIFFER_S:
            log.warning(
                "%s says that it is %d, %d s from the time here: see which clock is wrong",
                *(self._key.name, seconds, seconds - time.time()),
            )
        return "".join(map(str, ours))


def _cannot_prove(old: int) -> NoReturn:
    raise WitnessRefused(f"it wants to see that this continues {old} events")


def _size_of(answer: EgressResponse) -> int:
    """What the witness has cosigned last."""
    text = answer.body.decode("utf-8", "replace")
    digits = text.removesuffix("\n")
    if answer.headers.get("content-type") != _SIZE or not (digits.isascii() and digits.isdigit()):
        raise WitnessRefused("it answered 409 without the size that it has cosigned")
    if len(digits) > 19:
        raise WitnessRefused("it answered 409 with a size that no log has")
    return int(digits)
