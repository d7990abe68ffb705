"""Faults in moving in and out."""

from __future__ import annotations

from dataclasses import replace

from consentcore.api import Client, KeptCode, KeptToken, MovedPage, NoticeSnapshot
from consentcore_memory.moving import MemoryMoving
from tests.contract.broken.parts import Broken


class MovesOut(MemoryMoving):
    """Changes what moves out."""

    def read(self, after="", *, limit=1000):
        page = super().read(after, limit=limit)
        return MovedPage([one for record in page.records for one in self.changed(record)], page.following)

    def changed(self, record):
        raise NotImplementedError


class LeavesTheGraceBehind(MovesOut):
    def changed(self, record):
        yield replace(record, rotation=None) if isinstance(record, KeptToken) else record


class TestLeavesTheGraceBehind(Broken):
    moving = LeavesTheGraceBehind


class LeavesSealsBehind(MovesOut):
    def changed(self, record):
        yield replace(record, seal=b"") if isinstance(record, NoticeSnapshot) else record


class TestLeavesSealsBehind(Broken):
    moving = LeavesSealsBehind


class LosesEmptyPages(MemoryMoving):
    """Takes the first page with nothing on it for the last one."""

    def read(self, after="", *, limit=1000):
        page = super().read(after, limit=limit)
        return page if page.records else MovedPage((), "")


class TestLosesEmptyPages(Broken):
    moving = LosesEmptyPages


class MovesInTwice(MemoryMoving):
    """Takes what is there for its own."""

    def write(self, records):
        known = {one.client_id for one in self._engine.committed.clients.values()}
        clients = {one.client_id for one in records if isinstance(one, Client)}
        if known & clients:
            raise RuntimeError("there is such a client already")
        super().write(records)


class TestMovesInTwice(Broken):
    moving = MovesInTwice


class RaisesTheDead(MemoryMoving):
    """Makes every family anew."""

    def write(self, records):
        changed = [
            replace(one, killed_at=None, code=replace(one.code, used_at=None))
            if isinstance(one, KeptCode)
            else one
            for one in records
        ]
        super().write(changed)


class TestRaisesTheDead(Broken):
    moving = RaisesTheDead


class CountsFromTheStart(MemoryMoving):
    """Forgets how far leaves were counted."""

    def write(self, records):
        super().write(records)
        with self._engine.writing() as state:
            state.leaves.drop([number for number, _ in state.leaves.items()])


class TestCountsFromTheStart(Broken):
    moving = CountsFromTheStart
