"""No fault: what is put together here is sound as long as no part is exchanged."""

from __future__ import annotations

from consentcore_memory.grants import MemoryGrants
from tests.contract.broken.parts import Broken, repository
from tests.contract.broken.transactions import JoinsLoosely


class TestSound(Broken):
    pass


class TestSoundWithRepository(Broken):
    make = staticmethod(repository("grants", MemoryGrants))


class TestSoundWhenJoined(Broken):
    make = JoinsLoosely
