"""Anchors in memory."""

from __future__ import annotations

from consentcore.api import Checkpoint, Note, TreeHead


class Shelf:
    """An anchor that keeps what it is given and can be read, unless told to fail."""

    def __init__(self) -> None:
        self.kept: list[Checkpoint] = []
        self.refuses = False
        self.is_silent = False
        self.reads = 0

    def publish(self, checkpoint: Checkpoint) -> None:
        if self.refuses:
            raise OSError("no paper")
        self.kept.append(checkpoint)

    def newest(self, origin: str) -> str:
        self.reads += 1
        if self.is_silent:
            raise OSError("nobody home")
        heads = [(TreeHead.read(Note.read(one.note).text), one.note) for one in self.kept]
        ours = [(head.size, note) for head, note in heads if head.origin == origin]
        return max(ours, default=(0, ""))[1]


class Blind:
    """One that keeps everything and tells nothing."""

    def __init__(self) -> None:
        self.kept: list[Checkpoint] = []

    def publish(self, checkpoint: Checkpoint) -> None:
        self.kept.append(checkpoint)
