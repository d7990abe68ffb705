"""What is kept outside the database, held against what is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from consentcore.consent.evidence.errors import LedgerBroken
from consentcore.consent.evidence.generations import Resumption
from consentcore.hooks.errors import describe_exception
from consentcore.ports.extension import ReadableAnchor
from consentcore.tlog import BadNote, Note, TreeHead

if TYPE_CHECKING:
    from consentcore.consent.evidence.signer import LogSigner
    from consentcore.hooks.calling import Leash
    from consentcore.ports.extension import Anchor

RootAt = Callable[[int], bytes]
"""The head over that many first leaves, as they are now."""


@dataclass(frozen=True, slots=True)
class AnchoredHead:
    """The newest checkpoint of a log that an anchor keeps."""

    anchor: str
    head: TreeHead
    note: str


@dataclass(frozen=True, slots=True)
class AnchorReading:
    """What an anchor answered.

    :ivar name: of the anchor.
    :ivar heads: the newest checkpoint of each log that it keeps.
    :ivar unreadable: why it could not be read; "" when it was.
    :ivar wrong: what it keeps that we never signed; "" when there is nothing.
    :ivar is_blind: it keeps checkpoints and cannot be asked for them.
    """

    name: str
    heads: tuple[AnchoredHead, ...] = ()
    unreadable: str = ""
    wrong: str = ""
    is_blind: bool = False


def read_anchors(
    anchors: Mapping[str, Anchor], origins: Iterable[str], signer: LogSigner, leash: Leash
) -> list[AnchorReading]:
    """Ask every anchor for its newest checkpoint of each log. Raises nothing."""
    names = list(origins)
    return [_read(name, anchor, names, signer, leash) for name, anchor in anchors.items()]


def contradictions(
    readings: Sequence[AnchorReading], size: int, root_at: RootAt, resumed: Sequence[Resumption] = ()
) -> list[str]:
    """What the anchors know and the log does not continue, a sentence each; empty when all is as it should be.

    :param size: leaves of the log.
    :param resumed: ranges of it that are known to be lost.
    """
    found = [f"anchor {one.name}: {one.wrong}" for one in readings if one.wrong]
    for one, why in not_continued(readings, size, root_at, resumed):
        found.append(f"anchor {one.anchor} keeps the checkpoint of {one.head.size} events: {why}")
    return found


def not_continued(
    readings: Sequence[AnchorReading], size: int, root_at: RootAt, resumed: Sequence[Resumption] = ()
) -> list[tuple[AnchoredHead, str]]:
    """The checkpoints that the log does not continue, each with the reason; as for :func:`contradictions`."""
    heads = (one for reading in readings for one in reading.heads)
    judged = ((one, _contradiction(one.head, size, root_at, resumed)) for one in heads)
    return [(one, why) for one, why in judged if why]


def unreadable(readings: Sequence[AnchorReading]) -> list[str]:
    """Which anchors could not be read, and why."""
    return [f"anchor {one.name} could not be read: {one.unreadable}" for one in readings if one.unreadable]


NO_ANCHOR = (
    "no anchor is configured: an old copy of the whole database that takes the place of today's "
    "cannot be told from it"
)


def anchor_remarks(readings: Sequence[AnchorReading]) -> list[str]:
    """What is worth knowing of the anchors, and is no proof that something is broken."""
    if not readings:
        return [NO_ANCHOR]
    blind = [
        f"anchor {one.name} cannot be read by us: look yourself at what it keeps"
        for one in readings
        if one.is_blind
    ]
    empty = [
        f"anchor {one.name} keeps no checkpoint of this log yet"
        for one in readings
        if not (one.heads or one.is_blind or one.unreadable or one.wrong)
    ]
    return [*unreadable(readings), *blind, *empty]


def _read(
    name: str, anchor: Anchor, origins: Sequence[str], signer: LogSigner, leash: Leash
) -> AnchorReading:
    if not isinstance(anchor, ReadableAnchor):
        return AnchorReading(name, is_blind=True)
    heads: list[AnchoredHead] = []
    for origin in origins:
        read = leash.call(name, partial(anchor.newest, origin))
        if read.error is not None:
            return AnchorReading(name, tuple(heads), describe_exception(read.error))
        if not read.answer:
            continue
        try:
            heads.append(_ours(name, read.answer, origin, signer))
        except (BadNote, TypeError, AttributeError) as error:
            return AnchorReading(
                name, tuple(heads), wrong=f"it keeps what is no checkpoint of ours ({error})"
            )
    return AnchorReading(name, tuple(heads))


def _ours(name: str, text: str, origin: str, signer: LogSigner) -> AnchoredHead:
    note = Note.read(text)
    head = TreeHead.read(note.text)
    if head.origin != origin:
        raise BadNote(f"it is of the log {head.origin}")
    signer.signed_by(note, origin)
    return AnchoredHead(name, head, text)


def _contradiction(head: TreeHead, size: int, root_at: RootAt, resumed: Sequence[Resumption]) -> str:
    lost = next((one for one in resumed if one.covers(head)), None)
    if lost is not None and head.size > lost.kept:
        return ""
    if head.size > size:
        return f"the log has {size}, so it was rolled back"
    try:
        there = root_at(head.size)
    except LedgerBroken as error:
        return str(error)
    return "" if there == head.root else "the log has others in their place"
